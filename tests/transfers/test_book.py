"""The book's sums are those of a recount, whatever happened to its jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from tests.transfers.samples import Desk, make_job, new_job
from transfers.book import Book, first_free_id
from transfers.journal import Changes
from transfers.model import (
    FINISHED,
    GOING,
    RUNNING,
    UNFINISHED,
    Clear,
    Enqueue,
    Job,
    JobState,
    Op,
)

_UNCOUNTED = {JobState.CANCELLED, JobState.SKIPPED, JobState.FAILED}
_FILTERS = (frozenset(), frozenset({JobState.FAILED}), GOING, FINISHED, RUNNING, UNFINISHED)
_jobs = st.builds(
    lambda number, state, seq, size: make_job(number, state, seq=seq, size=size),
    st.integers(1, 12),
    st.sampled_from(JobState),
    st.integers(-5, 20),
    st.none() | st.integers(0, 1 << 62),
)
_changes = st.builds(
    lambda saved, removed: Changes(
        {job.id: job for job in saved if job.id not in removed}, removed
    ),
    st.lists(_jobs, max_size=6),
    st.sets(st.integers(1, 12), max_size=3),
)


def _check(book: Book, jobs: dict[int, Job]) -> None:
    expected = sorted(jobs.values(), key=lambda job: (job.seq, job.id))
    assert list(book) == expected
    assert len(book) == len(jobs)
    assert +book.counts == Counter(job.state for job in jobs.values())
    assert book.size == sum(j.size or 0 for j in expected if j.state not in _UNCOUNTED)
    assert book.done == sum(j.size or 0 for j in expected if j.state is JobState.DONE)
    going = [job for job in expected if job.state in GOING]
    assert book.going == sum(job.size or 0 for job in going)
    assert book.unsized == sum(job.size is None for job in going)
    for states in _FILTERS:
        found = [job for job in expected if job.state in states] if states else expected
        assert book.ids(states) == [job.id for job in found]
        assert list(book.window(1, 2, states)) == found[1:3]
        assert book.count(states) == len(found)


@given(st.lists(_jobs, max_size=6), st.lists(_changes, max_size=8))
def test_sums_and_order_equal_a_recount(first: list[Job], steps: list[Changes]) -> None:
    jobs = {job.id: job for job in first}
    book = Book(first)
    _check(book, jobs)
    for changes in steps:
        book.apply(changes)
        jobs |= changes.saved
        for number in changes.removed:
            jobs.pop(number, None)
        _check(book, jobs)


def test_numbers_and_places_are_never_given_twice() -> None:
    book = Book([make_job(7, seq=3)])
    assert (book.next_id, book.next_seq) == (8, 4)
    book.apply(Changes(removed={7}))
    assert (book.next_id, book.next_seq) == (8, 4)


def test_the_number_of_a_job_that_came_and_went_in_one_cycle_is_given_to_no_other() -> None:
    desk = Desk([make_job(1)])
    desk.give(Enqueue((new_job("a", op=Op.NOTE), new_job("b", op=Op.NOTE))), Clear())
    assert desk.order() == [1]
    assert desk.give(Enqueue((new_job("c"),))) == (4,)


def test_the_numbers_of_removed_jobs_are_kept_with_the_settings_and_only_then() -> None:
    desk = Desk([make_job(1, JobState.DONE), make_job(2)])
    desk.give(Enqueue((new_job("c"),)))
    assert desk.last.changes.settings == {}
    desk.give(Clear())
    settings = desk.last.changes.settings
    assert Book(desk.book, first_free_id(settings)).next_id == 4
    assert first_free_id({}) == first_free_id({"next id": "none"}) == 1


def test_a_window_is_cut_from_the_queue_order() -> None:
    book = Book(make_job(n, seq=-n) for n in range(1, 6))
    assert [job.id for job in book.window(1, 2)] == [4, 3]
    assert [job.id for job in book.window(4, 9)] == [1]
    assert book.window(9, 9) == []


class _Counting(Book):
    """Counts how often all its jobs are gone through."""

    looks = 0

    def __iter__(self) -> Iterator[Job]:
        self.looks += 1
        return super().__iter__()


def test_a_filter_of_many_jobs_follows_those_that_change_and_is_not_made_anew() -> None:
    """100,000 jobs, eight of which change many times a second (faults.md H1)."""
    book = _Counting(make_job(n) for n in range(1, 2001))
    waiting = frozenset({JobState.QUEUED})
    first = book.window(0, 3, waiting)
    book.looks = 0
    for number in (1, 3):
        book.apply(Changes({number: make_job(number, JobState.DONE)}))
    assert [job.id for job in first] == [1, 2, 3]
    assert [job.id for job in book.window(0, 3, waiting)] == [2, 4, 5]
    assert book.looks == 0
