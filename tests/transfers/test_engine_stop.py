"""Pause, resume and cancel of jobs that run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import ConnectionLost
from providers.memory import MemoryProvider
from tests.transfers.queue_case import LEFT, LOCAL, PART, Hold, QueueCase, leftover_files
from transfers.model import (
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
