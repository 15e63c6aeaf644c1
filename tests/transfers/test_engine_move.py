"""A move: the source goes only after the copy is done, and stays when there is any doubt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import AlreadyExists, ConnectionLost, Denied, Unsupported
from tests.transfers.queue_case import (
    LEFT,
    LOCAL,
    PART,
    RIGHT,
    Hold,
    QueueCase,
    raises,
    read_tree,
    write_tree,
)
from transfers.model import JobState, Move, NewJob, Op, ParkReason, Policy, ProofWord

S = JobState
DATA = b"data" * PART


def test_the_source_is_deleted_only_after_the_copy_has_its_name_and_proof(
    case: QueueCase,
) -> None:
    case.left.put("/a", DATA)
    seen: list[tuple[bytes | None, bool, ProofWord | None]] = []

    def look() -> None:
        job = case.job(number)
        word = None if job.proof is None else job.proof.word
        seen.append((case.right.get("/a"), job.committed, word))

    case.right.store.fail = hold = Hold("begin")
    number = case.copy(op=Op.MOVE)
    hold.wait()
    case.left.store.fail = Hold("delete", then=look)
    hold.release()
    (job,) = case.finish(number)
    assert (job.state, job.reason) == (S.DONE, "")
    assert seen == [(DATA, True, ProofWord.SHA256)]
    assert case.left.paths() == []


def test_a_source_that_may_not_be_deleted_is_kept_and_said_so(case: QueueCase) -> None:
    case.left.put("/a", DATA)
    case.left.store.fail = raises({"delete": Denied("/a")})
    (job,) = case.finish(case.copy(op=Op.MOVE))
    assert job.state is S.DONE
    assert "source was kept" in job.reason and "permission denied" in job.reason
    assert case.left.get("/a") == case.right.get("/a") == DATA


def test_a_source_that_changed_before_it_was_deleted_is_kept(case: QueueCase) -> None:
    case.left.put("/a", DATA)
    case.right.store.fail = Hold("finish", then=lambda: case.left.put("/a", b"newer"))
    (job,) = case.finish(case.copy(op=Op.MOVE))
    assert job.state is S.DONE
    assert "source was kept" in job.reason and "changed" in job.reason
    assert case.left.get("/a") == b"newer"
    assert case.right.get("/a") == DATA


def test_a_source_that_vanished_is_as_good_as_deleted(case: QueueCase) -> None:
    case.left.put("/a", DATA)
    case.right.store.fail = Hold("finish", then=lambda: case.left.delete("/a"))
    (job,) = case.finish(case.copy(op=Op.MOVE))
    assert (job.state, job.reason) == (S.DONE, "")


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("deleted", [True, False])
def test_a_lost_answer_to_the_deletion_is_looked_into(case: QueueCase, deleted: bool) -> None:
    """faults.md A8: neither a false "kept" nor a second copy."""
    case.left.put("/a", DATA)

    def lose() -> None:
        if deleted:
            case.left.store.nodes.pop("/a")
        raise ConnectionLost("/a")

    case.left.store.fail = Hold("delete", then=lose)
    number = case.copy(op=Op.MOVE)
    (job,) = case.finish(number)
    assert (job.state, job.reason) == (S.DONE, "")
    assert case.left.paths() == []
    assert case.watch.states(number).count(S.TRANSFERRING) == 1


@pytest.mark.parametrize("state", [S.FAILED, S.SKIPPED, S.PARKED])
def test_a_move_that_was_not_done_keeps_its_source(case: QueueCase, state: JobState) -> None:
    case.left.put("/a", DATA)
    policy = Policy.ASK
    if state is S.FAILED:
        case.right.store.fail = raises({"finish": Denied("/a")})
    else:
        case.right.put("/a", b"old")
        policy = Policy.SKIP if state is S.SKIPPED else Policy.ASK
    number = case.copy(op=Op.MOVE, policy=policy)
    case.reach(number, state)
    assert case.left.get("/a") == DATA


def _within(case: QueueCase, policy: Policy = Policy.ASK) -> int:
    new = NewJob(Op.MOVE, Place(LEFT, "/a"), Place(LEFT, "/d/b"))
    return case.send_new(new, policy=policy)[0]


def test_a_move_within_one_place_renames_and_copies_nothing(case: QueueCase) -> None:
    case.left.put("/a", DATA)
    case.left.store.fail = hold = Hold("begin")
    (job,) = case.finish(_within(case))
    assert (job.state, hold.calls) == (S.DONE, 0)
    assert "nothing was copied" in job.reason
    assert case.left.paths() == ["/d", "/d/b"]
    assert case.left.get("/d/b") == DATA


@pytest.mark.parametrize("error", [Unsupported("/a"), AlreadyExists("/d/b")])
def test_a_move_that_cannot_be_a_rename_is_a_copy(case: QueueCase, error: Exception) -> None:
    case.left.put("/a", DATA)
    case.left.store.fail = raises({"rename": error})
    (job,) = case.finish(_within(case))
    assert job.state is S.DONE
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert case.left.paths() == ["/d", "/d/b"]


def test_a_move_within_one_place_over_something_asks_first(case: QueueCase) -> None:
    case.left.put("/a", DATA)
    case.left.put("/d/b", b"old")
    case.parked(_within(case), ParkReason.CONFLICT)
    assert case.left.get("/d/b") == b"old"
    (job,) = case.finish(_within(case, Policy.OVERWRITE))
    assert job.state is S.DONE
    assert case.left.get("/d/b") == DATA
    assert case.left.get("/a") is None


def test_a_moved_tree_leaves_no_directory_behind(case: QueueCase, tmp_path: Path) -> None:
    files = {f"{'/'.join('abcde'[:n])}/{m}": os.urandom(9) for n in range(1, 6) for m in range(3)}
    write_tree(tmp_path / "d", files, ["hollow/in"])
    jobs = case.plan(Place(LOCAL, str(tmp_path / "d")), Place(RIGHT, "/"), move=True)
    ended = case.finish(*case.send_new(*jobs))
    assert {(job.state, job.reason) for job in ended} == {(S.DONE, "")}
    assert not (tmp_path / "d").exists()
    assert {name: case.right.get(f"/d/{name}") for name in files} == files
    assert "/d/hollow/in" in case.right.paths()


def test_a_directory_that_still_holds_something_stays(case: QueueCase, tmp_path: Path) -> None:
    write_tree(tmp_path / "d", {"e/a": b"a", "e/b": b"b", "f/c": b"c"})
    jobs = case.plan(Place(LOCAL, str(tmp_path / "d")), Place(RIGHT, "/"), move=True)
    case.right.put("/d/e/b", b"old")
    ended = case.finish(*case.send_new(*jobs, policy=Policy.SKIP))
    assert read_tree(tmp_path / "d") == {"e": None, str(Path("e", "b")): b"b"}
    kept = [job for job in ended if job.op is Op.REMOVE_DIR and job.state is S.SKIPPED]
    assert [job.reason for job in kept] == ["kept: it is not empty"] * 2


def test_directories_wait_for_a_file_that_a_person_must_decide_on(
    case: QueueCase, tmp_path: Path
) -> None:
    write_tree(tmp_path / "d", {"a": b"a", "b": b"b"})
    jobs = case.plan(Place(LOCAL, str(tmp_path / "d")), Place(RIGHT, "/"), move=True)
    case.right.put("/d/b", b"old")
    numbers = case.send_new(*jobs)
    parked = next(n for n in numbers if case.job(n).source.path.endswith("b"))
    case.parked(parked, ParkReason.CONFLICT)
    assert case.job(numbers[-1]).state is S.QUEUED
    case.engine.send(Move((numbers[-1],), to="top"))
    case.restart()  # and over a restart, wherever it stands
    case.parked(parked, ParkReason.CONFLICT)
    assert case.job(numbers[-1]).state is S.QUEUED


@pytest.mark.parametrize("digests", [True, False], ids=["digest there", "read back"])
def test_a_coarse_version_does_not_let_an_unseen_change_be_deleted(
    case: QueueCase, digests: bool
) -> None:
    case.left.exact_versions = case.left.near = False
    case.left.put("/a", DATA)

    def rewrite() -> None:
        node = case.left.store.nodes["/a"]
        node.data[0] ^= 1  # same size, same second: the version says nothing

    if not digests:
        case.left.store.fail = raises({"digest": Unsupported("/a")})
    case.right.store.fail = Hold("finish", then=rewrite)
    (job,) = case.finish(case.copy(op=Op.MOVE))
    assert (job.state, case.right.get("/a")) == (S.DONE, DATA)
    assert "source was kept" in job.reason
    assert case.left.get("/a") != DATA


def test_an_unchanged_source_of_a_coarse_place_is_deleted(case: QueueCase) -> None:
    case.left.exact_versions = False
    case.left.put("/a", DATA)
    (job,) = case.finish(case.copy(op=Op.MOVE))
    assert (job.state, job.reason, case.left.paths()) == (S.DONE, "", [])
