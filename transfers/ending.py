"""What becomes of a job when its run is over. Pure: randomness is passed in."""

from __future__ import annotations

from collections.abc import Callable

from providers.errors import NoSpace, ProviderError, Throttled, Unreachable
from providers.records import dataclass, replace
from providers.text import printable
from transfers.altered import altered
from transfers.messages import Ended
from transfers.model import Job, JobState, ParkReason
from transfers.outage import Missed
from transfers.retry import Verdict, after_mistake, rest
from transfers.space import named

_TRIED_AGAIN = "Free some space there: it is tried again every few minutes while the queue runs."


class InternalError(ProviderError):
    """A mistake of Wharfie's own: it costs one job, never the queue."""

    what = "Wharfie made a mistake here"
    advice = "The log has the details; please report it."


@dataclass(frozen=True, slots=True)
class Ending:
    """The job's new value; `delay` in seconds when it waits for a retry.

    `throttled`: an endpoint that is asked nothing for `rest` seconds, whatever becomes of the job.
    `full`: its disk, as `space` names it.
    """

    job: Job
    delay: float | None = None
    throttled: str = ""
    rest: float = 0.0
    full: str = ""


def merged(reported: Job, current: Job | None) -> Job:
    """The worker's word, but for what a person may have changed meanwhile."""
    if current is None:
        return reported
    return altered(
        reported,
        seq=current.seq,
        priority=current.priority,
        policy=current.policy,
        expected=current.expected,
        cancelling=current.cancelling,
        pausing=current.pausing,
    )


def end_of(
    job: Job, ended: Ended, random: Callable[[], float], missed: Missed | None = None
) -> Ending:
    """`job` is the worker's value, `merged`. `missed`: its end met an outage."""
    if missed is not None:
        job, ended = _excused(job, ended, missed)
    # A pause may have been taken back while its worker was ending.
    plain = altered(job, pausing=False) if job.pausing else job
    ending = _end_of(plain, ended, job.pausing, random)
    if ending.job.cancelling and not ending.job.finished:
        ending = Ending(replace(ending.job, state=JobState.QUEUED))
    if isinstance(ended.error, Throttled):
        seconds = rest(ended.error, job.attempt, random) if ending.delay is None else ending.delay
        ending = replace(ending, throttled=ended.error.endpoint, rest=seconds)
    return ending


def _end_of(job: Job, ended: Ended, pausing: bool, random: Callable[[], float]) -> Ending:
    if ended.stop is not None:
        state = JobState.PAUSED if pausing else JobState.QUEUED
        attempt = max(0, job.attempt - 1)
        return Ending(replace(job, state=state, reason="", attempt=attempt, crashes=0))
    if ended.error is not None and ended.verdict is not None:
        return _failed(job, ended.error, ended.verdict, ended.volume, pausing, random)
    if job.crashes:
        job = replace(job, crashes=0)
    if job.park is ParkReason.CONFLICT and job.policy is not ended.job.policy:
        # It was answered, with the rest of its batch, while its worker was looking.
        attempt = job.attempt - 1
        job = replace(job, state=JobState.QUEUED, park=None, reason="", attempt=attempt)
    return Ending(job)


def _excused(job: Job, ended: Ended, missed: Missed) -> tuple[Job, Ended]:
    """Nothing was asked of that server: for a while it costs no attempt."""
    verdict = ended.verdict
    if missed.free:
        job = replace(job, attempt=max(0, job.attempt - 1))
    if missed.free or (verdict is not None and verdict.state is JobState.WAITING):
        verdict = Verdict(JobState.WAITING, missed.delay)
    return job, replace(ended, verdict=verdict)


def _failed(
    job: Job,
    error: ProviderError,
    verdict: Verdict,
    volume: str,
    pausing: bool,
    random: Callable[[], float],
) -> Ending:
    if isinstance(error, InternalError):
        job = replace(job, crashes=job.crashes + 1)
        verdict = after_mistake(job.crashes, random)
    else:
        job = replace(job, crashes=0)
    full = ""
    if isinstance(error, NoSpace) and verdict.park is ParkReason.SPACE:
        full = named(job.target.endpoint, volume)
        if not volume:
            error = NoSpace(error.path, error.what, advice=_TRIED_AGAIN)
    again = isinstance(error, Unreachable) and verdict.state is JobState.WAITING
    reason = printable(str(error)) + " It is tried again." * again
    job = _after(verdict, job, reason, full)
    if pausing and job.state in (JobState.WAITING, JobState.QUEUED):
        return Ending(replace(job, state=JobState.PAUSED, reason=""))
    return Ending(job, verdict.delay if verdict.state is JobState.WAITING else None, full=full)


def _after(verdict: Verdict, job: Job, reason: str, full: str) -> Job:
    if verdict.state is JobState.FAILED and verdict.restart:
        job = replace(job, sent=0, prefix="")  # what may still lie there is never gone on with
    return replace(
        job,
        state=verdict.state,
        reason=reason,
        park=verdict.park,
        asks=full or verdict.asks,
        restarts=job.restarts + verdict.counted,
        proof=job.proof if not verdict.restart or job.upload is None else None,
    )
