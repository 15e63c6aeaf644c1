"""faults.md A12: the system's clock leaps while the queue works. It never decides when to retry."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import ConnectionLost
from tests.transfers.queue_case import LEFT, PART, RIGHT, Hold, QueueCase
from transfers.model import JobState, NewJob, Op

S = JobState
YEAR = 365 * 86_400.0
LEAPS = pytest.mark.parametrize("leap", [YEAR, -YEAR], ids=["a year on", "a year back"])


class Clock:
    """The system's clock, which a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        right = time.time
        monkeypatch.setattr(time, "time", lambda: right() + self.ahead)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def case(tmp_path: Path, clock: Clock) -> Iterator[QueueCase]:
    queue_case = QueueCase(tmp_path / "queue")
    queue_case.start()
    yield queue_case
    for place in (queue_case.left, queue_case.right):
        place.store.fail = None
    queue_case.close()


def lost(path: str, times: int) -> Hold:
    return Hold("put_part", path=path, times=times, error=ConnectionLost(path))


@LEAPS
def test_A12_a_leap_does_not_wake_those_that_wait(
    case: QueueCase, clock: Clock, monkeypatch: pytest.MonkeyPatch, leap: float
) -> None:
    monkeypatch.setattr("transfers.retry.delay", lambda attempt, random: 3600.0)
    case.left.put("/a", b"a" * PART)
    # From right to left, so that the other lane may go on and give the queue something to do.
    case.right.put("/b", b"b")
    case.right.store.fail = hold = lost("/a", 1)
    waiting = case.copy("/a")
    case.reach(waiting, S.WAITING)
    clock.ahead = leap
    other = case.send_new(NewJob(Op.COPY, Place(RIGHT, "/b"), Place(LEFT, "/b")))
    assert case.finish(*other)[0].state is S.DONE
    row = case.engine.row(waiting)
    assert row is not None
    assert row.job.state is S.WAITING
    assert row.retry_in is not None
    assert 3000 < row.retry_in <= 3600
    assert hold.calls == 1


@LEAPS
def test_A12_a_leap_does_not_keep_those_that_wait_from_going_on(
    case: QueueCase, clock: Clock, monkeypatch: pytest.MonkeyPatch, leap: float
) -> None:
    monkeypatch.setattr("transfers.retry.delay", lambda attempt, random: 0.2)
    data = {f"/{number}": os.urandom(2 * PART) for number in range(8)}
    for path, content in data.items():
        case.left.put(path, content)

    def leap_and_fail() -> None:
        clock.ahead = leap
        raise ConnectionLost("/")

    case.right.store.fail = Hold("put_part", times=4, then=leap_and_fail)
    ended = case.finish(*[case.copy(path) for path in data])
    assert {job.state for job in ended} == {S.DONE}
    assert {path: case.right.get(path) for path in case.right.paths()} == data


@LEAPS
def test_A12_a_leap_in_the_middle_of_a_move_costs_nothing(
    case: QueueCase, clock: Clock, leap: float
) -> None:
    data = os.urandom(3 * PART)
    case.left.put("/a", data)

    def leap_on() -> None:
        clock.ahead = leap

    case.right.store.fail = Hold("put_part", nth=2, then=leap_on)
    (job,) = case.finish(case.copy("/a", op=Op.MOVE))
    assert (job.state, job.reason) == (S.DONE, "")
    assert (case.left.paths(), case.right.get("/a")) == ([], data)


@LEAPS
def test_A12_a_queue_from_another_time_is_worked(
    case: QueueCase, clock: Clock, monkeypatch: pytest.MonkeyPatch, leap: float
) -> None:
    monkeypatch.setattr("transfers.retry.delay", lambda attempt, random: 3600.0)
    case.left.put("/a", b"a")
    case.right.store.fail = lost("/a", 1)
    number = case.copy("/a")
    case.reach(number, S.WAITING)
    clock.ahead = leap
    case.restart()
    assert case.finish(number)[0].state is S.DONE
    assert case.right.get("/a") == b"a"
