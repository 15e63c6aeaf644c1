"""Whole jobs from what an object has been: to this computer, and back onto the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.base import Place
from providers.extras import Revision
from tests.servers.s3_servers import Moto, find_moto
from tests.transfers.queue_case import LOCAL
from tests.transfers.test_s3_copies import AT_REST, Case
from transfers.model import Job, JobState, NewJob, Op, Policy, ProofWord, Verify

_VERSIONS = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
OLD = bytes(range(256)) * (9 << 12)  # 9 MiB: in parts


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    if find_moto() is None:
        pytest.skip("moto is not installed")
    with Moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def case(moto: Moto, tmp_path: Path) -> Iterator[Case]:
    """A bucket that keeps versions; a file in it that was OLD and is b"new"."""
    made = Case(tmp_path, moto)
    session = made.place._session
    query = {"versioning": ""}
    with session.send("PUT", made.bucket, path="/", query=query, body=_VERSIONS) as answer:
        assert answer.status == 200, answer.fault
    for content in (OLD, b"new"):
        made.file.write_bytes(content)
        assert made.up().state is JobState.DONE
    yield made
    made.close()
    made.place.close()


def _revisions(case: Case) -> list[Revision]:
    return [each for page in case.place.revisions(case.there.path) for each in page]


def _copied(case: Case, revision: Revision, target: Place, op: Op = Op.COPY) -> Job:
    within = f"/{case.bucket}" if target.endpoint == case.base else str(case.folder)
    new = NewJob(op, Place(case.base, revision.entry.path), target, within=within)
    (number,) = case.send_new(new, policy=Policy.OVERWRITE, verify=Verify.STRONG)
    return case.reach(number, *AT_REST)


def _content(case: Case, path: str) -> bytes:
    with case.place.read(path) as reader:
        return b"".join(bytes(chunk) for chunk in reader.chunks())


def test_a_revision_comes_to_this_computer_under_the_file_s_name(case: Case) -> None:
    new, old = _revisions(case)
    path = case.folder / case.place.name(old.entry.path)
    job = _copied(case, old, Place(LOCAL, str(path)))
    assert (job.state, job.proof and job.proof.word) == (JobState.DONE, ProofWord.SHA256)
    assert (case.folder / "file").read_bytes() == OLD
    assert [each.entry for each in _revisions(case)] == [new.entry, old.entry]


@pytest.mark.parametrize("amazon", [True, False])
def test_a_revision_is_brought_back_onto_the_file(amazon: bool, case: Case) -> None:
    case.place._session.certain = amazon
    _, old = _revisions(case)
    job = _copied(case, old, case.there)
    assert (job.state, job.proof and job.proof.word) == (JobState.DONE, ProofWord.SHA256), job
    assert _content(case, case.there.path) == OLD
    contents = [_content(case, each.entry.path) for each in _revisions(case)]
    assert contents == [OLD, b"new", OLD], "and what it was meanwhile is kept"


def test_a_revision_of_a_deleted_file_is_brought_back(case: Case) -> None:
    _, old = _revisions(case)
    case.place.delete(case.there.path)
    assert _copied(case, old, case.there).state is JobState.DONE
    assert _content(case, case.there.path) == OLD


def test_what_the_file_is_now_is_not_brought_back_onto_it(case: Case) -> None:
    new, _ = _revisions(case)
    job = _copied(case, new, case.there)
    assert job.state is JobState.FAILED and "are the same file" in job.reason
    assert _content(case, case.there.path) == b"new"


def test_moving_a_revision_away_removes_that_one_only(case: Case) -> None:
    new, old = _revisions(case)
    path = case.folder / "moved"
    assert _copied(case, old, Place(LOCAL, str(path)), Op.MOVE).state is JobState.DONE
    assert path.read_bytes() == OLD
    assert [each.entry for each in _revisions(case)] == [new.entry]


def test_a_job_that_would_write_to_a_revision_fails_with_a_sentence(case: Case) -> None:
    new, old = _revisions(case)
    case.file.write_bytes(b"another")
    here, there = Place(LOCAL, str(case.file)), Place(case.base, old.entry.path)
    job = case.copied(here, there, within=f"/{case.bucket}")
    assert job.state is JobState.FAILED and "neither written to" in job.reason
    assert [each.entry for each in _revisions(case)] == [new.entry, old.entry]
    assert _content(case, old.entry.path) == OLD
