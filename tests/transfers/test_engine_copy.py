"""The engine with real threads: trees arrive whole, proven, and journaled before they are shown."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from providers.base import Place
from tests.transfers.queue_case import (
    LEFT,
    LOCAL,
    PART,
    RIGHT,
    Hold,
    QueueCase,
    leftover_files,
    read_tree,
    write_tree,
)
from transfers.engine import JOURNAL_NAME, Engine
from transfers.journal import Changes, Journal
from transfers.lock import QueueInUse
from transfers.model import (
    Clear,
    Enqueue,
    JobState,
    Move,
    NewJob,
    Op,
    Pause,
    ProofWord,
    Resume,
    SetLimits,
    StateChanged,
    Verify,
)

S = JobState
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits")
TREE = {
    "one": b"1",
    "empty": b"",
    "deep/er/still/two": os.urandom(3 * PART + 17),
    "ünï cödé\u202e": b"odd",
    "exactly one part": os.urandom(PART),
}


def test_a_tree_is_copied_on_the_disk_byte_for_byte_with_proofs(
    case: QueueCase, tmp_path: Path
) -> None:
    source, target = tmp_path / "from", tmp_path / "to"
    write_tree(source, TREE, ["hollow/inside"])
    target.mkdir()
    jobs = case.plan(Place(LOCAL, str(source)), Place(LOCAL, str(target)))
    ended = case.finish(*case.send_new(*jobs))
    assert {job.state for job in ended} == {S.DONE}
    assert read_tree(target / "from") == read_tree(source)
    assert leftover_files(target) == []
    for job in ended:
        if job.op is Op.COPY:
            assert job.proof is not None and job.proof.word is ProofWord.SHA256
            found = hashlib.sha256(Path(job.target.path).read_bytes()).hexdigest()
            assert job.proof.source == job.proof.target == job.digest == found


@posix
def test_a_copy_keeps_its_time_and_mode(case: QueueCase, tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"x")
    source.chmod(0o640)
    os.utime(source, (1_000_000.25, 1_000_000.25))
    new = NewJob(Op.COPY, Place(LOCAL, str(source)), Place(LOCAL, str(tmp_path / "b")))
    case.finish(*case.send_new(new))
    info = (tmp_path / "b").stat()
    assert (stat.S_IMODE(info.st_mode), info.st_mtime) == (0o640, 1_000_000.25)


def test_a_tree_goes_from_memory_to_the_disk_and_back_unchanged(
    case: QueueCase, tmp_path: Path
) -> None:
    for name, data in TREE.items():
        case.left.put(f"/d/{name}", data)
    out = case.plan(Place(LEFT, "/d"), Place(LOCAL, str(tmp_path)))
    assert {job.state for job in case.finish(*case.send_new(*out))} == {S.DONE}
    back = case.plan(Place(LOCAL, str(tmp_path / "d")), Place(RIGHT, "/"))
    ended = case.finish(*case.send_new(*back, verify=Verify.STRONG))
    assert {job.proof.word for job in ended if job.proof} == {ProofWord.SHA256}
    assert {name: case.right.get(f"/d/{name}") for name in TREE} == TREE
    assert case.right.leftovers() == []


def test_several_files_are_under_way_at_once(case: QueueCase) -> None:
    meeting = threading.Barrier(4)

    def meet(operation: str, path: str) -> None:
        if operation == "put_part":
            meeting.wait(20)

    for n in range(4):
        case.left.put(f"/{n}", b"x")
    case.right.store.fail = meet
    ended = case.finish(*(case.copy(f"/{n}") for n in range(4)))
    assert {job.state for job in ended} == {S.DONE}


def test_every_state_is_journaled_before_a_listener_hears_of_it(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    journaled: list[tuple[int, JobState]] = []
    early: list[StateChanged] = []
    write = Journal.write

    def record(self: Journal, changes: Changes) -> None:
        write(self, changes)
        journaled.extend((event.job, event.after) for event in changes.events)

    def hear(changes: Sequence[StateChanged]) -> None:
        early.extend(c for c in changes if (c.job.id, c.job.state) not in journaled)

    monkeypatch.setattr(Journal, "write", record)
    case.engine.listen(hear)
    case.left.put("/a", b"x" * (2 * PART))
    number = case.copy()
    case.finish(number)
    assert early == []
    path = [S.QUEUED, S.PREPARING, S.TRANSFERRING, S.VERIFYING, S.COMMITTING, S.DONE]
    assert case.watch.states(number) == path
    assert [state for _, state in journaled] == path


def test_the_worker_goes_on_only_after_its_report_is_journaled(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is given only when the journal says "committing": a crash there is found (A6)."""
    journaled: list[JobState] = []
    write = Journal.write

    def record(self: Journal, changes: Changes) -> None:
        write(self, changes)
        journaled.extend(event.after for event in changes.events)

    at_finish: list[JobState] = []
    monkeypatch.setattr(Journal, "write", record)
    case.right.store.fail = Hold("finish", then=lambda: at_finish.append(journaled[-1]))
    case.left.put("/a", b"x")
    case.finish(case.copy())
    assert at_finish == [S.COMMITTING]


def test_ten_thousand_jobs_are_one_transaction_and_all_are_done(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    write = Journal.write

    def record(self: Journal, changes: Changes) -> None:
        # Only the first is durable: with an fsync for each of the rest this would take a minute.
        write(self, changes)
        self._db.execute("PRAGMA synchronous=OFF")
        writes.append(len(changes.saved))

    monkeypatch.setattr(Journal, "write", record)
    count = 10_000
    case.left.put("/a", b"x")
    jobs = [NewJob(Op.MAKE_DIR, Place(LEFT, "/"), Place(RIGHT, f"/{n}")) for n in range(count - 50)]
    jobs += [NewJob(Op.COPY, Place(LEFT, "/a"), Place(RIGHT, f"/f{n}"), size=1) for n in range(50)]
    numbers = case.engine.send(Enqueue(tuple(jobs)))
    assert writes[0] == count
    case.watch.until(
        lambda: case.engine.snapshot(0, 0).totals.counts == {S.DONE: count},
        lambda: case.engine.snapshot(0, 0).totals,
    )
    assert len(numbers) == count
    assert len(case.right.paths()) == count
    snapshot = case.engine.snapshot(first=9_999, limit=10)
    assert [row.job.id for row in snapshot.rows] == [numbers[-1]]
    assert (snapshot.count, snapshot.totals.size, snapshot.totals.moved) == (count, 50, 50)


def test_a_window_and_the_totals_of_a_running_queue(case: QueueCase) -> None:
    for n in range(6):
        case.left.put(f"/{n}", b"x" * (2 * PART))
    hold = Hold("put_part", nth=2)
    case.right.store.fail = hold
    case.engine.send(SetLimits(workers=1))
    jobs = [
        NewJob(Op.COPY, Place(LEFT, f"/{n}"), Place(RIGHT, f"/{n}"), size=2 * PART)
        for n in range(6)
    ]
    numbers = case.send_new(*jobs)
    hold.wait()
    snapshot = case.engine.snapshot(first=1, limit=2)
    assert [row.job.id for row in snapshot.rows] == list(numbers[1:3])
    assert (snapshot.first, snapshot.count, snapshot.workers) == (1, 6, 1)
    assert snapshot.totals.counts == {S.TRANSFERRING: 1, S.QUEUED: 5}
    row = case.engine.row(numbers[0])
    assert row is not None and PART <= row.moved <= 2 * PART
    assert snapshot.totals.moved == row.moved
    assert snapshot.totals.size == 12 * PART
    hold.release()
    case.finish(*numbers)
    case.engine.send(Clear())
    assert case.engine.snapshot().count == 0


def test_reordering_changes_what_runs_next(case: QueueCase) -> None:
    for n in range(4):
        case.left.put(f"/{n}", b"x")
    case.engine.send(SetLimits(workers=1))
    hold = Hold("begin", path="/0")
    case.right.store.fail = hold
    numbers = [case.copy(f"/{n}") for n in range(4)]
    hold.wait()
    case.engine.send(Move((numbers[3],), to="top"))
    case.engine.send(Move((numbers[1],), by=1))
    hold.release()
    case.finish(*numbers)
    done = [c.job.id for c in case.watch.heard if c.job.state is S.DONE]
    assert done == [numbers[n] for n in (0, 3, 2, 1)]


def test_no_more_jobs_run_than_workers_and_more_when_they_are_raised(case: QueueCase) -> None:
    case.engine.send(SetLimits(workers=2))
    for n in range(3):
        case.left.put(f"/{n}", b"x")
    hold = Hold("begin", times=3)
    case.right.store.fail = hold
    numbers = [case.copy(f"/{n}") for n in range(3)]
    case.reach(numbers[1], S.PREPARING)
    assert case.job(numbers[2]).state is S.QUEUED
    case.engine.send(SetLimits(workers=3))
    case.reach(numbers[2], S.PREPARING)
    hold.release()
    case.finish(*numbers)


def test_an_endpoint_gets_no_more_connections_than_are_polite(case: QueueCase) -> None:
    case.right.connections = 1
    for n in range(4):
        case.left.put(f"/{n}", b"x")
    case.finish(case.copy("/0"))  # opens it: its limit is known from now on
    hold = Hold("begin", times=1)
    case.right.store.fail = hold
    numbers = [case.copy(f"/{n}") for n in (1, 2, 3)]
    hold.wait()
    assert case.engine.snapshot().totals.running == 1
    hold.release()
    case.finish(*numbers)


def test_a_rate_limit_slows_and_lifting_it_lets_go(case: QueueCase) -> None:
    case.engine.send(SetLimits(rate=100))  # bytes a second: eleven minutes a chunk
    case.left.put("/a", b"x" * PART)
    number = case.copy()
    case.reach(number, S.TRANSFERRING)
    assert case.engine.snapshot().rate_limit == 100
    assert case.job(number).state is S.TRANSFERRING
    case.engine.send(SetLimits(rate=0))
    (job,) = case.finish(number)
    assert job.state is S.DONE


def test_a_rate_limit_is_kept_to(tmp_path: Path) -> None:
    case = QueueCase(tmp_path / "queue")
    case.start(rate=2 * PART)
    try:
        case.left.put("/a", b"x" * (2 * PART))
        (job,) = case.finish(case.copy())
        assert job.started is not None and job.ended is not None
        assert job.ended - job.started > 0.6
    finally:
        case.close()


def test_a_second_engine_on_the_same_queue_is_refused(case: QueueCase) -> None:
    with pytest.raises(QueueInUse, match="Another Wharfie"):
        Engine(case.directory, case.open)
    case.restart()


@posix
def test_the_queue_is_for_its_owner_only(case: QueueCase) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in case.directory.iterdir()}
    assert stat.S_IMODE(case.directory.stat().st_mode) == 0o700
    assert modes[JOURNAL_NAME] == modes["queue.lock"] == 0o600


def test_a_closed_queue_takes_no_commands(case: QueueCase) -> None:
    case.engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        case.engine.send(Pause())


def test_a_damaged_journal_is_kept_aside_and_whoever_looks_is_told(tmp_path: Path) -> None:
    case = QueueCase(tmp_path / "queue")
    case.directory.mkdir()
    (case.directory / JOURNAL_NAME).write_bytes(b"nothing that is a database" * 100)
    case.start()
    assert "damaged" in case.engine.snapshot().notice
    case.close()
    assert [path.name for path in case.directory.glob("*.damaged-*")]


def test_existing_jobs_are_left_alone_when_asked(case: QueueCase) -> None:
    case.left.put("/a", b"x")
    case.engine.send(SetLimits(workers=1))
    hold = Hold("begin")
    case.right.store.fail = hold
    first, second = case.copy("/a"), case.copy("/a", "/b")
    hold.wait()
    case.engine.send(Pause((second,)))
    hold.release()
    case.finish(first)
    case.restart(run_existing=False)
    third = case.copy("/a", "/c")
    case.finish(third)
    assert case.job(second).state is S.PAUSED
    case.engine.send(Resume((second,)))
    case.finish(second)


def test_a_small_file_costs_no_commit_for_its_only_part(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[int] = []
    write = Journal.write

    def record(self: Journal, changes: Changes) -> None:
        parts.append(len(changes.parts))
        write(self, changes)

    monkeypatch.setattr(Journal, "write", record)
    case.left.put("/a", bytes(PART))
    case.left.put("/b", bytes(3 * PART))
    case.finish(case.copy("/a"))
    assert sum(parts) == 0
    case.finish(case.copy("/b"))
    assert sum(parts) == 2  # the last part is settled by the proof and the name
