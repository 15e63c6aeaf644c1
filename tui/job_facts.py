"""All there is to say about one transfer, as names and values for a person. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from providers import location
from providers.extras import Property
from providers.records import dataclass
from transfers.history import History, Step
from transfers.model import FINISHED, RUNNING, Job, JobState, Op, Row
from tui import format as show
from tui.facts import exact_size, moment
from tui.op_words import ends, verb
from tui.widgets.transfer_row import fraction, state, way_on

_NOT_KNOWN = "not known"
_RESTS = FINISHED | {JobState.WAITING, JobState.PARKED, JobState.PAUSED, JobState.QUEUED}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of a job. `end`: the state it came to; None while it runs. Unix seconds."""

    started: float
    end: JobState | None = None
    ended: float | None = None
    why: str = ""


def attempts(steps: Sequence[Step]) -> list[Attempt]:
    """The starts that `steps` tell of, oldest first."""
    found: list[Attempt] = []
    for step in steps:
        if step.state is JobState.PREPARING:
            found.append(Attempt(step.at))
        elif step.state in _RESTS and found and found[-1].end is None:
            found[-1] = Attempt(found[-1].started, step.state, step.at, step.why)
    return found


def job_facts(row: Row, told: History) -> list[Property]:
    """Everything about the job of `row`; `told`: what befell it."""
    job = row.job
    return [
        Property("Transfer", f"{verb(job) or job.op} (number {job.id})"),
        *_ends(job),
        *_standing(row),
        *_amounts(row, told),
        *_proof(job),
        *_times(job, told),
        Property("Priority", f"{job.priority:+}" if job.priority else "0, as all"),
        *_attempts(told),
    ]


def _ends(job: Job) -> Iterator[Property]:
    start, end = ends(job)
    yield Property("From", start)
    if end and job.op is not Op.REMOVE_DIR:
        yield Property("To", end)
    if job.op is Op.PRUNE:
        yield Property("Because of", f"{location.show(job.source)}, which is not there")


def _standing(row: Row) -> Iterator[Property]:
    job = row.job
    parked = f": {job.park}" if job.state is JobState.PARKED and job.park else ""
    yield Property("State", f"{state(row)[0]}{parked}")
    if job.reason:
        yield Property("Why", job.reason)
    if row.retry_in is not None:
        yield Property("Tried again", f"in {show.duration(row.retry_in)}")
    if helps := way_on(job):
        yield Property("What helps", helps)


def _amounts(row: Row, told: History) -> Iterator[Property]:
    job, share = row.job, fraction(row)
    yield Property("Size", exact_size(job.size))
    if share is not None and not job.finished:
        yield Property("Across", f"{show.size(row.moved)} ({int(share * 100)}%)")
    if job.state in RUNNING:
        yield Property("Speed", show.speed(row.rate, row.eta) or _NOT_KNOWN)
        yield Property("Time left", show.duration(row.eta) or _NOT_KNOWN)
    if job.sent and not job.finished:
        parts = "1 part" if told.parts == 1 else f"{told.parts:,} parts"
        yield Property("Held there", f"{parts}, {show.size(job.sent)} from the start on")
    if job.attempt:
        yield Property("Attempt", f"{job.attempt} of {job.attempts}")


def _proof(job: Job) -> Iterator[Property]:
    proof = job.proof
    if proof is None:
        if job.op in (Op.COPY, Op.MOVE):
            yield Property("Proof", "none yet" if not job.finished else "none")
        if job.digest:
            yield Property("sha256, as read", job.digest)
    else:
        how = f" ({proof.how})" if proof.how else ""
        yield Property("Proof", f"{proof}{how}")
        name = proof.algorithm or "digest"
        yield Property(f"{name}, source", proof.source or _NOT_KNOWN)
        yield Property(f"{name}, there", proof.target or _NOT_KNOWN)
    if job.expected:
        yield Property("Told beforehand", job.expected)


def _times(job: Job, told: History) -> Iterator[Property]:
    if told.steps and not told.left_out:
        yield Property("Queued", moment(told.steps[0].at))
    if job.started is not None:
        yield Property("Started", moment(job.started))
    if job.ended is not None:
        yield Property("Ended", moment(job.ended))
        if job.started is not None:
            yield Property("Took", took(job.ended - job.started))


def _attempts(told: History) -> Iterator[Property]:
    if told.left_out:
        yield Property("Before these", f"{told.left_out:,} changes of its state")
    for number, attempt in enumerate(attempts(told.steps), 1):
        yield Property(f"Try {number}", _attempt(attempt))


def _attempt(attempt: Attempt) -> str:
    if attempt.end is None or attempt.ended is None:
        return f"{_clock(attempt.started)}, it runs"
    why = f": {attempt.why}" if attempt.why else ""
    spent = took(attempt.ended - attempt.started)
    return f"{_clock(attempt.started)}, {attempt.end} after {spent}{why}"


def took(seconds: float) -> str:
    """A span as "0.4 s" or "2:05"."""
    return f"{max(0.0, seconds):.1f} s" if seconds < 10 else show.duration(seconds)


def _clock(unix: float) -> str:
    try:
        return datetime.fromtimestamp(unix).strftime("%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "?"
