"""What faces see: rows, totals, and changes pushed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.transfers.samples import make_entry, make_job
from transfers.book import Book
from transfers.journal import Changes
from transfers.meter import Gauge
from transfers.model import Conflict, Job, JobState, Op, StateChanged
from transfers.view import View

S = JobState


class Screen:
    """A view of some jobs, on a clock of its own."""

    def __init__(self, *jobs: Job) -> None:
        self.now = 100.0
        self.view = View(lambda: self.now)
        self.view.start(Book(jobs))
        self.heard: list[StateChanged] = []

    def publish(self, *jobs: Job, conflict: Conflict | None = None) -> None:
        pushed = [StateChanged(job, S.QUEUED, conflict) for job in jobs]
        self.view.publish(Changes({job.id: job for job in jobs}), pushed)

    def listen(self, changes: Sequence[StateChanged]) -> None:
        self.heard.extend(changes)


def test_a_running_job_shows_its_bytes_rate_and_time_left() -> None:
    screen = Screen(make_job(1, S.TRANSFERRING, size=10_000))
    gauge = Gauge()
    screen.view.started(1, gauge)
    screen.view.snapshot(0, 10)
    gauge.add(2000)
    screen.now += 1.0
    snapshot = screen.view.snapshot(0, 10)
    row = snapshot.rows[0]
    assert row.moved == 2000
    assert row.rate == pytest.approx(2000.0)
    assert row.eta == pytest.approx(4.0)
    assert snapshot.totals.rate == pytest.approx(2000.0)
    assert snapshot.totals.eta == pytest.approx(4.0)


def test_resumed_bytes_are_across_but_were_not_just_moved() -> None:
    screen = Screen(make_job(1, S.TRANSFERRING, size=10_000))
    gauge = Gauge()
    screen.view.started(1, gauge)
    screen.view.snapshot(0, 10)
    gauge.moved = gauge.resumed = 5000
    screen.now += 1.0
    snapshot = screen.view.snapshot(0, 10)
    assert (snapshot.rows[0].moved, snapshot.rows[0].rate) == (5000, 0.0)
    assert (snapshot.totals.moved, snapshot.totals.rate) == (5000, 0.0)


def test_totals_count_done_and_running_bytes_and_leave_out_what_is_not_to_be_moved() -> None:
    screen = Screen(
        make_job(1, S.DONE, size=100),
        make_job(2, S.TRANSFERRING, size=50),
        make_job(3, size=1000),
        make_job(4, S.FAILED, size=7),
        make_job(5, S.SKIPPED, size=7),
        make_job(6, S.CANCELLED, size=7),
    )
    screen.view.started(2, Gauge(resumed=20))
    totals = screen.view.snapshot(0, 0).totals
    assert (totals.size, totals.moved) == (1150, 120)
    assert (totals.jobs, totals.unfinished, totals.running) == (6, 2, 1)


def test_totals_count_what_a_job_at_rest_need_not_move_again() -> None:
    screen = Screen(make_job(1, S.PAUSED, size=100), make_job(2, S.CANCELLED, size=100))
    for job in (1, 2):
        screen.view.started(job, Gauge(resumed=60))
        screen.view.ended(job, kept=60)
    snapshot = screen.view.snapshot(0, 10)
    assert snapshot.totals.moved == snapshot.rows[0].moved == 60


def test_the_time_left_is_of_what_goes_on_without_a_person() -> None:
    screen = Screen(
        make_job(1, S.TRANSFERRING, size=10_000),
        make_job(2, S.PAUSED, size=1 << 40),
        make_job(3, S.PARKED, size=1 << 40),
        make_job(4, size=2_000),
    )
    screen.view.started(2, Gauge(resumed=60))
    screen.view.ended(2, kept=60)
    assert _left(screen) == pytest.approx(5.0)


def test_nobody_knows_the_time_left_while_the_size_of_a_file_is_unknown() -> None:
    folder = make_job(3, op=Op.MAKE_DIR, size=None)
    screen = Screen(make_job(1, S.TRANSFERRING, size=10_000), make_job(2, size=None), folder)
    assert _left(screen) is None
    screen = Screen(make_job(1, S.TRANSFERRING, size=10_000), folder)
    assert _left(screen) == pytest.approx(4.0)


def _left(screen: Screen) -> float | None:
    """What is told once job 1 has moved 2,000 bytes in a second."""
    gauge = Gauge()
    screen.view.started(1, gauge)
    screen.view.snapshot(0, 0)
    gauge.add(2000)
    screen.now += 1.0
    return screen.view.snapshot(0, 0).totals.eta


def test_a_window_of_some_states_counts_those_and_totals_all() -> None:
    screen = Screen(make_job(1), make_job(2, S.FAILED), make_job(3, S.FAILED))
    snapshot = screen.view.snapshot(1, 5, (S.FAILED,))
    assert ([row.job.id for row in snapshot.rows], snapshot.count) == ([3], 2)
    assert (snapshot.states, snapshot.totals.jobs) == ((S.FAILED,), 3)
    assert screen.view.ids((S.FAILED,)) == (2, 3)
    assert screen.view.ids(()) == (1, 2, 3)


def test_a_window_knows_where_it_stands_and_how_many_there_are() -> None:
    screen = Screen(*(make_job(n) for n in range(1, 8)))
    snapshot = screen.view.snapshot(2, 3)
    assert [row.job.id for row in snapshot.rows] == [3, 4, 5]
    assert (snapshot.first, snapshot.count) == (2, 7)


def test_a_waiting_job_counts_down_to_its_retry() -> None:
    screen = Screen(make_job(1, S.WAITING))
    screen.view.waiting(1, 130.0)
    row = screen.view.row(1)
    assert row is not None and row.retry_in == pytest.approx(30.0)
    screen.now = 200.0
    row = screen.view.row(1)
    assert row is not None and row.retry_in == 0.0


def test_a_conflict_is_shown_until_its_job_goes_on() -> None:
    conflict = Conflict(make_entry("a"), make_entry("b"))
    parked = make_job(1, S.PARKED)
    screen = Screen(make_job(1))
    screen.publish(parked, conflict=conflict)
    row = screen.view.row(1)
    assert row is not None and row.conflict == conflict
    screen.publish(replace(parked, state=S.QUEUED))
    row = screen.view.row(1)
    assert row is not None and row.conflict is None


def test_a_job_that_is_not_there_has_no_row() -> None:
    assert Screen().view.row(5) is None


def test_the_revision_changes_with_each_change_and_not_without_one() -> None:
    screen = Screen(make_job(1))
    first = screen.view.snapshot(0, 1).revision
    screen.view.publish(Changes(), [])
    assert screen.view.snapshot(0, 1).revision == first
    screen.publish(make_job(1, S.PAUSED))
    assert screen.view.snapshot(0, 1).revision != first


def test_listeners_hear_each_change_once_until_they_stop() -> None:
    screen = Screen(make_job(1))
    stop = screen.view.listen(screen.listen)
    screen.publish(make_job(1, S.PAUSED))
    stop()
    stop()
    screen.publish(make_job(1, S.CANCELLED))
    assert [change.job.state for change in screen.heard] == [S.PAUSED]


def test_a_listener_may_look_at_the_queue_while_it_is_told() -> None:
    screen = Screen(make_job(1))
    seen: list[JobState] = []

    def look(changes: Sequence[StateChanged]) -> None:
        row = screen.view.row(changes[0].job.id)
        assert row is not None
        seen.append(row.job.state)

    screen.view.listen(look)
    screen.publish(make_job(1, S.PAUSED))
    assert seen == [S.PAUSED]
