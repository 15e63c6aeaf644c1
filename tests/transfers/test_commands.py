"""Each command on jobs in each state."""

from __future__ import annotations

import time

import pytest

from tests.transfers.samples import Desk, make_job, new_job
from transfers.control import Stop
from transfers.draft import Signal
from transfers.model import (
    FINISHED,
    RUNNING,
    Cancel,
    Clear,
    Command,
    Enqueue,
    JobState,
    Move,
    Op,
    ParkReason,
    Pause,
    Policy,
    Resolve,
    Resume,
    Retry,
    SetPriority,
    Unpark,
    Verify,
)

S = JobState
_EVERY = list(JobState)


def _after(command: Command, state: JobState, **fields: object) -> JobState:
    desk = Desk([make_job(1, state, **fields)])
    desk.give(command)
    return desk.job(1).state


def _changed(command: Command) -> dict[JobState, JobState]:
    """Of a job in each state, those that the command brings into another."""
    found = {state: _after(command, state) for state in _EVERY}
    return {before: after for before, after in found.items() if before is not after}


# Enqueue


def test_enqueued_jobs_get_numbers_places_and_keys_in_order() -> None:
    desk = Desk([make_job(4, seq=9)])
    command = Enqueue((new_job("a"), new_job("b")), Policy.NEWER, Verify.STRONG)
    assert desk.give(command) == (5, 6)
    first, second = desk.job(5), desk.job(6)
    assert (first.seq, second.seq) == (10, 11)
    assert first.batch == second.batch == 5
    assert first.key != second.key
    assert (first.policy, first.verify, first.state) == (Policy.NEWER, Verify.STRONG, S.QUEUED)


def test_a_job_that_was_decided_by_itself_keeps_its_policy_and_what_was_seen() -> None:
    desk = Desk()
    decided = new_job("b", policy=Policy.OVERWRITE, agreed="v1")
    desk.give(Enqueue((new_job("a"), decided), Policy.SKIP))
    found = [(job.policy, job.agreed) for job in desk.book]
    assert found == [(Policy.SKIP, None), (Policy.OVERWRITE, "v1")]


def test_a_note_is_skipped_or_failed_from_the_start_with_its_reason() -> None:
    desk = Desk()
    left_out = new_job("link", op=Op.NOTE, note="a link")
    refused = new_job("bad", op=Op.NOTE, note="refused", failed=True)
    desk.give(Enqueue((left_out, refused)))
    assert [(j.state, j.reason) for j in desk.book] == [
        (S.SKIPPED, "a link"),
        (S.FAILED, "refused"),
    ]
    desk.give(Retry((2,)))
    assert desk.job(2).state is S.FAILED


# Pause, Resume


def test_pause_stops_what_runs_and_holds_what_waits_its_turn() -> None:
    assert _changed(Pause()) == {S.QUEUED: S.PAUSED, S.WAITING: S.PAUSED}
    for state in RUNNING:
        desk = Desk([make_job(1, state)])
        assert desk.give(Pause()) == (1,)
        assert desk.last.signals == [Signal(1, Stop.PAUSE)]


def test_a_job_being_cancelled_cannot_be_paused() -> None:
    for state in (S.QUEUED, S.TRANSFERRING):
        desk = Desk([make_job(1, state, cancelling=True)])
        assert desk.give(Pause()) == ()
        assert desk.last.signals == []


def test_resume_all_takes_up_paused_and_parked_jobs() -> None:
    assert _changed(Resume()) == {S.PAUSED: S.QUEUED, S.PARKED: S.QUEUED}


def test_resume_of_a_waiting_job_by_name_tries_it_now() -> None:
    assert _after(Resume((1,)), S.WAITING) is S.QUEUED


def test_resume_leaves_a_conflict_to_be_answered() -> None:
    assert _after(Resume((1,)), S.PARKED, park=ParkReason.CONFLICT) is S.PARKED


def test_being_parked_costs_no_attempt() -> None:
    desk = Desk([make_job(1, S.PARKED, attempt=3, park=ParkReason.SPACE)])
    desk.give(Resume())
    assert desk.job(1).attempt == 2
    assert desk.job(1).park is None


# Cancel


def test_cancel_ends_what_has_nothing_to_clean_up() -> None:
    resting = (S.QUEUED, S.WAITING, S.PARKED, S.PAUSED)
    assert _changed(Cancel()) == dict.fromkeys(resting, S.CANCELLED)


@pytest.mark.parametrize("state", sorted(RUNNING))
def test_cancel_of_a_running_job_tells_its_worker(state: JobState) -> None:
    desk = Desk([make_job(1, state)])
    assert desk.give(Cancel((1,))) == (1,)
    assert desk.job(1).cancelling
    assert desk.last.signals == [Signal(1, Stop.CANCEL)]
    assert desk.give(Cancel((1,))) == ()


@pytest.mark.parametrize("state", [S.QUEUED, S.WAITING, S.PARKED, S.PAUSED])
def test_cancel_of_a_job_with_unfinished_bytes_has_a_worker_remove_them(state: JobState) -> None:
    desk = Desk([make_job(1, state, upload="token", begun=True)])
    desk.give(Cancel())
    assert (desk.job(1).state, desk.job(1).cancelling) == (S.QUEUED, True)


# Retry, Unpark


def test_retry_all_takes_up_what_failed() -> None:
    assert _changed(Retry()) == {S.FAILED: S.QUEUED}


def test_retry_by_name_takes_up_whatever_is_stuck() -> None:
    stuck = (S.FAILED, S.CANCELLED, S.WAITING, S.PARKED)
    assert _changed(Retry((1,))) == dict.fromkeys(stuck, S.QUEUED)


def test_retry_begins_with_the_first_attempt_and_no_old_times() -> None:
    desk = Desk([make_job(1, S.FAILED, attempt=8, reason="lost", started=1.0, ended=2.0)])
    desk.give(Retry())
    job = desk.job(1)
    assert (job.attempt, job.reason, job.started, job.ended) == (0, "", None, None)


def test_unpark_takes_up_the_jobs_of_that_endpoint_only() -> None:
    desk = Desk(make_job(n, S.PARKED, asks=asks) for n, asks in enumerate(("a", "b", "a", ""), 1))
    assert desk.give(Unpark("a")) == (1, 3)
    assert [job.state for job in desk.book] == [S.QUEUED, S.PARKED, S.QUEUED, S.PARKED]
    assert desk.job(1).asks == ""


# Resolve


def test_an_answered_conflict_runs_again_under_its_new_policy() -> None:
    desk = Desk([make_job(1, S.PARKED, park=ParkReason.CONFLICT, attempt=1)])
    assert desk.give(Resolve(1, Policy.RENAME)) == (1,)
    job = desk.job(1)
    assert (job.state, job.policy, job.attempt, job.park) == (S.QUEUED, Policy.RENAME, 0, None)


def test_an_answer_for_all_holds_for_the_rest_of_the_batch() -> None:
    desk = Desk(
        [
            make_job(1, S.PARKED, park=ParkReason.CONFLICT),
            make_job(2, S.PARKED, park=ParkReason.CONFLICT),
            make_job(3),
            make_job(4, S.DONE),
            make_job(5, policy=Policy.SKIP),
            make_job(6, batch=2),
            make_job(7, S.PARKED, park=ParkReason.SPACE),
        ]
    )
    assert desk.give(Resolve(1, Policy.OVERWRITE, whole_batch=True)) == (1, 2, 3, 7)
    assert [job.policy for job in desk.book if job.id in (1, 2, 3, 7)] == [Policy.OVERWRITE] * 4
    assert [desk.job(n).state for n in (1, 2, 3, 7)] == [S.QUEUED, S.QUEUED, S.QUEUED, S.PARKED]
    assert desk.job(5).policy is Policy.SKIP
    assert desk.job(6).policy is Policy.ASK


def test_an_answer_comes_too_late_for_a_job_that_is_gone_or_over() -> None:
    desk = Desk([make_job(1, S.CANCELLED)])
    assert desk.give(Resolve(1, Policy.OVERWRITE)) == ()
    assert desk.give(Resolve(99, Policy.OVERWRITE, whole_batch=True)) == ()


# Clear


def test_clear_removes_what_is_finished_and_nothing_else() -> None:
    desk = Desk(make_job(n, state) for n, state in enumerate(_EVERY, 1))
    cleared = set(desk.give(Clear()))
    assert cleared == {n for n, state in enumerate(_EVERY, 1) if state in FINISHED}
    assert {job.state for job in desk.book} == set(_EVERY) - FINISHED


# Move


@pytest.mark.parametrize(
    ("jobs", "by", "to", "order"),
    [
        ((3,), -1, "", [1, 3, 2, 4, 5]),
        ((3,), 1, "", [1, 2, 4, 3, 5]),
        ((3,), -2, "", [3, 1, 2, 4, 5]),
        ((3,), -9, "", [3, 1, 2, 4, 5]),
        ((1,), -1, "", [1, 2, 3, 4, 5]),
        ((5,), 1, "", [1, 2, 3, 4, 5]),
        ((2, 4), -1, "", [2, 1, 4, 3, 5]),
        ((2, 4), 1, "", [1, 3, 2, 5, 4]),
        ((1, 2), -1, "", [1, 2, 3, 4, 5]),
        ((4, 5), 1, "", [1, 2, 3, 4, 5]),
        ((2, 3), 2, "", [1, 4, 5, 2, 3]),
        ((1, 3), -1, "", [1, 3, 2, 4, 5]),
        ((4, 2), 0, "top", [2, 4, 1, 3, 5]),
        ((4, 2), 0, "bottom", [1, 3, 5, 2, 4]),
        ((), 1, "", [1, 2, 3, 4, 5]),
        ((99,), 0, "top", [1, 2, 3, 4, 5]),
    ],
)
def test_jobs_move_within_the_queue(
    jobs: tuple[int, ...], by: int, to: str, order: list[int]
) -> None:
    desk = Desk(make_job(n) for n in range(1, 6))
    desk.give(Move(jobs, by=by, to=to))
    assert desk.order() == order
    assert len({job.seq for job in desk.book}) == 5


@pytest.mark.parametrize("jobs", [(4,), (1, 2, 6), (3, 5, 6, 11), (2, 7, 12)])
@pytest.mark.parametrize("by", range(-13, 14))
def test_moving_by_many_places_is_moving_by_one_as_often(jobs: tuple[int, ...], by: int) -> None:
    at_once, step_by_step = (Desk(make_job(n) for n in range(1, 13)) for _ in range(2))
    at_once.give(Move(jobs, by=by))
    for _ in range(abs(by)):
        step_by_step.give(Move(jobs, by=1 if by > 0 else -1))
    assert at_once.order() == step_by_step.order()


def test_H1_a_move_by_many_places_in_a_long_queue_holds_nothing_up() -> None:
    desk = Desk(make_job(n) for n in range(1, 20_001))
    since = time.process_time()
    desk.give(Move(tuple(range(1, 1001)), by=10_000))
    assert time.process_time() - since < 5.0  # it takes a tenth of a second; place by place, hours
    assert desk.order()[10_000:11_000] == list(range(1, 1001))


def test_moving_to_the_top_again_and_again_puts_the_last_one_first() -> None:
    desk = Desk(make_job(n) for n in (1, 2, 3))
    desk.give(Move((2,), to="top"))
    desk.give(Move((3,), to="top"))
    desk.give(Move((2,), to="bottom"))
    assert desk.order() == [3, 1, 2]


def test_each_gets_the_priority_that_is_said_or_more_than_it_had() -> None:
    desk = Desk([make_job(1, priority=3), make_job(2, priority=-1), make_job(3, S.DONE)])
    assert desk.give(SetPriority((1, 2, 3), 1, more=True)) == (1, 2)
    assert [desk.job(n).priority for n in (1, 2, 3)] == [4, 0, 0]
    desk.give(SetPriority(None, 2))
    assert [desk.job(n).priority for n in (1, 2, 3)] == [2, 2, 0]


# All


def test_commands_see_the_jobs_that_were_enqueued_in_the_same_cycle() -> None:
    desk = Desk([make_job(1)])
    assert desk.give(Enqueue((new_job(),)), Pause()) == (1, 2)
    assert desk.job(2).state is S.PAUSED
    assert desk.give(Enqueue((new_job(),)), Move((3,), to="top")) == (3,)
    assert desk.order() == [3, 1, 2]


def test_what_is_no_command_of_the_book_is_refused() -> None:
    with pytest.raises(TypeError, match="nonsense"):
        Desk().give("nonsense")  # type: ignore[arg-type]
