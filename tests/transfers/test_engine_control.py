"""Steering the queue: order, holding, limits, full disks, and what does not stop by itself."""

from __future__ import annotations

import threading

import pytest

from providers.base import Place, Room
from providers.errors import ConnectionLost, NoSpace, Throttled
from tests.transfers.host_case import until
from tests.transfers.queue_case import LEFT, PART, RIGHT, Hold, Memory, QueueCase
from transfers.model import (
    Cancel,
    JobState,
    Move,
    NewJob,
    Op,
    ParkReason,
    Pause,
    Policy,
    Retry,
    RunExisting,
    SetLimits,
    SetPriority,
    Verify,
)
from transfers.model import (
    Hold as HoldCommand,
)
from transfers.watchdog import LowSpeed

S = JobState


def _states(case: QueueCase, *numbers: int) -> list[JobState]:
    return [case.job(number).state for number in numbers]


def _started(case: QueueCase) -> list[int]:
    with case.watch.changed:
        return [change.job.id for change in case.watch.heard if change.job.state is S.PREPARING]


def test_G2_two_jobs_for_one_destination_run_one_after_the_other(case: QueueCase) -> None:
    case.left.put("/a", b"first")
    case.left.put("/b", b"second!")
    case.right.store.fail = hold = Hold("put_part")
    first = case.copy("/a", "/x", policy=Policy.OVERWRITE)
    hold.wait()
    second = case.copy("/b", "/x", policy=Policy.OVERWRITE)
    third = case.copy("/b", "/y")
    assert case.reach(third, S.DONE)
    assert _states(case, first, second) == [S.TRANSFERRING, S.QUEUED]
    hold.release()
    case.finish(first, second)
    assert case.right.get("/x") == b"second!"


def test_G2_the_second_of_two_asks_when_the_first_has_made_the_file(case: QueueCase) -> None:
    case.left.put("/a", b"first")
    case.left.put("/b", b"second!")
    new = [NewJob(Op.COPY, Place(LEFT, name), Place(RIGHT, "/x")) for name in ("/a", "/b")]
    first, second = case.send_new(*new)
    assert case.reach(first, S.DONE)
    case.parked(second, ParkReason.CONFLICT)
    assert case.right.get("/x") == b"first"


def test_a_waiting_second_job_can_be_cancelled_before_its_turn(case: QueueCase) -> None:
    case.left.put("/a", b"first")
    case.right.store.fail = hold = Hold("put_part")
    first = case.copy("/a", "/x")
    hold.wait()
    second = case.copy("/a", "/x")
    case.engine.send(Cancel((second,)))
    assert case.job(second).state is S.CANCELLED
    hold.release()
    assert case.reach(first, S.DONE)


def test_a_higher_priority_runs_first(case: QueueCase) -> None:
    case.engine.send(SetLimits(workers=1))
    case.left.put("/a", b"a")
    case.right.store.fail = hold = Hold("put_part")
    first = case.copy("/a", "/1")
    hold.wait()
    rest = [case.copy("/a", f"/{n}") for n in range(2, 6)]
    case.engine.send(SetPriority((rest[3],), 1))
    case.engine.send(SetPriority((rest[0],), -1))
    hold.release()
    case.finish(first, *rest)
    assert _started(case) == [first, rest[3], rest[1], rest[2], rest[0]]


def test_a_held_queue_finishes_what_runs_and_starts_nothing(case: QueueCase) -> None:
    case.left.put("/a", b"a")
    case.right.store.fail = hold = Hold("put_part")
    first = case.copy("/a", "/1")
    hold.wait()
    case.engine.send(HoldCommand())
    second = case.copy("/a", "/2")
    hold.release()
    case.finish(first)
    assert case.job(second).state is S.QUEUED
    assert case.engine.snapshot().held
    case.engine.send(HoldCommand(on=False))
    case.finish(second)
    assert not case.engine.snapshot().held


def test_a_hold_outlives_the_process_that_was_told(case: QueueCase) -> None:
    case.left.put("/a", b"a")
    case.engine.send(HoldCommand())
    number = case.copy("/a")
    case.restart()
    assert case.engine.snapshot().held and case.engine.idle
    later = case.copy("/a", "/b")
    assert _states(case, number, later) == [S.QUEUED, S.QUEUED]
    case.engine.send(HoldCommand(on=False))
    case.finish(number, later)
    case.restart()
    assert not case.engine.snapshot().held


def test_a_run_for_its_own_jobs_works_them_and_leaves_the_hold_to_the_next(
    case: QueueCase,
) -> None:
    case.left.put("/a", b"a")
    case.engine.send(HoldCommand())
    left = case.copy("/a")
    case.restart(run_existing=False, held=False)
    case.finish(case.copy("/a", "/b"))
    case.restart()
    assert case.engine.snapshot().held
    assert case.job(left).state is S.QUEUED


def test_a_site_gets_no_more_files_at_once_than_a_person_allows(case: QueueCase) -> None:
    case.engine.send(SetLimits(endpoint=RIGHT, connections=1))
    case.left.put("/a", b"a")
    case.right.store.fail = hold = Hold("put_part")
    first = case.copy("/a", "/1")
    hold.wait()
    second = case.copy("/a", "/2")
    assert _states(case, first, second) == [S.TRANSFERRING, S.QUEUED]
    hold.release()
    case.finish(first, second)


def test_limits_are_kept_over_a_restart(case: QueueCase) -> None:
    case.engine.send(SetLimits(rate=5 << 20, workers=7, endpoint=RIGHT, connections=2))
    case.restart()
    snapshot = case.engine.snapshot()
    assert (snapshot.rate_limit, snapshot.workers) == (5 << 20, 7)
    case.restart(workers=2, rate=0)
    snapshot = case.engine.snapshot()
    assert (snapshot.rate_limit, snapshot.workers) == (0, 2)


def test_what_an_earlier_run_left_is_worked_when_asked_for(case: QueueCase) -> None:
    case.left.put("/d/a", b"a")
    case.left.put("/d/b", b"b")
    case.restart(held=True)
    old = case.send_new(*case.plan(Place(LEFT, "/d"), Place(RIGHT, "/"), move=True))
    case.restart(run_existing=False)
    case.left.put("/c", b"c")
    case.finish(case.copy("/c"))
    assert set(_states(case, *old)) == {S.QUEUED}
    case.engine.send(RunExisting())
    assert {job.state for job in case.finish(*old)} == {S.DONE}
    assert case.left.paths() == ["/c"]
    assert case.right.paths() == ["/c", "/d", "/d/a", "/d/b"]


def test_what_an_earlier_run_left_is_not_started_by_moving_it(case: QueueCase) -> None:
    case.left.put("/a", b"a")
    case.restart(held=True)
    first, second = case.copy("/a", "/1"), case.copy("/a", "/2")
    case.restart(run_existing=False)
    case.engine.send(SetPriority((second,), 1))
    case.engine.send(Move((second,), to="top"))
    case.finish(case.copy("/a", "/3"))
    assert _states(case, first, second) == [S.QUEUED, S.QUEUED]
    case.engine.send(RunExisting())
    case.finish(first, second)
    assert _started(case)[-2:] == [second, first]


class Small(Memory):
    """A disk with room for so many bytes, unfinished ones included. Under /mnt is another."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def room(self, path: str) -> Room:
        nodes = list(self.store.nodes.items())
        used = sum(len(node.data) for path, node in nodes if not path.startswith("/mnt"))
        return Room("mnt", 1 << 30) if path.startswith("/mnt") else Room("disk", self.size - used)

    def full(self, operation: str, path: str) -> None:
        room = self.room(path)
        if operation == "put_part" and room.free is not None and room.free < PART:
            raise NoSpace(path)


@pytest.fixture
def small(case: QueueCase, monkeypatch: pytest.MonkeyPatch) -> Small:
    monkeypatch.setattr("transfers.space._FIRST_LOOK", 0.05)
    place = Small(3 * PART)
    place.store.fail = place.full
    case.places[RIGHT] = case.right = place
    case.restart()
    return place


def test_D1_a_full_disk_parks_its_jobs_and_has_them_go_on_once_there_is_room(
    case: QueueCase, small: Small
) -> None:
    data = bytes(4 * PART)
    case.left.put("/big", data)
    case.left.put("/little", bytes(2 * PART))
    big = case.copy("/big")
    parked = case.parked(big, ParkReason.SPACE)
    assert parked.asks == f"{RIGHT}#disk"
    little = case.copy("/little")
    case.parked(little, ParkReason.SPACE)
    elsewhere = case.copy("/little", "/mnt/little")
    assert case.reach(elsewhere, S.DONE)
    small.size = 100 * PART
    case.finish(big, little)
    assert case.right.get("/big") == data
    assert case.right.leftovers() == []


class Frozen(Memory):
    """Its `put_part` and `abort` never come back by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.cut = threading.Event()
        self.interrupted: list[int] = []
        self.frozen = {"put_part"}
        self.reached = threading.Event()

    def freeze(self, operation: str, path: str) -> None:
        if operation in self.frozen:
            self.cut.clear()
            self.reached.set()
            assert self.cut.wait(60), "never cut"
            raise ConnectionLost(path)

    def interrupt(self, thread: int) -> None:
        self.interrupted.append(thread)
        self.cut.set()


@pytest.fixture
def frozen(case: QueueCase, monkeypatch: pytest.MonkeyPatch) -> Frozen:
    monkeypatch.setattr("transfers.watchdog.STOP_SECONDS", 0.05)
    monkeypatch.setattr("transfers.coordinator.LOOK_SECONDS", 0.02)
    place = Frozen()
    place.store.fail = place.freeze
    case.places[RIGHT] = case.right = place
    return place


def test_B3_cancel_on_a_frozen_server_cuts_its_connection(case: QueueCase, frozen: Frozen) -> None:
    case.restart()
    case.left.put("/a", bytes(PART))
    number = case.copy()
    assert frozen.reached.wait(20)
    case.engine.send(Cancel((number,)))
    assert case.reach(number, S.CANCELLED).reason == ""
    assert frozen.leftovers() == []


def test_B3_a_clean_up_that_freezes_as_well_ends_cancelled_and_says_so(
    case: QueueCase, frozen: Frozen
) -> None:
    frozen.frozen = {"put_part", "abort"}
    case.restart()
    case.left.put("/a", bytes(PART))
    number = case.copy()
    assert frozen.reached.wait(20)
    case.engine.send(Cancel((number,)))
    job = case.reach(number, S.CANCELLED)
    assert "may be left behind" in job.reason
    assert job.begun


def test_B3_pause_on_a_frozen_server_pauses(case: QueueCase, frozen: Frozen) -> None:
    case.restart()
    case.left.put("/a", bytes(PART))
    number = case.copy()
    assert frozen.reached.wait(20)
    case.engine.send(Pause((number,)))
    assert case.reach(number, S.PAUSED)


@pytest.mark.usefixtures("soon")
def test_B5_a_transfer_that_stands_still_is_cut_and_tried_again(
    case: QueueCase, frozen: Frozen
) -> None:
    case.restart(low_speed=LowSpeed(1024, 0.1))  # type: ignore[arg-type]
    case.left.put("/a", bytes(PART))
    number = case.copy()
    assert frozen.reached.wait(20)
    assert case.reach(number, S.WAITING)
    frozen.frozen = set()
    assert case.reach(number, S.DONE)


def test_a_throttled_account_is_left_alone_by_all_its_jobs(case: QueueCase) -> None:
    case.left.put("/a", b"a")
    other = "memory://other"
    case.places[other] = Memory()
    error = Throttled("/a", retry_after=3600, endpoint=RIGHT)
    case.right.store.fail = Hold("begin", error=error)
    first = case.copy("/a")
    assert case.reach(first, S.WAITING)
    case.places[other].put("/b", b"b")  # type: ignore[attr-defined]
    new = NewJob(Op.COPY, Place(other, "/b"), Place(RIGHT, "/b"))
    (second,) = case.send_new(new, verify=Verify.SIZE)
    (third,) = case.send_new(NewJob(Op.COPY, Place(LEFT, "/a"), Place(other, "/c")))
    assert case.reach(third, S.DONE)
    assert case.job(second).state is S.QUEUED


def _throttled(case: QueueCase, *, attempts: int = 1) -> int:
    """A job whose server asked for an hour with its `attempts`-th answer."""
    case.left.put("/a", b"a")
    answers = iter([0.0] * (attempts - 1) + [3600.0])

    def ask() -> None:
        raise Throttled("/a", retry_after=next(answers), endpoint=RIGHT)

    case.right.store.fail = Hold("begin", times=attempts, then=ask)
    return case.copy("/a")


def test_a_server_that_asked_to_be_left_alone_is_also_after_a_restart(case: QueueCase) -> None:
    number = _throttled(case)
    assert case.reach(number, S.WAITING)
    case.restart()
    other = case.copy("/a", "/b")
    back = case.send_new(NewJob(Op.COPY, Place(LEFT, "/a"), Place(LEFT, "/c")))
    case.finish(*back)  # it was offered to start after the two others
    assert _states(case, number, other) == [S.QUEUED, S.QUEUED]
    assert isinstance(case.right.store.fail, Hold) and case.right.store.fail.calls == 1
    until(lambda: f"{RIGHT} asked to be left alone" in case.engine.snapshot().notice)
    assert not case.engine.idle


def test_a_job_with_its_last_attempt_does_not_take_its_servers_word_to_the_grave(
    case: QueueCase,
) -> None:
    number = _throttled(case, attempts=8)
    assert case.reach(number, S.FAILED)
    until(lambda: case.engine.idle)  # nothing waits for that server: nobody stays for it
    other = case.copy("/a", "/b")
    case.finish(*case.send_new(NewJob(Op.COPY, Place(LEFT, "/a"), Place(LEFT, "/c"))))
    assert case.job(other).state is S.QUEUED
    case.engine.send(Retry((number,)))  # whoever asks, and for whatever
    case.finish(*case.send_new(NewJob(Op.COPY, Place(LEFT, "/a"), Place(LEFT, "/d"))))
    assert _states(case, number, other) == [S.QUEUED, S.QUEUED]
    assert not case.engine.idle


@pytest.mark.parametrize("command", [Pause, Cancel])
def test_a_server_that_asks_to_be_left_alone_while_its_job_is_told_to_stop_is_obeyed(
    case: QueueCase, command: type[Pause] | type[Cancel]
) -> None:
    case.left.put("/a", bytes(2 * PART))

    def stop_and_ask() -> None:
        case.engine.send(command((number,)))
        raise Throttled("/a", retry_after=3600, endpoint=RIGHT)

    case.right.store.fail = held = Hold("put_part", nth=2, then=stop_and_ask)
    number = case.copy("/a")
    assert case.reach(number, S.PAUSED, S.CANCELLED)
    assert held.calls == 2
    other = case.copy("/a", "/b")
    case.finish(*case.send_new(NewJob(Op.COPY, Place(LEFT, "/a"), Place(LEFT, "/c"))))
    assert case.job(other).state is S.QUEUED


def test_what_an_earlier_run_left_for_a_server_that_rests_keeps_nobody_here(
    case: QueueCase,
) -> None:
    number = _throttled(case)
    assert case.reach(number, S.WAITING)
    case.restart(run_existing=False)
    case.finish(*case.send_new(NewJob(Op.COPY, Place(LEFT, "/a"), Place(LEFT, "/c"))))
    until(lambda: case.engine.idle)
    assert case.engine.snapshot().notice == ""


def test_a_cancel_does_not_wait_for_a_server_that_asked_to_be_left_alone(case: QueueCase) -> None:
    number = _throttled(case)
    assert case.reach(number, S.WAITING)
    case.engine.send(Cancel((number,)))
    (job,) = case.finish(number)
    assert job.state is S.CANCELLED
    assert "asked to be left alone" in job.reason
