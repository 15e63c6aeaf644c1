"""Which small files go through a thread together, and how many."""

from __future__ import annotations

import threading
from dataclasses import replace

from providers.base import Place
from tests.transfers.samples import LEFT, RIGHT, make_job
from transfers.batch import SECONDS, SMALL, Batch, Sizes, is_small, may_join
from transfers.control import Control
from transfers.limit import Limiter
from transfers.model import Job, JobState, Op
from transfers.run import Run
from transfers.schedule import Lane, Schedule

LANE = Lane(LEFT, RIGHT)
PLAIN = replace(make_job(1), size=SMALL)


def _runs(count: int) -> list[Run]:
    def nobody(*_: object) -> object:
        raise AssertionError("not to be called")

    limiter = Limiter(lambda: 0.0)
    return [
        Run(make_job(n), Control(), limiter, nobody, nobody, set())  # type: ignore[arg-type]
        for n in range(count)
    ]


def test_what_is_put_back_is_taken_first_and_may_be_taken_back() -> None:
    first, second, third = _runs(3)
    batch = Batch([first, second, third], 0.0)
    taken = [batch.take(), batch.take()]
    batch.put_back([run for run in taken if run is not None])
    assert batch.take_back(first)
    assert [batch.take(), batch.take(), batch.take()] == [second, third, None]


def test_only_a_small_copy_that_nothing_has_befallen_joins_others() -> None:
    assert may_join(PLAIN)
    assert may_join(replace(PLAIN, size=None))
    assert not may_join(replace(PLAIN, size=SMALL + 1))
    assert not may_join(replace(PLAIN, op=Op.MOVE))
    assert not may_join(replace(PLAIN, op=Op.MAKE_DIR))
    assert not may_join(replace(PLAIN, op=Op.RENAME))
    assert may_join(replace(PLAIN, op=Op.PRUNE))
    for befallen in (
        replace(PLAIN, begun=True),
        replace(PLAIN, crashes=1),
        replace(PLAIN, cancelling=True),
        replace(PLAIN, started=1.0),
    ):
        assert not may_join(befallen)


def test_what_has_no_known_size_is_not_small() -> None:
    assert is_small(0) and is_small(SMALL)
    assert not is_small(None) and not is_small(SMALL + 1)


def test_files_run_alone_until_they_were_fast_and_then_ever_more_together() -> None:
    sizes, seen = Sizes(), []
    for _ in range(9):
        seen.append(sizes.of(LANE))
        sizes.took(LANE, seen[-1], seen[-1] * SECONDS / 1000)
    assert seen == [1, 2, 4, 8, 16, 32, 64, 64, 64]
    assert sizes.of(Lane(RIGHT, LEFT)) == 1


def test_a_batch_has_as_many_files_as_its_time_suffices_for() -> None:
    sizes = Sizes()
    for _ in range(9):
        sizes.took(LANE, sizes.of(LANE), sizes.of(LANE) * SECONDS / 10)
    assert sizes.of(LANE) == 10
    sizes.took(LANE, 10, 100 * SECONDS)
    assert sizes.of(LANE) == 1


def test_a_last_batch_of_few_files_makes_the_next_no_smaller() -> None:
    sizes = Sizes()
    for _ in range(6):
        sizes.took(LANE, sizes.of(LANE), 0.0)
    sizes.took(LANE, 1, SECONDS / 1000)
    assert sizes.of(LANE) == 64


def test_over_distance_a_batch_grows_where_its_files_wait_together() -> None:
    sizes = Sizes()
    for together, grown in ((False, 1), (True, 4)):
        sizes.took(LANE, 1, 0.24, together=together)  # one file took as long as a batch may
        assert sizes.of(LANE) == grown
    sizes.took(LANE, 64, 1.4, together=True)
    assert sizes.of(LANE) == 256
    sizes.took(LANE, 256, 1.4, together=True)
    assert sizes.of(LANE) == 256
    sizes.took(LANE, 64, 6.4, together=True)  # the line is slow: each waits for all
    assert sizes.of(LANE) == 2


def test_a_batch_shares_its_files_with_others_unless_they_wait_together() -> None:
    sizes = Sizes()
    sizes.took(LANE, 64, 0.01)
    assert (sizes.of(LANE), sizes.least(LANE)) == (64, 1)
    sizes.took(LANE, 64, 0.01, together=True)
    assert (sizes.of(LANE), sizes.least(LANE)) == (256, 128)


def test_each_run_is_worked_once_or_taken_back_once() -> None:
    runs = _runs(4)
    batch = Batch(runs, 0.0)
    assert batch.take() is runs[0]
    assert batch.take_back(runs[2])
    assert not batch.take_back(runs[2])
    assert not batch.take_back(runs[0])
    assert list(batch.take_back_all()) == [runs[1], runs[3]]
    assert batch.take() is None


def test_a_thread_is_free_when_the_last_of_its_runs_is_over() -> None:
    batch = Batch(_runs(3), 0.0)
    assert [batch.leaves() for _ in range(3)] == [True, True, False]


def test_a_run_is_never_both_worked_and_taken_back() -> None:
    for _ in range(50):
        runs = _runs(20)
        batch, taken = Batch(runs, 0.0), []
        thread = threading.Thread(target=lambda b=batch, t=taken: t.extend(iter(b.take, None)))
        thread.start()
        back = [run for run in reversed(runs) if batch.take_back(run)]
        thread.join()
        numbers = sorted(run.job.id for run in (*taken, *back))
        assert numbers == list(range(20))


def _take_two(*jobs: Job) -> tuple[int | None, int | None]:
    by_id, schedule = {job.id: job for job in jobs}, Schedule()
    for job in jobs:
        schedule.note(None, job)
    first = schedule.take(by_id.get, lambda lane: True)
    assert first is not None
    by_id[first.id] = replace(first, state=JobState.PREPARING)
    second = schedule.take_alike(first, by_id.get, may_join)
    return first.id, None if second is None else second.id


def test_the_next_of_a_lane_is_taken_along_when_it_is_alike() -> None:
    second = replace(make_job(2), size=SMALL)
    assert _take_two(PLAIN, second) == (1, 2)
    assert _take_two(PLAIN, replace(second, priority=-1)) == (1, None)
    assert _take_two(PLAIN, replace(second, size=SMALL + 1)) == (1, None)
    assert _take_two(PLAIN, replace(second, state=JobState.PAUSED)) == (1, None)
    assert _take_two(PLAIN, replace(second, source=Place(RIGHT, "/2"))) == (1, None)


def test_two_files_for_one_destination_are_not_taken_together() -> None:
    twin = replace(make_job(2), size=SMALL, target=PLAIN.target)
    assert _take_two(PLAIN, twin) == (1, None)
