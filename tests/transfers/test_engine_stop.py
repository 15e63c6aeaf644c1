"""Pause, resume and cancel of jobs that run."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import ConnectionLost
from providers.memory import MemoryProvider
from tests.transfers.host_case import LAST_RESORT, until
from tests.transfers.queue_case import (
    LEFT,
    LOCAL,
    PART,
    RIGHT,
    Hold,
    Memory,
    QueueCase,
    leftover_files,
)
from transfers.model import (
    FINISHED,
    Cancel,
    JobState,
    NewJob,
    Op,
    Pause,
    Policy,
    ProofWord,
    Resume,
    SetLimits,
)
from transfers.model import (
    Hold as HoldCommand,
)

S = JobState


def _pause_in(case: QueueCase, hold: Hold, number: int) -> None:
    hold.wait()
    case.engine.send(Pause((number,)))
    hold.release()
    case.reach(number, S.PAUSED)


def test_a_resumed_job_goes_on_after_the_last_acknowledged_part(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    offsets: list[int] = []
    read = MemoryProvider.read

    def record(self: MemoryProvider, path: str, **more: object) -> object:
        if path == "/a":
            offsets.append(more["offset"])  # type: ignore[arg-type]
        return read(self, path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(MemoryProvider, "read", record)
    data = os.urandom(5 * PART + 123)
    case.left.put("/a", data)
    case.right.store.fail = hold = Hold("put_part", nth=3)
    number = case.copy()
    _pause_in(case, hold, number)
    assert case.right.get("/a") is None
    case.engine.send(Resume((number,)))
    (job,) = case.finish(number)
    assert (job.state, job.attempt) == (S.DONE, 1)
    assert offsets == [0, 3 * PART]
    assert case.right.get("/a") == data
    assert job.proof is not None and job.proof.word is ProofWord.SHA256


@pytest.mark.parametrize("size", [0, 1, PART, 2 * PART, 2 * PART + 5])
def test_a_job_paused_while_it_is_verified_resumes_without_sending_anything_again(
    case: QueueCase, size: int
) -> None:
    data = os.urandom(size)
    case.left.put("/a", data)
    case.right.near = False
    case.right.store.fail = hold = Hold("digest", error=ConnectionLost("/a"))
    number = case.copy()
    hold.wait()
    case.reach(number, S.WAITING)
    case.right.store.fail = parts = Hold("put_part", nth=999)
    case.engine.send(Resume((number,)))
    (job,) = case.finish(number)
    assert (job.state, job.reason) == (S.DONE, "")
    assert parts.calls == 0
    assert case.right.get("/a") == data
    assert case.right.leftovers() == []


def test_a_source_that_changed_during_the_pause_is_read_anew(case: QueueCase) -> None:
    case.left.put("/a", b"old" * PART)
    case.right.store.fail = hold = Hold("put_part", nth=2)
    number = case.copy()
    _pause_in(case, hold, number)
    data = os.urandom(3 * PART)  # of the same size: a mixture of both would go unnoticed
    case.left.put("/a", data)
    case.engine.send(Resume((number,)))
    (job,) = case.finish(number)
    assert job.state is S.DONE
    assert case.right.get("/a") == data


def test_unfinished_bytes_that_vanished_during_the_pause_are_sent_anew(case: QueueCase) -> None:
    data = os.urandom(4 * PART)
    case.left.put("/a", data)
    case.right.store.fail = hold = Hold("put_part", nth=2)
    number = case.copy()
    _pause_in(case, hold, number)
    case.right.delete(case.right.leftovers()[0])
    case.engine.send(Resume((number,)))
    (job,) = case.finish(number)
    assert job.state is S.DONE
    assert case.right.get("/a") == data


def test_a_paused_job_stays_paused_over_a_restart_and_then_finishes(case: QueueCase) -> None:
    case.left.put("/a", b"x" * (3 * PART))
    case.right.store.fail = hold = Hold("put_part", nth=2)
    number = case.copy()
    _pause_in(case, hold, number)
    case.restart()
    assert case.job(number).state is S.PAUSED
    case.engine.send(Resume())
    (job,) = case.finish(number)
    assert job.state is S.DONE
    assert case.right.paths() == ["/a"]


def test_a_pause_and_a_resume_that_follow_closely_end_in_a_running_job(case: QueueCase) -> None:
    case.left.put("/a", b"x" * (3 * PART))
    case.right.store.fail = hold = Hold("put_part", nth=1)
    number = case.copy()
    hold.wait()
    case.engine.send(Pause((number,)))
    case.engine.send(Resume((number,)))
    hold.release()
    (job,) = case.finish(number)
    assert job.state is S.DONE


@pytest.mark.parametrize("operation", ["stat", "begin", "put_part", "digest"])
def test_cancel_removes_the_unfinished_bytes_and_leaves_the_old_file(
    case: QueueCase, operation: str
) -> None:
    case.left.put("/a", b"new" * PART)
    case.right.put("/a", b"old")
    case.right.near = operation != "digest"
    case.right.store.fail = hold = Hold(operation)
    number = case.copy(policy=Policy.OVERWRITE)
    hold.wait()
    case.engine.send(Cancel((number,)))
    assert case.job(number).cancelling
    hold.release()
    (job,) = case.finish(number)
    if operation == "digest":  # too late to ask, or in time: but never in between
        assert job.state in (S.CANCELLED, S.DONE)
    else:
        assert job.state is S.CANCELLED
    expected = b"old" if job.state is S.CANCELLED else b"new" * PART
    assert case.right.get("/a") == expected
    assert case.right.paths() == ["/a"]


def test_cancel_of_a_paused_job_removes_its_unfinished_bytes(case: QueueCase) -> None:
    case.left.put("/a", b"x" * (3 * PART))
    case.right.store.fail = hold = Hold("put_part", nth=2)
    number = case.copy()
    _pause_in(case, hold, number)
    assert case.right.leftovers() != []
    case.engine.send(Cancel((number,)))
    (job,) = case.finish(number)
    assert (job.state, job.reason) == (S.CANCELLED, "")
    assert case.right.paths() == []


def _paused_with_unfinished_bytes(case: QueueCase) -> int:
    case.left.put("/a", bytes(4 * PART))
    case.right.store.fail = hold = Hold("put_part", nth=2)
    number = case.copy()
    _pause_in(case, hold, number)
    assert case.right.leftovers()
    return number


def test_a_cancel_is_cleaned_up_after_though_every_worker_is_busy(case: QueueCase) -> None:
    case.restart(workers=1)
    number = _paused_with_unfinished_bytes(case)
    case.left.put("/b", bytes(4 * PART))
    case.right.store.fail = hold = Hold("put_part")
    other = case.copy("/b")
    hold.wait()
    case.engine.send(Cancel((number,)))
    assert case.reach(number, S.CANCELLED).reason == ""
    assert case.job(other).state is S.TRANSFERRING
    assert len(case.right.leftovers()) == 1  # of the one that runs
    hold.release()
    assert case.reach(other, S.DONE)


def test_a_cancel_is_cleaned_up_after_though_the_queue_is_held(case: QueueCase) -> None:
    number = _paused_with_unfinished_bytes(case)
    case.engine.send(HoldCommand())
    case.right.store.fail = hold = Hold("abort")
    case.engine.send(Cancel((number,)))
    hold.wait()
    assert not case.engine.idle  # else its process might end now
    hold.release()
    assert case.reach(number, JobState.CANCELLED).reason == ""
    assert case.right.leftovers() == []


def test_unfinished_bytes_that_cannot_be_removed_are_spoken_of(case: QueueCase) -> None:
    case.left.put("/a", b"x" * (3 * PART))
    case.right.store.fail = hold = Hold("put_part", nth=2)
    number = case.copy()
    _pause_in(case, hold, number)
    case.right.store.fail = Hold("abort", times=9, error=ConnectionLost("/a"))
    case.engine.send(Cancel((number,)))
    (job,) = case.finish(number)
    assert job.state is S.CANCELLED
    assert "may be left behind" in job.reason


def test_cancel_on_the_disk_leaves_no_temporary_file(case: QueueCase, tmp_path: Path) -> None:
    case.left.put("/a", b"new" * PART)
    target = tmp_path / "out" / "a"
    target.parent.mkdir()
    target.write_bytes(b"old")
    case.left.store.fail = hold = Hold("chunk", nth=2)
    new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(LOCAL, str(target)))
    (number,) = case.send_new(new, policy=Policy.OVERWRITE)
    hold.wait()
    assert len(leftover_files(tmp_path / "out")) == 1
    case.engine.send(Cancel())
    hold.release()
    (job,) = case.finish(number)
    assert job.state is S.CANCELLED
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
    assert target.read_bytes() == b"old"


def test_cancel_wakes_a_job_that_waits_for_the_limiter(case: QueueCase) -> None:
    case.engine.send(SetLimits(rate=1))
    case.left.put("/a", b"x" * PART)
    number = case.copy()
    case.reach(number, S.TRANSFERRING)
    case.engine.send(Cancel((number,)))
    (job,) = case.finish(number)
    assert job.state is S.CANCELLED


@pytest.mark.parametrize(
    ("where", "operation", "op"),
    [
        ("left", "stat", Op.COPY),
        ("left", "stat", Op.MOVE),
        ("right", "stat", Op.COPY),
        ("right", "stat", Op.MAKE_DIR),
    ],
)
def test_a_cancel_waits_for_no_server_while_nothing_was_made_there(
    case: QueueCase, where: str, operation: str, op: Op
) -> None:
    case.left.put("/d/a", b"x")
    place = case.left if where == "left" else case.right
    place.store.fail = hold = Hold(operation)
    number = case.copy("/d/a", op=op)
    hold.wait()
    case.engine.send(Cancel((number,)))
    (job,) = case.finish(number)  # while the server is still silent
    assert (job.state, job.reason, job.begun) == (S.CANCELLED, "", False)
    case.left.put("/b", b"y")
    (other,) = case.finish(case.copy("/b"))
    hold.release()
    until(lambda: f"transfer-{number}" not in {thread.name for thread in threading.enumerate()})
    assert (other.state, case.job(number).state) == (S.DONE, S.CANCELLED)
    assert case.right.paths() == ["/b"]
    assert case.left.get("/d/a") == b"x"


def test_a_run_that_was_given_up_is_counted_out_once(case: QueueCase) -> None:
    case.restart(workers=1)
    case.left.put("/a", b"x")
    case.left.store.fail = hold = Hold("stat")
    number = case.copy("/a", "/b")
    hold.wait()
    case.engine.send(Cancel((number,)))
    case.finish(number)
    hold.release()
    until(lambda: f"transfer-{number}" not in {thread.name for thread in threading.enumerate()})
    case.left.store.fail = again = Hold("stat")
    two = case.send_new(*(NewJob(Op.COPY, Place(LEFT, "/a"), Place(RIGHT, f"/{n}")) for n in "cd"))
    assert [case.job(number).state is S.QUEUED for number in two] == [False, True]
    again.release()
    assert {job.state for job in case.finish(*two)} == {S.DONE}


@pytest.mark.parametrize("answer", ["comes", "is lost"])
def test_A7_a_cancel_while_an_upload_is_being_begun_leaves_nothing_behind(
    case: QueueCase, answer: str
) -> None:
    made, go_on = threading.Event(), threading.Event()

    class Slow(Memory):
        def begin(self, path: str, size: int | None, **more: object) -> str:  # type: ignore[override]
            token = super().begin(path, size, **more)  # type: ignore[arg-type]
            made.set()
            assert go_on.wait(LAST_RESORT)
            if answer == "is lost":
                raise ConnectionLost(path)
            return token

    case.right = case.places[RIGHT] = Slow()
    case.left.put("/a", b"x")
    number = case.copy()
    assert made.wait(LAST_RESORT)
    case.engine.send(Cancel((number,)))
    assert case.job(number).state not in FINISHED
    assert len(case.right.leftovers()) == 1
    go_on.set()
    (job,) = case.finish(number)
    assert (job.state, job.reason, job.begun) == (S.CANCELLED, "", False)
    assert case.right.paths() == []
