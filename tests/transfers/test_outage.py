"""Servers that cannot be reached: who knocks, when, and at what cost."""

from __future__ import annotations

import pytest

from providers.base import Place
from providers.errors import ConnectionLost, Unreachable
from tests.transfers.samples import LEFT, RIGHT, make_job
from transfers.control import Stop
from transfers.messages import Ended
from transfers.model import Job, JobState, Op
from transfers.outage import FREE_SECONDS, Missed, Outages
from transfers.retry import LONGEST_DELAY

OTHER = "memory://other"


class Desk:
    """Outages whose delays are as long as they may be, or `share` of that, and a clock."""

    def __init__(self, share: float = 1.0) -> None:
        self.outages = Outages(lambda: share)
        self.now = 1000.0

    def miss(self, job: Job, endpoint: str = RIGHT) -> Missed:
        ended = Ended(job, error=Unreachable(endpoint))
        missed = self.outages.ended(ended, self.now)
        assert missed is not None
        return missed

    def knock(self, job: Job) -> None:
        """Wait for the end of the rest, then start `job`."""
        self.now = max(self.now, self.outages.next_open() or 0.0)
        self.outages.open_due(self.now)
        assert not self.outages.rests(RIGHT)
        self.outages.started(job)

    def knock_in_vain(self, job: Job) -> Missed:
        self.knock(job)
        return self.miss(job)


FIRST, SECOND, THIRD = make_job(1), make_job(2), make_job(3)


def test_a_server_that_is_missed_rests_twice_as_long_each_time_up_to_the_longest() -> None:
    desk = Desk()
    waits = [desk.miss(FIRST).delay] + [desk.knock_in_vain(FIRST).delay for _ in range(8)]
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, LONGEST_DELAY]


def test_its_rest_has_full_jitter() -> None:
    assert Desk(0.25).miss(FIRST).delay == 0.5
    assert Desk(0.0).miss(FIRST).delay == pytest.approx(0.1)


def test_while_it_rests_nobody_starts_there_and_other_servers_are_not_concerned() -> None:
    desk = Desk()
    desk.miss(FIRST)
    assert desk.outages.rests(RIGHT)
    assert not desk.outages.rests(LEFT)
    assert RIGHT in desk.outages
    assert LEFT not in desk.outages
    assert desk.outages.next_open() == desk.now + 2
    desk.outages.open_due(desk.now + 1.9)
    assert desk.outages.rests(RIGHT)


def test_after_its_rest_one_job_is_let_through() -> None:
    desk = Desk()
    desk.miss(FIRST)
    desk.knock(SECOND)
    assert desk.outages.rests(RIGHT)
    assert desk.outages.next_open() is None  # nothing is to be done before that one is back


def test_those_that_ran_when_it_began_count_as_one_and_wait_for_the_same_time() -> None:
    desk = Desk()
    assert [desk.miss(job).delay for job in (FIRST, SECOND, THIRD)] == [2, 2, 2]
    assert desk.knock_in_vain(FIRST).delay == 4


def test_one_that_is_late_does_not_end_the_knocking_of_another() -> None:
    desk = Desk()
    desk.miss(FIRST)
    desk.knock(FIRST)
    desk.miss(SECOND)
    assert desk.outages.rests(RIGHT)
    assert desk.outages.next_open() is None
    assert desk.miss(FIRST).delay == 4


def test_when_the_one_gets_through_all_go_on_and_nothing_is_remembered() -> None:
    desk = Desk()
    for job in (FIRST, SECOND, THIRD):
        desk.miss(job)
    desk.knock_in_vain(FIRST)
    desk.knock(SECOND)
    desk.outages.got_through(SECOND)
    assert not desk.outages.rests(RIGHT)
    assert desk.outages.take_released() == {1, 3}
    assert desk.outages.take_released() == set()
    assert desk.miss(FIRST).delay == 2


def test_any_end_but_another_miss_shows_that_it_is_there() -> None:
    for ended in (
        Ended(make_job(1, JobState.DONE)),
        Ended(make_job(1, JobState.PARKED)),
        Ended(make_job(1, JobState.TRANSFERRING), error=ConnectionLost("/a")),
    ):
        desk = Desk()
        desk.miss(FIRST)
        desk.knock(FIRST)
        assert desk.outages.ended(ended, desk.now) is None
        assert RIGHT not in desk.outages


def test_one_that_is_stopped_while_it_knocks_leaves_that_to_the_next() -> None:
    for ended in (Ended(FIRST, stop=Stop.PAUSE), Ended(make_job(1, JobState.CANCELLED))):
        desk = Desk()
        desk.miss(FIRST)
        desk.knock(FIRST)
        assert desk.outages.ended(ended, desk.now) is None
        assert RIGHT in desk.outages
        assert not desk.outages.rests(RIGHT)
        assert desk.knock_in_vain(SECOND).delay == 4


def test_a_miss_at_one_end_says_nothing_of_the_other() -> None:
    desk = Desk()
    desk.miss(FIRST, LEFT)
    desk.miss(SECOND, RIGHT)
    desk.knock(FIRST)
    desk.miss(FIRST, LEFT)
    assert desk.outages.rests(LEFT)
    assert RIGHT in desk.outages
    assert not desk.outages.rests(RIGHT)


def test_a_job_that_asks_nothing_of_it_does_not_end_an_outage() -> None:
    hollow = make_job(1, op=Op.MAKE_DIR, target=Place(OTHER, "/1"), source=Place(RIGHT, "/1"))
    emptied = make_job(2, op=Op.REMOVE_DIR, target=Place(RIGHT, "/2"), source=Place(OTHER, "/2"))
    for job in (hollow, emptied):
        desk = Desk()
        desk.miss(FIRST)
        desk.knock(job)
        assert not desk.outages.rests(RIGHT)  # another may knock meanwhile
        desk.outages.ended(Ended(make_job(job.id, JobState.DONE, op=job.op)), desk.now)
        assert RIGHT in desk.outages


def test_for_an_hour_it_costs_no_attempt_and_then_it_does() -> None:
    desk = Desk()
    began = desk.now
    misses = [desk.miss(FIRST)]
    while desk.now < began + FREE_SECONDS:
        assert misses[-1].free, desk.now
        misses.append(desk.knock_in_vain(FIRST))
    assert not misses[-1].free
    assert len(misses) < 30  # knocks in an hour


def test_a_server_that_takes_no_more_connections_but_serves_is_waited_for_longer() -> None:
    desk = Desk()
    desk.outages.started(THIRD)
    desk.miss(FIRST)
    desk.now += FREE_SECONDS
    desk.outages.got_through(THIRD)  # it had its connection before
    desk.outages.open_due(desk.now)
    assert RIGHT in desk.outages
    desk.outages.started(FIRST)
    assert desk.miss(FIRST) == Missed(4, free=True)


def test_a_person_who_asks_again_opens_it_at_once_for_one() -> None:
    desk = Desk()
    for _ in range(6):
        desk.miss(FIRST)
        desk.knock(FIRST)
    desk.miss(FIRST)
    desk.now += FREE_SECONDS
    desk.outages.wake(SECOND)
    assert not desk.outages.rests(RIGHT)
    desk.outages.started(SECOND)
    assert desk.outages.rests(RIGHT)
    assert desk.miss(SECOND) == Missed(2, free=True)
