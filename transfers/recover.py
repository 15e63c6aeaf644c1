"""A queue as an earlier run left it: what its jobs are now. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from providers.records import replace
from transfers.control import Checkpoint
from transfers.journal import Part
from transfers.model import RUNNING, UNFINISHED, Job, JobState, Op, ParkReason
from transfers.retry import MOST_CRASHES

_POISON = (
    f"Wharfie ended {MOST_CRASHES} times while it worked on this. Look at the file and the log, "
    "then resume it."
)


def recovered(job: Job) -> Job:
    """The job as it goes on. The journal keeps its old state until it moves again.

    One that was running when the last run died, again and again, waits for a person (A11).
    """
    if job.state in RUNNING:
        state = JobState.PAUSED if job.pausing else JobState.QUEUED
        job = replace(job, crashes=job.crashes + 1, state=state, pausing=False)
        if job.crashes >= MOST_CRASHES:
            job = replace(job, state=JobState.PARKED, park=ParkReason.OTHER, reason=_POISON)
        return job
    if job.state is JobState.WAITING or _asks_again(job):
        return replace(job, state=JobState.QUEUED, park=None, asks="")
    return job


def at_rest(job: Job) -> Job:
    """The job for who only looks at it: none runs, and what waits for a person still does."""
    return recovered(job) if job.state in RUNNING else job


def _asks_again(job: Job) -> bool:
    """Parked for what a new run finds out anew; a lasting reason stays."""
    return job.state is JobState.PARKED and job.park is not ParkReason.OTHER


def checkpoint(job: Job, parts: Sequence[Part]) -> Checkpoint | None:
    """What the destination holds of an unfinished upload, to be proven before it is relied upon.

    A failed job's, too: a person may have it retried.
    """
    whole = sum(part.length for part in parts) == job.sent
    if not has_parts(job) or job.upload is None or not whole:
        return None
    return Checkpoint(
        upload=job.upload,
        version=job.source_version,
        size=job.size,
        receipts=tuple(part.receipt for part in parts),
        offset=job.sent,
        prefix=job.prefix,
        hasher=None,
    )


def has_parts(job: Job) -> bool:
    """Whether `checkpoint` needs the job's parts."""
    resumable = job.state in UNFINISHED or job.state is JobState.FAILED
    return job.op in (Op.COPY, Op.MOVE) and resumable and job.sent > 0
