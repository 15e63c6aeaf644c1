"""Following a queue without a screen: told once of each end, whoever brings it about."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from providers.base import Place
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.journal import JournalError
from transfers.model import Job, JobState, NewJob, Op, ParkReason, Row
from tui.headless.follow import follow, follow_all, stuck
from tui.headless.reach import Reached
from tui.headless.report import Report

HOST = "sftp://ann@host:22"


class Told(Report):
    """Keeps what it is told, and after the n-th job does what comes next in the story."""

    def __init__(self, *then: object) -> None:
        super().__init__(as_json=False)
        self.told: list[tuple[int, JobState]] = []
        self.then = list(then)

    def job(self, job: object) -> None:
        self.count(job)  # type: ignore[arg-type]
        self.told.append((job.id, job.state))  # type: ignore[attr-defined]
        if self.then:
            self.then.pop(0)()  # type: ignore[operator]


def new(target: str = HOST) -> NewJob:
    return NewJob(Op.COPY, Place("file:", "/a"), Place(target, "/a"))


def yes() -> bool:
    return True


def reached(queue: FakeQueue) -> Reached:
    return Reached(queue, True, yes, yes)


def test_what_ended_before_anybody_listened_is_told() -> None:
    report = Told()
    queue = FakeQueue([make_row(1, JobState.DONE), make_row(2, JobState.FAILED)])
    follow(reached(queue), {1: new(), 2: new()}, report)
    assert sorted(report.told) == [(1, JobState.DONE), (2, JobState.FAILED)]
    assert not report.all_fine


def test_what_ended_while_nobody_could_tell_is_looked_up() -> None:
    queue = FakeQueue([make_row(1, JobState.DONE), make_row(2)])

    def silently() -> None:
        queue.rows = [make_row(1, JobState.DONE), make_row(2, JobState.DONE)]
        queue.tell_nothing()

    report = Told(silently)
    follow(reached(queue), {1: new(), 2: new()}, report)
    assert report.told == [(1, JobState.DONE), (2, JobState.DONE)]
    assert report.all_fine


def test_a_job_taken_off_the_list_by_someone_is_not_waited_for() -> None:
    queue = FakeQueue([make_row(1, JobState.DONE)])
    report = Told()
    follow(reached(queue), {1: new(), 2: new()}, report)
    assert report.gone == 1 and not report.all_fine


def test_what_a_person_answered_meanwhile_counts_as_it_ended() -> None:
    parked = make_row(1, JobState.PARKED, park=ParkReason.CONFLICT)
    queue = FakeQueue([parked, make_row(2, JobState.TRANSFERRING)])
    report = Told(
        lambda: queue.put(make_row(1, JobState.DONE)), lambda: queue.put(make_row(2, JobState.DONE))
    )
    follow_all(reached(queue), report)
    assert report.told == [(1, JobState.PARKED), (1, JobState.DONE), (2, JobState.DONE)]
    assert report.all_fine


def test_what_was_finished_before_is_not_told_and_each_end_only_once() -> None:
    queue = FakeQueue([make_row(1, JobState.DONE), make_row(2, JobState.QUEUED)])
    original = queue.listen

    def listen(listener):  # type: ignore[no-untyped-def]
        stop = original(listener)
        queue.put(make_row(2, JobState.DONE))  # told, and found by the first look as well
        return stop

    queue.listen = listen  # type: ignore[method-assign]
    report = Told()
    follow_all(reached(queue), report)
    assert report.told == [(2, JobState.DONE)]


def asks(job: int) -> Row:
    return make_row(job, JobState.PARKED, park=ParkReason.SIGN_IN, asks=HOST)


def elsewhere(job: int) -> Row:
    return make_row(job, target=Place("file:", "/b"))


@pytest.mark.parametrize(
    ("rows", "is_stuck"),
    [
        ([], True),
        ([make_row(1)], False),
        ([make_row(1, JobState.PAUSED)], True),
        ([make_row(1, JobState.DONE), asks(2)], True),
        ([asks(1), make_row(2)], True),
        ([asks(1), elsewhere(2)], False),
        ([make_row(1, JobState.PAUSED), make_row(2, op=Op.REMOVE_DIR)], True),
        ([make_row(1, JobState.DONE), make_row(2, op=Op.REMOVE_DIR)], False),
        ([make_row(1, JobState.WAITING)], False),
    ],
)
def test_a_queue_is_stuck_when_only_a_person_can_move_it(
    rows: Sequence[Row], is_stuck: bool
) -> None:
    assert stuck(rows) is is_stuck


def test_a_queue_that_nobody_works_any_more_is_said_to_be_kept() -> None:
    gone = Reached(FakeQueue([make_row(1)]), True, lambda: False, lambda: False)
    with pytest.raises(JournalError, match="The queue is kept: wharfie queue run"):
        follow(gone, {1: new()}, Told())


def test_a_job_is_not_taken_for_gone_while_nobody_can_tell() -> None:
    """A client that lost its process knows of no rows."""
    lost = [True]
    queue = FakeQueue()

    def found() -> bool:
        if lost:
            lost.clear()
            queue.rows = [make_row(1, JobState.DONE)]
            queue.tell_nothing()
        return True

    report = Told()
    follow(Reached(queue, True, lambda: not lost, found), {1: new()}, report)
    assert report.told == [(1, JobState.DONE)] and not report.gone


class Waits(Report):
    """What is told of goes on and ends."""

    def __init__(self, queue: FakeQueue) -> None:
        super().__init__(as_json=True)
        self.queue = queue

    def waits(self, job: Job) -> None:
        super().waits(job)
        self.queue.put(make_row(job.id, JobState.DONE))


@pytest.mark.parametrize("everything", [False, True])
def test_what_failed_twice_and_is_tried_again_is_told_once_in_a_while(
    everything: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    once = make_row(1, JobState.WAITING, attempt=1, reason="once")
    twice = [make_row(n, JobState.WAITING, attempt=2, reason="it failed") for n in (2, 3)]
    queue = FakeQueue([once, *twice])
    if everything:
        follow_all(reached(queue), Waits(queue))
    else:
        follow(reached(queue), {n: new() for n in (1, 2, 3)}, Waits(queue))
    told = capsys.readouterr().err
    assert told.count("waiting") == 1
    assert "(it failed); try 2 of 8 failed, the next comes by itself" in told
