"""Op.RENAME: another name within one place, for what a mirror would send again otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import ConnectionLost, Unsupported
from tests.transfers.queue_case import LEFT, LOCAL, RIGHT, Hold, QueueCase
from transfers.model import (
    RENAMED,
    Cancel,
    Job,
    JobState,
    NewJob,
    Op,
    ParkReason,
    Policy,
    Resolve,
)

S = JobState


def _new(case: QueueCase, old: str = "/to/old", new: str = "/to/d/new") -> NewJob:
    there = case.right.stat(old)
    return NewJob(
        Op.RENAME,
        Place(RIGHT, old),
        Place(RIGHT, new),
        size=there.size,
        source_version=there.version,
        within="/to",
    )


def _end(case: QueueCase, new: NewJob, policy: Policy = Policy.ASK) -> Job:
    return case.finish(*case.send_new(new, policy=policy))[0]


def test_a_file_gets_its_new_name_and_no_byte_is_sent(case: QueueCase) -> None:
    case.right.put("/to/old", b"data")
    case.right.store.fail = Hold("begin", error=AssertionError("sent"))
    job = _end(case, _new(case))
    assert (job.state, job.reason, job.proof) == (S.DONE, RENAMED, None)
    assert case.right.paths() == ["/to", "/to/d", "/to/d/new"]
    assert case.right.get("/to/d/new") == b"data"
    assert case.engine.snapshot().totals.size == 0


def test_what_changed_since_it_was_compared_keeps_its_name(case: QueueCase) -> None:
    case.right.put("/to/old", b"data")
    new = _new(case)
    case.right.put("/to/old", b"other")
    job = _end(case, new)
    assert (job.state, "changed since it was compared" in job.reason) == (S.FAILED, True)
    assert case.right.get("/to/old") == b"other"


def test_what_is_gone_cannot_be_renamed(case: QueueCase) -> None:
    """Nor is what stands under the new name taken for it: nobody asked for a rename yet."""
    case.right.put("/to/old", b"data")
    new = _new(case)
    case.right.rename("/to/old", "/to/elsewhere")
    case.right.put("/to/d/new", b"four")
    assert _end(case, new).state is S.FAILED
    assert case.right.get("/to/d/new") == b"four"


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        (Policy.SKIP, S.SKIPPED),
        (Policy.OVERWRITE, S.FAILED),
        (Policy.NEWER, S.FAILED),
        (Policy.RENAME, S.FAILED),
    ],
)
def test_nothing_is_replaced_whatever_the_policy(
    case: QueueCase, policy: Policy, state: JobState
) -> None:
    case.right.put("/to/old", b"data")
    case.right.put("/to/d/new", b"theirs")
    assert _end(case, _new(case), policy).state is state
    assert (case.right.get("/to/old"), case.right.get("/to/d/new")) == (b"data", b"theirs")


def test_a_person_is_asked_about_what_is_in_the_way(case: QueueCase) -> None:
    case.right.put("/to/old", b"data")
    case.right.put("/to/d/new", b"theirs")
    (number,) = case.send_new(_new(case))
    case.parked(number, ParkReason.CONFLICT)
    row = case.engine.row(number)
    assert row is not None
    assert row.conflict is not None
    assert (row.conflict.source.path, row.conflict.target.path) == ("/to/old", "/to/d/new")
    case.right.delete("/to/d/new")
    case.engine.send(Resolve(number, Policy.OVERWRITE))
    assert case.finish(number)[0].state is S.DONE


def test_something_that_appears_in_between_is_not_replaced(case: QueueCase) -> None:
    case.right.put("/to/old", b"data")
    case.right.store.fail = Hold("rename", then=lambda: case.right.put("/to/d/new", b"theirs"))
    job = _end(case, _new(case))
    assert (job.state, "appeared there" in job.reason) == (S.FAILED, True)
    assert (case.right.get("/to/old"), case.right.get("/to/d/new")) == (b"data", b"theirs")


def test_a_place_that_renames_nothing_says_so_and_changes_nothing(case: QueueCase) -> None:
    case.right.put("/to/old", b"data")
    case.right.store.fail = Hold("rename", error=Unsupported("/to/old", "a bucket renames nothing"))
    job = _end(case, _new(case))
    assert job.state is S.FAILED
    assert job.reason.startswith("/to/old: this place cannot rename it. Compare again")


def test_a_rename_into_another_place_is_refused(case: QueueCase) -> None:
    case.right.put("/to/old", b"data")
    new = replace(_new(case), target=Place(LEFT, "/to/new"))
    assert _end(case, new).state is S.FAILED
    assert case.right.get("/to/old") == b"data"


@pytest.mark.parametrize("where", ["old", "new"])
def test_no_link_is_followed_on_either_way(case: QueueCase, tmp_path: Path, where: str) -> None:
    """faults.md D3."""
    theirs, top = tmp_path / "theirs", tmp_path / "to"
    for folder in (theirs, top / "other"):
        folder.mkdir(parents=True)
    (top / "link").symlink_to(theirs, target_is_directory=True)
    old, new = top / "other" / "f", top / "link" / "f"
    if where == "old":
        old, new = top / "link" / "f", top / "other" / "f"
    old.write_bytes(b"data")
    job = NewJob(
        Op.RENAME,
        Place(LOCAL, str(old)),
        Place(LOCAL, str(new)),
        size=4,
        source_version=case.places[LOCAL].stat(str(old)).version,
        within=str(top),
    )
    assert _end(case, job).state is S.FAILED
    assert old.read_bytes() == b"data"
    assert not new.exists()


@pytest.mark.usefixtures("soon")
def test_A8_a_rename_whose_answer_was_lost_is_recognised(case: QueueCase) -> None:
    case.right.put("/to/old", b"data")
    new = _new(case)

    def lose() -> None:
        case.right.store.fail = None
        case.right.rename("/to/old", "/to/d/new")
        raise ConnectionLost("x")

    case.right.store.fail = Hold("rename", then=lose)
    job = _end(case, new)
    assert (job.state, job.reason, job.attempt) == (S.DONE, RENAMED, 2)


@pytest.mark.usefixtures("soon")
def test_A8_what_got_another_version_by_its_new_name_is_known_by_its_size(case: QueueCase) -> None:
    case.right.put("/to/old", b"data")
    new = _new(case)

    def lose() -> None:
        case.right.store.fail = None
        case.right.delete("/to/old")
        case.right.put("/to/d/new", b"data")
        raise ConnectionLost("x")

    case.right.store.fail = Hold("rename", then=lose)
    assert _end(case, new).state is S.DONE


def test_a_cancel_after_the_rename_says_that_it_is_done(case: QueueCase) -> None:
    case.right.put("/to/old", b"data")
    new = _new(case)

    def cut() -> None:
        case.right.store.fail = None
        case.right.rename("/to/old", "/to/d/new")
        case.engine.send(Cancel())
        raise ConnectionLost("x")

    case.right.store.fail = Hold("rename", then=cut)
    assert _end(case, new).state is S.DONE


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("lost", [False, True])
def test_only_letters_of_a_name_may_change_where_case_does_not_count(
    case: QueueCase, lost: bool
) -> None:
    """What stands at the new address is the file itself, and trouble never deletes it."""
    case.right.put("/to/old", b"data")
    new = replace(_new(case), target=Place(RIGHT, "/to/OLD"))
    real = case.right.store.node

    def folded(path: str, *, follow: bool = False) -> object:
        return real("/to/old" if path == "/to/OLD" else path, follow=follow)

    case.right.store.node = folded  # type: ignore[method-assign,assignment]
    if lost:
        case.right.store.fail = Hold("rename", error=ConnectionLost("x"))
    (number,) = case.send_new(new)
    case.finish(number)
    case.right.store.node = real  # type: ignore[method-assign]
    assert case.right.get("/to/OLD") == b"data"
