"""Ways to lose, alter or deny data, and to wait for ever, that a review of the queue found."""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Body, Capabilities, Entry, Place, Room
from providers.errors import AuthRequired, ConnectionLost, NoSpace, UploadExpired
from providers.local import upload
from providers.memory import MemoryProvider, Store
from tests.transfers.queue_case import LEFT, LOCAL, PART, RIGHT, Hold, Memory, QueueCase
from transfers.engine import JOURNAL_NAME
from transfers.journal import Changes, Journal
from transfers.messages import Sent
from transfers.model import (
    Cancel,
    Clear,
    Command,
    JobState,
    NewJob,
    Op,
    ParkReason,
    Pause,
    Policy,
    Resume,
    Verify,
)
from transfers.space import FullDisks

S = JobState
LOST = ConnectionLost("/a")


# A full disk ------------------------------------------------------------------------------------


class Quota(Memory):
    """A disk whose `room` says what a test says; a write is refused when less than that is free."""

    def __init__(self) -> None:
        super().__init__()
        self.free = 0
        self.refuses = True
        self.store.fail = self.refuse
        self.looks = threading.Semaphore(0)

    def room(self, path: str) -> Room:
        self.looks.release()
        return Room("disk", self.free)

    def looked_at(self, times: int) -> None:
        for _ in range(times):
            assert self.looks.acquire(timeout=60), "nobody looks at it any more"

    def refuse(self, operation: str, path: str) -> None:
        if operation == "put_part" and self.refuses:
            raise NoSpace(path)


@pytest.fixture
def quota(case: QueueCase, monkeypatch: pytest.MonkeyPatch) -> Quota:
    monkeypatch.setattr("transfers.space._FIRST_LOOK", 0.02)
    monkeypatch.setattr("transfers.space._LONGEST_LOOK", 0.05)
    place = Quota()
    case.places[RIGHT] = case.right = place
    case.restart()
    return place


def _two_parked(case: QueueCase) -> tuple[int, int]:
    case.left.put("/little", bytes(PART))
    case.left.put("/big", bytes(9 * PART))
    numbers = case.copy("/little"), case.copy("/big")
    for number in numbers:
        case.parked(number, ParkReason.SPACE)
    return numbers


def test_D1_a_job_waits_for_room_also_when_the_one_beside_it_is_cancelled(
    case: QueueCase, quota: Quota
) -> None:
    little, big = _two_parked(case)
    case.engine.send(Cancel((little,)))
    case.finish(little)
    while quota.looks.acquire(blocking=False):
        pass
    quota.looked_at(3)
    quota.refuses, quota.free = False, 1 << 30
    assert case.reach(big, S.DONE)


def test_D1_a_job_that_did_not_fit_at_first_goes_on_when_more_room_is_made(
    case: QueueCase, quota: Quota
) -> None:
    little, big = _two_parked(case)
    quota.refuses, quota.free = False, 2 * PART
    case.reach(little, S.DONE)
    assert case.job(big).state is S.PARKED
    quota.free = 1 << 30
    assert case.reach(big, S.DONE)
    case.watch.until(lambda: case.engine.idle, case.engine.snapshot)


def test_D1_waiting_for_room_costs_a_job_no_attempt(case: QueueCase, quota: Quota) -> None:
    quota.free = 1 << 30  # a quota that `room` does not see
    case.left.put("/a", bytes(PART))
    number = case.copy()
    case.watch.until(
        lambda: case.watch.states(number).count(S.PARKED) > 10, lambda: case.watch.states(number)
    )
    quota.refuses = False
    assert case.reach(number, S.DONE).attempt <= 2


def test_D1_a_disk_that_fills_again_and_again_is_looked_at_by_one() -> None:
    class Disk(MemoryProvider):
        def room(self, path: str) -> Room:
            return Room("disk", 1)

    again = threading.Semaphore(0)

    def full_again(name: str, free: int) -> None:
        disks.opened(name)
        disks.note(name, Place(RIGHT, "/"))
        again.release()

    disks = FullDisks(lambda endpoint: Disk(Store()), full_again, first=1e-6)
    disks.note(f"{RIGHT}#disk", Place(RIGHT, "/"))
    for _ in range(10):
        assert again.acquire(timeout=60)
    looking = [thread for thread in threading.enumerate() if thread.name == "space"]
    disks.close()
    assert len(looking) == 1


# An endpoint that asks ---------------------------------------------------------------------------


def test_a_question_cancelled_and_cleared_at_once_blocks_its_endpoint_no_more(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(endpoint: str) -> None:
        if endpoint == RIGHT:
            raise AuthRequired(RIGHT)

    case.opening = ask
    case.left.put("/a", b"a")
    number = case.copy()
    case.parked(number, ParkReason.SIGN_IN)
    writing, go_on = threading.Event(), threading.Event()
    write = Journal.write

    def slow(journal: Journal, changes: Changes) -> None:
        writing.set()
        assert go_on.wait(60)
        write(journal, changes)

    monkeypatch.setattr(Journal, "write", slow)
    case.left.put("/b", b"b")
    threads = [threading.Thread(target=case.copy, args=("/b",))]
    threads[0].start()
    assert writing.wait(60)
    commands: tuple[Command, ...] = (Cancel((number,)), Clear((number,)))
    for command in commands:  # both are taken in at once, when the first job is written
        waiting = case.engine._inbox.qsize()
        thread = threading.Thread(target=case.engine.send, args=(command,))
        thread.start()
        threads.append(thread)
        while case.engine._inbox.qsize() == waiting:
            thread.join(0.01)
    case.opening = lambda endpoint: None
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert case.engine.row(number) is None
    case.reach(number + 1, S.DONE)


def test_a_quit_that_a_frozen_place_does_not_wait_for_is_no_crash(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfers.coordinator._QUIT_SECONDS", 0.05)
    case.left.put("/a", bytes(PART))
    case.right.store.fail = hold = Hold("put_part")
    number = case.copy()
    hold.wait()
    case.engine.close()
    journal = Journal(case.directory / JOURNAL_NAME)
    (job,) = journal.load()
    journal.close()
    assert (job.state, job.begun) == (S.QUEUED, True)
    hold.release()
    case.start()
    assert case.reach(number, S.DONE).crashes == 0
    assert case.right.get("/a") == bytes(PART)


# Trying again ------------------------------------------------------------------------------------


def test_an_upload_that_is_always_lost_after_its_first_part_is_not_sent_for_ever(
    case: QueueCase,
) -> None:
    class Swept(Memory):
        def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
            if index == 1:
                raise UploadExpired("/a")
            return super().put_part(upload, index, offset, body)

    case.right = case.places[RIGHT] = Swept()
    case.left.put("/a", bytes(3 * PART))
    (job,) = case.finish(case.copy())
    assert (job.state, job.attempt) == (S.FAILED, job.attempts)


# An answer -------------------------------------------------------------------------------------


def test_a_command_that_was_journaled_as_the_queue_closed_is_not_denied(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Last:
        def put(self, message: Sent) -> None:
            message.reply.set_result((7,))

    with monkeypatch.context() as closing:
        closing.setattr(case.engine, "_inbox", Last())
        closing.setattr(case.engine, "_thread", threading.Thread())
        assert case.engine.send(Pause()) == (7,)


# What stands at the destination ------------------------------------------------------------------


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_an_old_file_of_the_same_size_and_time_is_not_taken_for_the_copy(
    case: QueueCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, op: Op
) -> None:
    """The unfinished bytes are gone (a failed sync) when the attempt at the name is looked into."""
    source, target = tmp_path / "a", tmp_path / "to" / "a"
    target.parent.mkdir()
    source.write_bytes(b"good" * 100)
    target.write_bytes(b"rot!" * 100)
    for path in (source, target):
        os.utime(path, (1e9, 1e9))
    sync, refused = upload.sync_file, []

    def full_once(descriptor: int) -> None:
        if not refused:
            refused.append(descriptor)
            raise OSError(errno.ENOSPC, "full")
        sync(descriptor)

    monkeypatch.setattr(upload, "sync_file", full_once)
    monkeypatch.setattr("transfers.space._FIRST_LOOK", 0.02)
    case.restart()
    new = NewJob(op, Place(LOCAL, str(source)), Place(LOCAL, str(target)))
    (number,) = case.send_new(new, policy=Policy.OVERWRITE, verify=Verify.SIZE)
    job = case.reach(number, S.DONE)
    assert refused
    assert target.read_bytes() == b"good" * 100, job
    assert source.exists() is (op is Op.COPY)


class Unreachable(Memory):
    """`finish` gives the name, then the connection is gone for good."""

    def __init__(self) -> None:
        super().__init__()
        self.named = Hold("named")
        self.gone = False
        self.store.fail = self.fail

    def fail(self, operation: str, path: str) -> None:
        if self.gone:
            raise LOST

    def finish(
        self, upload: str, receipts: object, *, replacing: str | None, again: bool = False
    ) -> Entry:
        super().finish(upload, receipts, replacing=replacing, again=again)  # type: ignore[arg-type]
        self.named("named", "")
        self.gone = True
        raise LOST


def test_A8_a_cancel_never_denies_a_copy_that_nobody_could_look_at(case: QueueCase) -> None:
    place = Unreachable()
    case.right = case.places[RIGHT] = place
    place.put("/a", b"old")
    case.left.put("/a", b"new")
    number = case.copy(policy=Policy.OVERWRITE)
    place.named.wait()
    case.engine.send(Cancel((number,)))
    place.named.release()
    (job,) = case.finish(number)
    assert place.get("/a") == b"new"
    assert job.state is S.CANCELLED
    assert "too late" in job.reason


class LostRename(Memory):
    """`rename` has its effect, or a part of it, and its answer never comes."""

    def __init__(self) -> None:
        super().__init__()
        self.renaming = Hold("renaming")

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        super().rename(source, target, within=within)
        self.renaming("renaming", "")
        raise LOST


@pytest.mark.parametrize("when", ["running", "waiting"])
def test_A8_a_cancel_does_not_deny_a_move_by_name(
    case: QueueCase, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if when == "waiting":
        monkeypatch.setattr("transfers.retry.FIRST_DELAY", 300.0)
        monkeypatch.setattr("transfers.retry.delay", lambda attempt, random: 300.0)
    place = LostRename()
    case.left = case.places[LEFT] = place
    place.put("/a", b"a")
    new = NewJob(Op.MOVE, Place(LEFT, "/a"), Place(LEFT, "/b"))
    (number,) = case.send_new(new)
    place.renaming.wait()
    if when == "waiting":
        place.renaming.release()
        case.reach(number, S.WAITING)
        case.engine.send(Cancel((number,)))
    else:
        case.engine.send(Cancel((number,)))
        place.renaming.release()
    (job,) = case.finish(number)
    assert place.paths() == ["/b"]
    assert job.state is S.DONE


# Going on with an upload -------------------------------------------------------------------------


class Forgetful(Memory):
    """A far place that crashes once: the last bytes it acknowledged are zeros afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.crash = True
        self.stop = Hold("stop")

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, near=False, digests=frozenset())

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        receipt = super().put_part(upload, index, offset, body)
        if self.crash and index == 2:
            self.crash = False
            with self.store.lock:
                path = self.leftovers()[0]
                self.store.nodes[path].data[-PART:] = bytes(PART)
        elif index == 3:
            self.stop("stop", "")
        return receipt


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("how", ["paused", "lost"])
def test_what_a_crashed_server_zeroed_is_noticed_before_more_is_sent(
    case: QueueCase, how: str
) -> None:
    place = Forgetful()
    case.right = case.places[RIGHT] = place
    data = os.urandom(6 * PART)
    case.left.put("/a", data)
    place.stop = hold = Hold("stop", error=LOST if how == "lost" else None)
    number = case.copy(verify=Verify.AUTO)
    hold.wait()
    if how == "paused":
        case.engine.send(Pause((number,)))
        hold.release()
        case.reach(number, S.PAUSED)
        case.engine.send(Resume((number,)))
    case.reach(number, S.DONE)
    assert place.get("/a") == data
