"""What an earlier run left is finished: after a close, a kill -9 at any moment, a full disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.base import Body
from providers.local import LocalProvider
from tests.transfers.queue_case import (
    LOCAL,
    PART,
    Hold,
    QueueCase,
    leftover_files,
    read_tree,
    write_tree,
)
from tests.transfers.victim import victim
from transfers.engine import Engine
from transfers.journal import Changes, Journal, JournalError
from transfers.lock import QueueInUse
from transfers.model import Clear, JobState, Op, ParkReason, ProofWord

S = JobState
TREE = {"big": os.urandom(6 * PART + 5), "deep/small": b"s", "empty": b""}


class Counting(LocalProvider):
    """This computer; counts the parts that are written."""

    written: list[str]

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        self.written.append(upload)
        return super().put_part(upload, index, offset, body)


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[QueueCase]:
    """A queue nobody works yet, on a local place that counts."""
    case = QueueCase(tmp_path / "queue")
    case.places[LOCAL] = counting = Counting()
    counting.written = []
    yield case
    case.close()


def _written(case: QueueCase) -> list[str]:
    place = case.places[LOCAL]
    assert isinstance(place, Counting)
    return place.written


def _all_finished(case: QueueCase) -> None:
    def unfinished() -> int:
        return case.engine.snapshot(0, 0).totals.unfinished

    case.watch.until(lambda: unfinished() == 0, lambda: case.engine.snapshot())


@pytest.mark.parametrize("moment", ["transferring", "before the name", "after the name"])
def test_a_copy_killed_at_any_moment_is_finished_by_the_next_run(
    idle: QueueCase, tmp_path: Path, moment: str
) -> None:
    source, target = tmp_path / "from", tmp_path / "to"
    write_tree(source, TREE, ["hollow"])
    target.mkdir()
    with victim(idle.directory, str(source), str(target), moment):
        if moment != "after the name":
            assert leftover_files(target) != []
    idle.start()
    _all_finished(idle)
    jobs = [row.job for row in idle.engine.snapshot().rows]
    assert {(job.state, job.reason) for job in jobs} == {(S.DONE, "")}
    assert read_tree(target / "from") == read_tree(source)
    assert leftover_files(target) == []
    proofs = {job.proof.word for job in jobs if job.proof}
    assert proofs == {ProofWord.SHA256}


def test_a_file_that_had_its_name_when_the_queue_was_killed_is_not_sent_again(
    idle: QueueCase, tmp_path: Path
) -> None:
    """faults.md A6: between the rename and the commit."""
    (tmp_path / "to").mkdir()
    (tmp_path / "a").write_bytes(b"data" * PART)
    with victim(idle.directory, str(tmp_path / "a"), str(tmp_path / "to"), "after the name"):
        assert (tmp_path / "to" / "a").exists()
    idle.start()
    _all_finished(idle)
    (row,) = idle.engine.snapshot().rows
    assert (row.job.state, row.job.proof and row.job.proof.word) == (S.DONE, ProofWord.SHA256)
    assert _written(idle) == []


def test_a_file_that_was_changed_after_it_had_its_name_is_asked_about(
    idle: QueueCase, tmp_path: Path
) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "a").write_bytes(b"data" * PART)
    with victim(idle.directory, str(tmp_path / "a"), str(tmp_path / "to"), "after the name"):
        pass
    (tmp_path / "to" / "a").write_bytes(b"theirs")
    idle.start()
    idle.parked(1, ParkReason.CONFLICT)
    assert (tmp_path / "to" / "a").read_bytes() == b"theirs"
    assert leftover_files(tmp_path) == []


@pytest.mark.parametrize(
    "moment", ["before the name", "before the deletion", "after the deletion", "after the rename"]
)
def test_a_move_killed_at_any_moment_loses_nothing(
    idle: QueueCase, tmp_path: Path, moment: str
) -> None:
    source, target = tmp_path / "from", tmp_path / "to"
    write_tree(source, TREE)
    before = read_tree(source)
    target.mkdir()
    with victim(idle.directory, str(source), str(target), moment, "move"):
        pass
    idle.start()
    _all_finished(idle)
    assert {row.job.state for row in idle.engine.snapshot().rows} == {S.DONE}
    assert read_tree(target / "from") == before
    assert not source.exists()
    assert leftover_files(target) == []


def test_a_queue_whose_holder_was_killed_is_free_at_once(idle: QueueCase, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "a").write_bytes(b"x" * PART * 4)
    with (
        victim(idle.directory, str(tmp_path / "a"), str(tmp_path / "to"), "transferring"),
        pytest.raises(QueueInUse),
    ):
        Engine(idle.directory, idle.open)
    idle.start()
    _all_finished(idle)


def test_what_runs_when_the_queue_is_closed_runs_again_when_it_is_opened(case: QueueCase) -> None:
    data = {f"/{n}": os.urandom(3 * PART) for n in range(4)}
    for path, content in data.items():
        case.left.put(path, content)
    case.right.store.fail = hold = Hold("put_part", nth=2, times=4)
    numbers = [case.copy(path) for path in data]
    hold.wait()
    closing = threading.Thread(target=case.engine.close)
    closing.start()
    hold.release()
    closing.join(20)
    case.right.store.fail = None
    case.start()
    ended = case.finish(*numbers)
    assert {job.state for job in ended} == {S.DONE}
    assert {job.attempt for job in ended} == {1}
    assert {path: case.right.get(path) for path in case.right.paths()} == data


def test_parked_and_waiting_jobs_try_again_in_the_next_run(case: QueueCase) -> None:
    case.left.put("/a", b"new")
    case.right.put("/a", b"old")
    number = case.copy()
    case.parked(number, ParkReason.CONFLICT)
    case.right.delete("/a")
    case.restart()
    assert case.finish(number)[0].state is S.DONE


def test_finished_jobs_are_still_shown_and_not_run_again(case: QueueCase) -> None:
    case.left.put("/a", b"new")
    number = case.copy()
    before = case.finish(number)[0]
    case.right.delete("/a")
    case.restart()
    other = case.copy("/a", "/b")
    case.finish(other)
    assert case.job(number) == before
    assert other > number
    assert case.right.paths() == ["/b"]


def test_a_move_that_lacked_only_the_deletion_deletes_in_the_next_run(case: QueueCase) -> None:
    case.left.put("/a", b"data")
    case.left.store.fail = hold = Hold("delete")
    number = case.copy(op=Op.MOVE)
    hold.wait()
    closing = threading.Thread(target=case.engine.close)
    closing.start()
    closing.join(20)
    assert case.left.get("/a") == b"data"
    case.left.store.fail = None
    case.start()
    assert case.finish(number)[0].state is S.DONE
    assert case.left.paths() == []
    hold.release()


# The queue's own disk


@pytest.mark.usefixtures("quiet")
def test_a_queue_that_cannot_be_saved_says_so_holds_and_goes_on(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfers.coordinator._SAVE_AGAIN_SECONDS", 0.01)
    write = Journal.write
    full = threading.Event()
    full.set()
    tried = threading.Event()

    def fail(self: Journal, changes: Changes) -> None:
        if not full.is_set():
            write(self, changes)
            return
        if case.engine.snapshot().notice:
            tried.set()
        raise JournalError("no space for the queue")

    monkeypatch.setattr(Journal, "write", fail)
    case.left.put("/a", b"x")
    numbers: list[int] = []
    sending = threading.Thread(target=lambda: numbers.append(case.copy()))
    sending.start()
    assert tried.wait(20)
    snapshot = case.engine.snapshot()
    assert (snapshot.notice, snapshot.count) == ("no space for the queue", 0)
    full.clear()
    sending.join(20)
    assert case.finish(*numbers)[0].state is S.DONE
    assert case.engine.snapshot().notice == ""


@pytest.mark.usefixtures("quiet")
def test_a_queue_that_cannot_be_saved_can_still_be_closed(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its thread is gone before the lock is: else two would write."""
    failed = threading.Event()

    def fail(self: Journal, changes: Changes) -> None:
        failed.set()
        raise JournalError("no space for the queue")

    case.left.put("/a", b"x")
    monkeypatch.setattr(Journal, "write", fail)
    answers: list[BaseException] = []

    def send() -> None:
        try:
            case.copy()
        except RuntimeError as error:
            answers.append(error)

    sending = threading.Thread(target=send)
    sending.start()
    assert failed.wait(20)
    case.engine.close()
    assert not [t for t in threading.enumerate() if t.name == "coordinator"]
    sending.join(20)
    assert len(answers) == 1


@pytest.mark.parametrize("cleared", ["every one", "the last"])
def test_the_number_of_a_job_that_was_cleared_is_never_given_again(
    case: QueueCase, cleared: str
) -> None:
    case.left.put("/a", b"x")
    numbers = [case.copy("/a", f"/{name}") for name in "bcd"]
    case.finish(*numbers)
    case.engine.send(Clear(None if cleared == "every one" else (numbers[-1],)))
    case.restart()
    again = case.copy("/a", "/e")
    assert again > max(numbers)
    case.finish(again)
    case.engine.send(Clear())
    case.restart()
    case.restart()
    assert case.copy("/a", "/f") > again
