"""A cycle's changes: which transitions it lets through, what it stamps and what it pushes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.transfers.samples import Desk, make_entry, make_job
from transfers.draft import IllegalTransition
from transfers.model import LEGAL, Conflict, JobState, ParkReason

S = JobState


@pytest.mark.parametrize("before", JobState)
def test_only_legal_transitions_pass(before: JobState) -> None:
    for after in JobState:
        draft = Desk([make_job(1, before)]).draft()
        job = make_job(1, after)
        if after is before or after in LEGAL[before]:
            draft.save(job)
            assert draft.get(1) is not None
        else:
            with pytest.raises(IllegalTransition):
                draft.save(job)
            assert not draft.changes


def test_done_and_skipped_are_final_and_every_other_state_can_be_left() -> None:
    assert {state for state, after in LEGAL.items() if not after} == {S.DONE, S.SKIPPED}
    assert set(LEGAL) == set(JobState)


def test_a_job_that_is_not_there_cannot_be_saved() -> None:
    with pytest.raises(IllegalTransition):
        Desk().draft().save(make_job(1))


def test_a_change_of_state_is_noted_and_pushed_once_and_other_changes_are_not() -> None:
    draft = Desk([make_job(1)], now=7.0).draft()
    draft.save(make_job(1, seq=5))
    draft.save(make_job(1, S.PREPARING, reason="why"))
    assert [(e.job, e.at, e.before, e.after, e.why) for e in draft.changes.events] == [
        (1, 7.0, S.QUEUED, S.PREPARING, "why")
    ]
    assert [(c.before, c.job.state) for c in draft.pushed] == [(S.QUEUED, S.PREPARING)]


def test_a_conflict_goes_with_the_change_it_caused() -> None:
    conflict = Conflict(make_entry(), make_entry())
    draft = Desk([make_job(1, S.PREPARING)]).draft()
    draft.save(make_job(1, S.PARKED, park=ParkReason.CONFLICT), conflict)
    assert draft.pushed[0].conflict is conflict


def test_a_start_is_stamped_once_and_an_end_when_it_comes() -> None:
    desk = Desk([make_job(1)], now=10.0)
    draft = desk.draft()
    draft.save(make_job(1, S.PREPARING))
    desk.book.apply(draft.changes)
    assert desk.job(1).started == 10.0
    desk.now = 20.0
    draft = desk.draft()
    draft.save(replace(desk.job(1), state=S.QUEUED))
    draft.save(replace(desk.job(1), state=S.PREPARING))
    draft.save(replace(desk.job(1), state=S.CANCELLED, cancelling=True, asks="x"))
    desk.book.apply(draft.changes)
    job = desk.job(1)
    assert (job.started, job.ended, job.cancelling, job.asks) == (10.0, 20.0, False, "")


def test_a_job_that_leaves_its_parking_place_no_longer_asks() -> None:
    parked = make_job(1, S.PARKED, park=ParkReason.SIGN_IN, asks="sftp://h")
    draft = Desk([parked]).draft()
    draft.save(replace(parked, state=S.PAUSED))
    job = draft.get(1)
    assert job is not None
    assert (job.park, job.asks) == (None, "")


def test_the_draft_shows_its_own_changes_over_the_book() -> None:
    desk = Desk([make_job(1), make_job(2)])
    draft = desk.draft()
    draft.save(make_job(2, S.PAUSED))
    draft.remove(make_job(1))
    draft.add_all([make_job(3)])
    assert [(job.id, job.state) for job in draft.jobs()] == [(2, S.PAUSED), (3, S.QUEUED)]
    assert draft.get(1) is None
    assert [job.id for job in draft.select((3, 1, 99))] == [3]
    assert desk.order() == [1, 2]


def test_a_job_added_and_removed_in_one_cycle_leaves_nothing() -> None:
    desk = Desk()
    draft = desk.draft()
    draft.add_all([make_job(1, S.SKIPPED)])
    draft.remove(make_job(1, S.SKIPPED))
    desk.book.apply(draft.changes)
    assert len(desk.book) == 0
    assert list(draft.jobs()) == []


def test_a_change_of_status_alone_is_told_apart_from_one_of_anything_else() -> None:
    draft = Desk([make_job(1), make_job(2), make_job(3)]).draft()
    draft.change(1, priority=1)
    draft.change(2, priority=1)
    draft.save(replace(make_job(2), size=5))
    draft.save(replace(make_job(3), size=5))
    draft.change(3, priority=1)
    assert draft.changes.restated == {1}
    assert [(job.priority, job.size) for job in draft.select((1, 2, 3))] == [
        (1, None),
        (0, 5),
        (1, 5),
    ]


def test_a_change_that_is_refused_leaves_nothing_of_itself() -> None:
    draft = Desk([make_job(1, S.DONE)]).draft()
    with pytest.raises(IllegalTransition):
        draft.change(1, state=S.QUEUED)
    with pytest.raises(TypeError):
        draft.change(1, size=5)
    assert not draft.changes
    assert not draft.changes.restated


def test_many_changed_alike_are_noted_stamped_and_pushed_each_by_its_own_state() -> None:
    jobs = [
        make_job(1),
        make_job(2),
        make_job(3, S.PARKED, park=ParkReason.SIGN_IN, asks="sftp://h"),
    ]
    draft = Desk([*jobs, make_job(4)], now=7.0).draft()
    draft.save(replace(jobs[1], size=5))
    draft.change_all(draft.select((1, 2, 3)), state=S.CANCELLED, reason="why")
    changed = draft.select((1, 2, 3))
    assert [(j.state, j.reason, j.ended, j.park, j.asks, j.size) for j in changed] == [
        (S.CANCELLED, "why", 7.0, None, "", size) for size in (None, 5, None)
    ]
    assert draft.changes.restated == {1, 3}
    assert [(e.job, e.last, e.before, e.after, e.why) for e in draft.changes.events] == [
        (1, 2, S.QUEUED, S.CANCELLED, "why"),
        (3, 3, S.PARKED, S.CANCELLED, "why"),
    ]
    assert [(c.job, c.before) for c in draft.pushed] == [
        (job, before) for job, before in zip(changed, (S.QUEUED, S.QUEUED, S.PARKED), strict=True)
    ]


def test_a_start_of_many_is_stamped_where_it_is_the_first() -> None:
    draft = Desk([make_job(1), make_job(2, started=3.0)], now=7.0).draft()
    draft.change_all(draft.select(None), state=S.PREPARING)
    assert [job.started for job in draft.select(None)] == [7.0, 3.0]


def test_a_job_given_twice_is_changed_and_pushed_once() -> None:
    draft = Desk([make_job(1)]).draft()
    draft.change_all(draft.select((1, 1)), state=S.PAUSED)
    assert [change.job.id for change in draft.pushed] == [1]
    assert [(event.job, event.last) for event in draft.changes.events] == [(1, 1)]


def test_when_one_of_many_may_not_be_changed_none_is() -> None:
    draft = Desk([make_job(1), make_job(2, S.DONE)]).draft()
    with pytest.raises(IllegalTransition):
        draft.change_all(draft.select(None), state=S.PAUSED)
    assert not draft.changes
    assert not draft.pushed
