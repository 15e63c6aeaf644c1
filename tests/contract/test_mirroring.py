"""What a mirror deletes and renames, at every place there is: the queue's own steps on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.base import Place
from providers.errors import AlreadyExists
from tests.contract.case import Case, fails, needs
from tests.transfers.samples import make_job
from transfers.control import Control
from transfers.limit import Limiter
from transfers.model import Job, JobState, Op, Policy
from transfers.prune import NotSeenMissing, prune
from transfers.renaming import NotRenamed, rename
from transfers.run import Run

HERE = "place:"
S = JobState


def _run(case: Case, job: Job) -> Run:
    return Run(
        job=job,
        control=Control(),
        limiter=Limiter(lambda: 0.0),
        provider=lambda endpoint: case.provider,
        reporter=lambda job, part, wait: job,
        known_directories=set(),
    )


@pytest.fixture
def old(case: Case) -> Job:
    """The deletion of "to/old"; nothing is in the tree it is missing from."""
    for name in ("from", "to"):
        case.provider.make_dir(case.at(name))
    case.put(case.at("to", "old"), b"old")
    version = case.provider.stat(case.at("to", "old")).version
    if version is None:
        pytest.skip("this place tells no versions: nothing is deleted there")
    return make_job(
        1,
        op=Op.PRUNE,
        source=Place(HERE, case.at("from", "old")),
        target=Place(HERE, case.at("to", "old")),
        within=case.at("to"),
        source_within=case.at("from"),
        agreed=version,
    )


def test_what_is_missing_from_a_tree_that_is_there_is_deleted(case: Case, old: Job) -> None:
    case.put(case.at("from", "kept"), b"kept")
    assert prune(_run(case, old)).state is S.DONE
    assert case.names(case.at("from")) == ["kept"]
    assert "old" not in _names(case, "to")


def test_what_is_missing_from_an_empty_tree_is_not_deleted(case: Case, old: Job) -> None:
    with fails(NotSeenMissing):
        prune(_run(case, old))
    assert case.names(case.at("to")) == ["old"]


def test_what_is_there_again_is_not_deleted(case: Case, old: Job) -> None:
    case.put(case.at("from", "old"), b"again")
    assert prune(_run(case, old)).state is S.SKIPPED
    assert case.names(case.at("to")) == ["old"]


def test_what_was_changed_is_not_deleted(case: Case, old: Job) -> None:
    case.put(case.at("from", "kept"), b"kept")
    case.overwrite(case.at("to", "old"), b"it is longer")
    assert prune(_run(case, old)).state is S.SKIPPED
    assert case.get(case.at("to", "old")) == b"it is longer"


@needs("folders")
def test_a_folder_that_is_not_empty_is_not_deleted(case: Case, old: Job) -> None:
    case.put(case.at("from", "kept"), b"kept")
    case.provider.make_dir(case.at("to", "d"))
    case.put(case.at("to", "d", "x"), b"x")
    target, source = (Place(HERE, case.at(top, "d")) for top in ("to", "from"))
    folder = replace(old, source=source, target=target, agreed=None)
    assert prune(_run(case, folder)).state is S.SKIPPED
    assert case.names(case.at("to", "d")) == ["x"]
    case.provider.delete(case.at("to", "d", "x"))
    if case.tells_empty:
        assert prune(_run(case, folder)).state is S.DONE
        assert case.names(case.at("to")) == ["old"]


def test_a_backup_replaces_nothing(case: Case, old: Job) -> None:
    case.put(case.at("from", "kept"), b"kept")
    case.provider.make_dir(case.at("backup"))
    case.put(case.at("backup", "old"), b"older")
    backed = prune(_run(case, replace(old, keep=case.at("backup", "old"))))
    if case.renames:
        assert backed.state is S.DONE
        assert case.get(case.at("backup", "old (2)")) == b"old"
        assert "old" not in _names(case, "to")
    else:
        assert backed.state is S.SKIPPED
        assert case.get(case.at("to", "old")) == b"old"
    assert case.get(case.at("backup", "old")) == b"older"


@pytest.mark.parametrize("taken", [False, True])
def test_a_file_gets_another_name_or_keeps_its_own(case: Case, old: Job, taken: bool) -> None:
    if taken:
        case.put(case.at("to", "new"), b"theirs")
    job = replace(
        old,
        op=Op.RENAME,
        source=old.target,
        target=Place(HERE, case.at("to", "new")),
        source_version=old.agreed,
        agreed=None,
        policy=Policy.OVERWRITE,
        size=3,
    )
    if case.renames and not taken:
        assert rename(_run(case, job)).state is S.DONE
        assert case.names(case.at("to")) == ["new"]
        assert case.get(case.at("to", "new")) == b"old"
        return
    with fails(NotRenamed, AlreadyExists):
        rename(_run(case, job))
    assert case.get(case.at("to", "old")) == b"old"
    if taken:
        assert case.get(case.at("to", "new")) == b"theirs"


def _names(case: Case, top: str) -> list[str]:
    """Where there are no real folders, one that is empty is gone."""
    return case.names(case.at(top)) if case.provider.caps.real_directories else _listed(case, top)


def _listed(case: Case, top: str) -> list[str]:
    if top not in case.names():
        return []
    return case.names(case.at(top))
