"""What becomes of a job when its run is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.errors import ConnectionLost, Denied, NoSpace, Throttled, Unreachable
from tests.transfers.samples import RIGHT, make_job
from transfers.control import Stop
from transfers.ending import Ending, InternalError, end_of
from transfers.messages import Ended
from transfers.model import Job, JobState, ParkReason, Policy
from transfers.outage import Missed
from transfers.retry import Verdict

S = JobState
RUNNING = make_job(1, S.TRANSFERRING, attempt=1)


def _end(job: Job, ended: Ended, *, pausing: bool = False) -> Ending:
    return end_of(replace(job, pausing=pausing), ended, lambda: 0.5)


def test_a_pause_ends_paused_and_one_taken_back_queued() -> None:
    ended = Ended(RUNNING, stop=Stop.PAUSE)
    assert _end(RUNNING, ended, pausing=True).job == replace(RUNNING, state=S.PAUSED, attempt=0)
    assert _end(RUNNING, ended).job == replace(RUNNING, state=S.QUEUED, attempt=0)


def test_a_lost_connection_waits_as_long_as_its_verdict_says() -> None:
    ended = Ended(RUNNING, error=ConnectionLost("/a"), verdict=Verdict(S.WAITING, delay=7.0))
    ending = _end(RUNNING, ended)
    assert (ending.job.state, ending.delay, ending.throttled) == (S.WAITING, 7.0, "")
    paused = _end(RUNNING, ended, pausing=True)
    assert (paused.job.state, paused.delay) == (S.PAUSED, None)


def _miss(missed: Missed, attempt: int, verdict: Verdict) -> Ending:
    job = replace(RUNNING, attempt=attempt)
    ended = Ended(job, error=Unreachable(RIGHT, "nobody is there"), verdict=verdict)
    return end_of(job, ended, lambda: 0.5, missed)


def test_a_free_miss_gives_the_attempt_back_and_waits_as_long_as_the_outage_says() -> None:
    ending = _miss(Missed(30.0, free=True), 8, Verdict(S.FAILED))
    assert (ending.job.state, ending.job.attempt, ending.delay) == (S.WAITING, 7, 30.0)
    assert ending.job.reason.endswith("is running. It is tried again.")


def test_a_miss_that_counts_waits_as_long_and_fails_at_the_last_attempt() -> None:
    waits = _miss(Missed(30.0, free=False), 7, Verdict(S.WAITING, delay=1.0))
    assert (waits.job.state, waits.job.attempt, waits.delay) == (S.WAITING, 7, 30.0)
    fails = _miss(Missed(30.0, free=False), 8, Verdict(S.FAILED))
    assert (fails.job.state, fails.job.attempt, fails.delay) == (S.FAILED, 8, None)
    assert "tried again" not in fails.job.reason


def test_a_job_that_is_to_be_sent_anew_when_it_failed_is_not_gone_on_with() -> None:
    """Also where its unfinished bytes could not be removed, after the next start, too."""
    job = replace(RUNNING, upload="token", sent=30, prefix="abc")
    denied = Ended(job, error=Denied("/a"), verdict=Verdict(S.FAILED, restart=True))
    assert (_end(job, denied).job.upload, _end(job, denied).job.sent) == ("token", 0)
    lost = Ended(job, error=ConnectionLost("/a"), verdict=Verdict(S.FAILED))
    assert (_end(job, lost).job.upload, _end(job, lost).job.sent) == ("token", 30)


def test_a_throttled_account_is_named() -> None:
    error = Throttled("/a", retry_after=9.0, endpoint=RIGHT)
    ending = _end(RUNNING, Ended(RUNNING, error=error, verdict=Verdict(S.WAITING, delay=9.0)))
    assert (ending.delay, ending.throttled, ending.rest) == (9.0, RIGHT, 9.0)


_WAITS = Verdict(S.WAITING, delay=9.0)


@pytest.mark.parametrize(
    ("more", "verdict", "state"),
    [
        ({"attempt": 8}, Verdict(S.FAILED), S.FAILED),
        ({"pausing": True}, _WAITS, S.PAUSED),
        ({"cancelling": True}, _WAITS, S.QUEUED),
    ],
)
def test_a_throttled_account_rests_whatever_becomes_of_the_job(
    more: dict[str, object], verdict: Verdict, state: JobState
) -> None:
    job = replace(RUNNING, **more)  # type: ignore[arg-type]
    error = Throttled("/a", retry_after=9.0, endpoint=RIGHT)
    ending = end_of(job, Ended(job, error=error, verdict=verdict), lambda: 0.5)
    assert (ending.job.state, ending.delay) == (state, None)
    assert (ending.throttled, ending.rest) == (RIGHT, 9.0)


def test_a_throttled_account_rests_also_when_its_job_was_told_to_stop_meanwhile() -> None:
    error = Throttled("/a", retry_after=9.0, endpoint=RIGHT)
    ending = _end(RUNNING, Ended(RUNNING, stop=Stop.PAUSE, error=error), pausing=True)
    assert (ending.job.state, ending.throttled, ending.rest) == (S.PAUSED, RIGHT, 9.0)


def test_an_account_that_does_not_say_for_how_long_rests_as_long_as_its_job() -> None:
    error = Throttled("/a", retry_after=None, endpoint=RIGHT)
    waits = _end(RUNNING, Ended(RUNNING, error=error, verdict=Verdict(S.WAITING, delay=3.0)))
    assert (waits.delay, waits.rest) == (3.0, 3.0)
    last = replace(RUNNING, attempt=8)
    fails = _end(last, Ended(last, error=error, verdict=Verdict(S.FAILED)))
    assert (fails.delay, fails.rest) == (None, 0.5 * 2**8)


@pytest.mark.parametrize(("volume", "asks"), [("disk", f"{RIGHT}#disk"), ("", f"{RIGHT}#")])
def test_D1_a_full_disk_is_named_as_far_as_it_is_known(volume: str, asks: str) -> None:
    verdict = Verdict(S.PARKED, park=ParkReason.SPACE)
    ended = Ended(RUNNING, error=NoSpace("/a"), verdict=verdict, volume=volume)
    ending = _end(RUNNING, ended)
    assert (ending.job.state, ending.job.asks, ending.full) == (S.PARKED, asks, asks)
    assert ("it is tried again" in ending.job.reason) is (volume == "")


def test_A11_a_mistake_of_ours_is_tried_three_times_then_left_to_a_person() -> None:
    ended = Ended(RUNNING, error=InternalError("/a"), verdict=Verdict(S.FAILED))
    first = _end(RUNNING, ended)
    assert (first.job.state, first.job.crashes) == (S.WAITING, 1)
    third = _end(replace(RUNNING, crashes=2), ended)
    assert (third.job.state, third.job.park) == (S.PARKED, ParkReason.OTHER)


def test_any_orderly_end_forgets_the_crashes() -> None:
    job = replace(RUNNING, crashes=2)
    assert _end(job, Ended(job, stop=Stop.QUIT)).job.crashes == 0
    done = replace(job, state=S.DONE)
    assert _end(done, Ended(done)).job.crashes == 0


def test_a_cancelled_job_that_is_not_at_its_end_goes_back_to_be_cleaned_up() -> None:
    job = replace(RUNNING, cancelling=True)
    ending = _end(
        job, Ended(job, error=ConnectionLost("/a"), verdict=Verdict(S.WAITING, delay=7.0))
    )
    assert (ending.job.state, ending.delay) == (S.QUEUED, None)


def test_a_conflict_that_was_answered_meanwhile_is_no_longer_asked() -> None:
    parked = replace(RUNNING, state=S.PARKED, park=ParkReason.CONFLICT)
    answered = replace(parked, policy=Policy.OVERWRITE)
    assert _end(answered, Ended(parked)).job.state is S.QUEUED
    assert _end(parked, Ended(parked)).job.state is S.PARKED
