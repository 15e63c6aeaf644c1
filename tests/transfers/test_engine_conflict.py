"""A destination that exists, appears or changes: asked about, and never lost by accident."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.base import Entry, Place
from tests.transfers.queue_case import LEFT, LOCAL, PART, RIGHT, Hold, Memory, QueueCase
from transfers.model import (
    Cancel,
    JobState,
    NewJob,
    Op,
    ParkReason,
    Policy,
    Resolve,
)

S = JobState
NEW, OLD = b"new" * PART, b"old"


def _age(place: Memory, path: str, modified: float) -> None:
    place.store.nodes[path].modified = modified


@pytest.fixture
def both(case: QueueCase) -> QueueCase:
    """ "/a" stands on both sides; the left one is newer."""
    case.left.put("/a", NEW)
    case.right.put("/a", OLD)
    _age(case.right, "/a", 1000.0)
    return case


def test_a_conflict_parks_with_both_sides_and_touches_nothing(both: QueueCase) -> None:
    number = both.copy()
    job = both.parked(number, ParkReason.CONFLICT)
    row = both.engine.row(number)
    assert row is not None and row.conflict is not None
    assert row.conflict.source == both.left.stat("/a")
    assert row.conflict.target == both.right.stat("/a")
    assert [c.conflict for c in both.watch.heard if c.job.state is S.PARKED] == [row.conflict]
    assert job.reason
    assert both.right.get("/a") == OLD
    assert both.right.paths() == ["/a"]


@pytest.mark.parametrize(
    ("policy", "state", "there"),
    [
        (Policy.OVERWRITE, S.DONE, {"/a": NEW}),
        (Policy.NEWER, S.DONE, {"/a": NEW}),
        (Policy.DIFFERENT, S.DONE, {"/a": NEW}),
        (Policy.SKIP, S.SKIPPED, {"/a": OLD}),
        (Policy.RENAME, S.DONE, {"/a": OLD, "/a (2)": NEW}),
    ],
)
@pytest.mark.parametrize("asked", [True, False])
def test_an_answer_does_what_it_says(
    both: QueueCase, policy: Policy, state: JobState, there: dict[str, bytes], asked: bool
) -> None:
    number = both.copy(policy=Policy.ASK if asked else policy)
    if asked:
        both.parked(number, ParkReason.CONFLICT)
        both.engine.send(Resolve(number, policy))
    (job,) = both.finish(number)
    assert job.state is state
    assert {path: both.right.get(path) for path in both.right.paths()} == there
    row = both.engine.row(number)
    assert row is not None and row.conflict is None


def test_newer_keeps_what_is_not_older(both: QueueCase) -> None:
    _age(both.right, "/a", 4e9)
    (job,) = both.finish(both.copy(policy=Policy.NEWER))
    assert (job.state, job.reason) == (S.SKIPPED, "the destination is not older")
    assert both.right.get("/a") == OLD


def test_the_second_name_is_told_and_the_next_free_one_is_taken(both: QueueCase) -> None:
    both.right.put("/a (2)", b"taken")
    (job,) = both.finish(both.copy(policy=Policy.RENAME))
    assert job.target.path == "/a (3)"
    assert both.right.get("/a (3)") == NEW


def test_an_answer_for_all_settles_the_batch_and_no_other(both: QueueCase) -> None:
    for place, data in ((both.left, NEW), (both.right, OLD)):
        for name in "bcd":
            place.put(f"/{name}", data)
    jobs = [NewJob(Op.COPY, Place(LEFT, f"/{n}"), Place(RIGHT, f"/{n}")) for n in "abc"]
    numbers = both.send_new(*jobs)
    other = both.copy("/d")
    for number in (*numbers, other):
        both.parked(number, ParkReason.CONFLICT)
    both.engine.send(Resolve(numbers[1], Policy.OVERWRITE, whole_batch=True))
    assert {job.state for job in both.finish(*numbers)} == {S.DONE}
    assert both.job(other).state is S.PARKED


def test_an_answer_for_all_holds_for_a_file_that_is_just_being_looked_at(both: QueueCase) -> None:
    both.left.put("/b", NEW)
    both.right.put("/b", OLD)
    jobs = [NewJob(Op.COPY, Place(LEFT, f"/{n}"), Place(RIGHT, f"/{n}")) for n in "ab"]
    both.right.store.fail = hold = Hold("stat", path="/b")
    numbers = both.send_new(*jobs)
    both.parked(numbers[0], ParkReason.CONFLICT)
    hold.wait()
    both.engine.send(Resolve(numbers[0], Policy.OVERWRITE, whole_batch=True))
    hold.release()
    assert {job.state for job in both.finish(*numbers)} == {S.DONE}
    assert both.right.get("/b") == NEW
    assert S.PARKED not in both.watch.states(numbers[1])


def test_only_the_version_that_was_agreed_to_is_replaced_without_a_question(
    both: QueueCase,
) -> None:
    agreed = both.right.stat("/a").version
    job = NewJob(Op.COPY, Place(LEFT, "/a"), Place(RIGHT, "/a"), agreed=agreed)
    both.finish(*both.send_new(job, policy=Policy.OVERWRITE))
    assert both.right.get("/a") == NEW
    (number,) = both.send_new(job, policy=Policy.OVERWRITE)  # that version is no longer there
    both.parked(number, ParkReason.CONFLICT)
    both.right.delete("/a")
    both.engine.send(Resolve(number, Policy.OVERWRITE))
    both.finish(number)
    assert both.right.get("/a") == NEW


def test_a_cancelled_conflict_leaves_everything(both: QueueCase) -> None:
    number = both.copy()
    both.parked(number, ParkReason.CONFLICT)
    both.engine.send(Cancel((number,)))
    assert both.job(number).state is S.CANCELLED
    assert both.right.paths() == ["/a"]


@pytest.mark.parametrize("operation", ["put_part", "finish"])
def test_a_file_that_appears_meanwhile_is_never_overwritten(
    case: QueueCase, operation: str
) -> None:
    case.left.put("/a", NEW)
    case.right.store.fail = Hold(operation, then=lambda: case.right.put("/a", b"theirs"))
    number = case.copy()
    case.parked(number, ParkReason.CONFLICT)
    assert case.right.get("/a") == b"theirs"
    case.engine.send(Resolve(number, Policy.SKIP))
    case.finish(number)
    assert case.right.get("/a") == b"theirs"
    assert case.right.leftovers() == []


def test_a_file_that_changes_after_it_was_agreed_to_be_replaced_is_decided_on_again(
    both: QueueCase,
) -> None:
    def change() -> None:
        both.right.put("/a", b"theirs")
        _age(both.right, "/a", 4e9)

    both.right.store.fail = Hold("finish", then=change)
    (job,) = both.finish(both.copy(policy=Policy.NEWER))
    assert job.state is S.SKIPPED  # it is newer than ours by now
    assert both.right.get("/a") == b"theirs"
    assert both.right.leftovers() == []


def test_two_jobs_for_one_name_are_settled_one_after_the_other(case: QueueCase) -> None:
    case.left.put("/a", b"a" * PART)
    case.left.put("/b", b"b" * PART)
    numbers = [case.copy(name, "/x", policy=Policy.RENAME) for name in ("/a", "/b")]
    assert {job.state for job in case.finish(*numbers)} == {S.DONE}
    assert {case.right.get(path) for path in case.right.paths()} == {b"a" * PART, b"b" * PART}
    assert len(case.right.paths()) == 2


def test_a_directory_in_the_way_is_never_replaced(case: QueueCase) -> None:
    case.left.put("/a", NEW)
    case.right.put("/a/inside", OLD)
    (job,) = case.finish(case.copy(policy=Policy.OVERWRITE))
    assert job.state is S.FAILED
    assert "a directory of that name is in the way" in job.reason
    assert case.right.paths() == ["/a", "/a/inside"]


# Onto itself (faults.md D6)


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
@pytest.mark.parametrize("policy", [Policy.OVERWRITE, Policy.RENAME, Policy.ASK])
def test_a_file_is_not_copied_or_moved_onto_itself(case: QueueCase, op: Op, policy: Policy) -> None:
    case.left.put("/a", NEW)
    new = NewJob(op, Place(LEFT, "/a"), Place(LEFT, "/a"))
    (job,) = case.finish(*case.send_new(new, policy=policy))
    assert job.state is S.FAILED
    assert "same file" in job.reason
    assert case.left.get("/a") == NEW
    assert case.left.paths() == ["/a"]


@pytest.mark.skipif(os.name == "nt", reason="hard links by os.link")
@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_a_file_is_not_copied_or_moved_onto_a_hard_link_of_it(
    case: QueueCase, tmp_path: Path, op: Op
) -> None:
    (tmp_path / "a").write_bytes(NEW)
    os.link(tmp_path / "a", tmp_path / "b")
    new = NewJob(op, Place(LOCAL, str(tmp_path / "a")), Place(LOCAL, str(tmp_path / "b")))
    (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    assert job.state is S.FAILED
    assert "same file" in job.reason
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == NEW


class Coarse(Memory):
    """A place whose versions are only size and time, as over SFTP."""

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        entry = super().stat(path, follow=follow)
        fields = {f: getattr(entry, f) for f in ("path", "name", "kind", "size", "modified")}
        return Entry(version=f"{entry.size}:{entry.modified}", **fields)


@pytest.mark.parametrize("policy", [Policy.SKIP, Policy.NEWER, Policy.DIFFERENT])
def test_a_copy_that_is_there_already_is_skipped_not_failed(
    case: QueueCase, policy: Policy
) -> None:
    """The second run of a copy within one server, whose versions tell only size and time."""
    case.places[LEFT] = case.left = Coarse()
    for path in ("/a", "/b"):
        case.left.put(path, OLD)
        _age(case.left, path, 1000.0)
    new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(LEFT, "/b"))
    (job,) = case.finish(*case.send_new(new, policy=policy))
    assert job.state is S.SKIPPED


def test_an_answer_holds_only_for_what_the_person_was_shown(both: QueueCase) -> None:
    number = both.copy()
    both.parked(number, ParkReason.CONFLICT)
    both.right.put("/a", b"written while the question stood")
    both.engine.send(Resolve(number, Policy.OVERWRITE))
    both.watch.until(
        lambda: sum(c.job.state is S.PARKED for c in both.watch.heard) == 2,
        lambda: both.watch.heard,
    )
    assert both.right.get("/a") == b"written while the question stood"
    both.engine.send(Resolve(number, Policy.OVERWRITE))
    (job,) = both.finish(number)
    assert job.state is S.DONE
    assert both.right.get("/a") == NEW
