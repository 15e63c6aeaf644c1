"""What each command does to the queue: decisions on a draft, no threads, no clock."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

from providers.base import Place
from transfers.altered import altered
from transfers.completion import is_missed
from transfers.control import Stop
from transfers.draft import Draft, Signal
from transfers.model import (
    FINISHED,
    RUNNING,
    Cancel,
    Clear,
    Command,
    Enqueue,
    Expect,
    Hold,
    Job,
    JobState,
    Move,
    NewJob,
    Op,
    ParkReason,
    Pause,
    Policy,
    Resolve,
    Resume,
    Retry,
    RunExisting,
    SetLimits,
    SetPriority,
    Unpark,
)

_PAUSABLE = RUNNING | {JobState.QUEUED, JobState.WAITING}
_TAKEN_OFF = "not deleted: a part of this mirror that did not succeed was taken off the list"
_NOWHERE = Place("", "")
_BLANK = Job(id=0, batch=0, seq=0, key="", op=Op.NOTE, source=_NOWHERE, target=_NOWHERE)


@singledispatch
def carry_out(command: Command, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    """Apply `command` to `draft`; returns the ids of the jobs it concerned.

    `new_key` makes a job's own eight hex digits.
    """
    raise TypeError(f"not a command of the queue: {command!r}")


@carry_out.register
def _(command: Enqueue, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    batch = draft.next_id
    jobs = [_new_job(new, command, batch, draft, new_key()) for new in command.jobs]
    draft.add_all(jobs)
    return tuple(job.id for job in jobs)


def _new_job(new: NewJob, command: Enqueue, batch: int, draft: Draft, key: str) -> Job:
    job = altered(
        _BLANK,
        id=draft.next_id,
        batch=batch,
        seq=draft.next_seq,
        key=key,
        op=new.op,
        source=new.source,
        target=new.target,
        size=new.size,
        source_version=new.source_version,
        modified=new.modified,
        mode=new.mode,
        within=new.within,
        expected=new.expected,
        agreed=new.agreed,
        source_within=new.source_within,
        carry=new.carry,
        keep=new.keep,
        policy=new.policy or command.policy,
        verify=command.verify,
        reason=new.note,
    )
    draft.next_id += 1
    draft.next_seq += 1
    if new.op is Op.NOTE:
        return altered(job, state=JobState.FAILED if new.failed else JobState.SKIPPED)
    return job


@carry_out.register
def _(command: Expect, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    job = draft.get(command.job)
    late = job is None or job.finished or job.committed or job.state is JobState.COMMITTING
    if job is None or late or job.op not in (Op.COPY, Op.MOVE):
        return ()
    draft.save(altered(job, expected=command.expected))
    return (job.id,)


@carry_out.register
def _(command: Pause, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    jobs = [
        job for job in draft.select(command.jobs) if job.state in _PAUSABLE and not job.cancelling
    ]
    running = [job for job in jobs if job.state in RUNNING]
    draft.change_all(running, pausing=True)
    draft.signals += [Signal(job.id, Stop.PAUSE) for job in running]
    resting = [job for job in jobs if job.state not in RUNNING]
    draft.change_all(resting, state=JobState.PAUSED, reason="")
    return tuple(job.id for job in jobs)


@carry_out.register
def _(command: Resume, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    jobs = draft.select(command.jobs)
    # A pause that its worker has not seen yet.
    running = [job for job in jobs if job.state in RUNNING]
    draft.change_all(running, pausing=False)
    draft.signals += [Signal(job.id, None) for job in running]
    return _queue_again(
        draft,
        [
            job
            for job in jobs
            if job.state is JobState.PAUSED
            or (job.state is JobState.PARKED and job.park is not ParkReason.CONFLICT)
            or (job.state is JobState.WAITING and command.jobs is not None)
        ],
    )


@carry_out.register
def _(command: Cancel, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    jobs = [
        job
        for job in draft.select(command.jobs)
        if job.state not in FINISHED and not job.cancelling
    ]
    running = [job for job in jobs if job.state in RUNNING]
    draft.change_all(running, cancelling=True, pausing=False)
    draft.signals += [Signal(job.id, Stop.CANCEL) for job in running]
    resting = [job for job in jobs if job.state not in RUNNING]
    clean = [job for job in resting if not job.begun]
    draft.change_all(clean, state=JobState.CANCELLED, reason="")
    begun = [job for job in resting if job.begun]  # a worker removes what it left, first
    draft.change_all(begun, state=JobState.QUEUED, cancelling=True, reason="")
    return tuple(job.id for job in jobs)


@carry_out.register
def _(command: Retry, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    states = {JobState.FAILED}
    if command.jobs is not None:
        states |= {JobState.CANCELLED, JobState.WAITING, JobState.PARKED}
    jobs = [
        job for job in draft.select(command.jobs) if job.state in states and job.op is not Op.NOTE
    ]
    return _queue_again(draft, jobs, attempt=0, restarts=0, crashes=0, started=None, ended=None)


@carry_out.register
def _(command: Resolve, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    answered = draft.get(command.job)
    if answered is None:
        return ()
    jobs = [answered]
    if command.whole_batch:
        jobs = [
            job
            for job in draft.jobs()
            if job.batch == answered.batch and (job.policy is Policy.ASK or job is answered)
        ]
    concerned = []
    for job in jobs:
        if job.finished:
            continue
        again: dict[str, Any] = {}
        if job.state is JobState.PARKED and job.park is ParkReason.CONFLICT:
            again = {
                "state": JobState.QUEUED,
                "attempt": max(0, job.attempt - 1),
                "reason": "",
            }
        draft.change(job.id, policy=command.policy, **again)
        concerned.append(job.id)
    return tuple(concerned)


@carry_out.register
def _(command: Unpark, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    parked = [
        job for job in draft.jobs() if job.state is JobState.PARKED and job.asks == command.endpoint
    ]
    return _queue_again(draft, parked)


@carry_out.register
def _(command: Clear, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    jobs = [job for job in draft.select(command.jobs) if job.finished]
    missed = set()
    for job in jobs:
        if job.state is JobState.FAILED and job.begun:
            # A worker removes what it left; then it is cancelled, and can be cleared.
            draft.change(job.id, state=JobState.QUEUED, cancelling=True, reason="")
            continue
        draft.remove(job)
        if is_missed(job):
            missed.add(job.batch)
    _prune_nothing(missed, draft)
    return tuple(job.id for job in jobs)


def _prune_nothing(batches: set[int], draft: Draft) -> None:
    """Nobody would remember that something of these mirrors did not succeed: nothing of them is
    deleted any more, by a retry neither."""
    if not batches:
        return
    over = RUNNING | {JobState.DONE, JobState.SKIPPED}
    deletions = [
        job
        for job in draft.jobs()
        if job.op is Op.PRUNE and job.batch in batches and job.state not in over
    ]
    draft.change_all(deletions, state=JobState.SKIPPED, reason=_TAKEN_OFF)


@carry_out.register
def _(command: Move, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    chosen = sorted(draft.select(command.jobs), key=lambda job: job.seq)
    if command.to == "top":
        first = min((job.seq for job in draft.jobs()), default=0) - len(chosen)
        moved = [altered(job, seq=first + i) for i, job in enumerate(chosen)]
    elif command.to == "bottom":
        moved = [altered(job, seq=draft.next_seq + i) for i, job in enumerate(chosen)]
        draft.next_seq += len(chosen)
    else:
        moved = _shifted(sorted(draft.jobs(), key=lambda job: job.seq), chosen, command.by)
    for job in moved:
        draft.save(job)
    return tuple(job.id for job in chosen)


@carry_out.register
def _(command: SetPriority, draft: Draft, new_key: Callable[[], str]) -> tuple[int, ...]:
    jobs = [job for job in draft.select(command.jobs) if not job.finished]
    alike: dict[int, list[Job]] = {}
    for job in jobs:
        alike.setdefault(job.priority if command.more else 0, []).append(job)
    for priority, those in alike.items():
        draft.change_all(those, priority=priority + command.priority)
    return tuple(job.id for job in jobs)


@carry_out.register
def _(
    command: SetLimits | Hold | RunExisting, draft: Draft, new_key: Callable[[], str]
) -> tuple[int, ...]:
    """About the queue, not about jobs: the coordinator's own."""
    return ()


def _shifted(order: list[Job], chosen: list[Job], by: int) -> list[Job]:
    """`chosen` moved by `by` places within `order`, in one go; the jobs whose seq changes.

    At the end of the queue they come to stand one behind the other, in their order.
    """
    picked = {job.id for job in chosen}
    here = [place for place, job in enumerate(order) if job.id in picked]
    rest = iter([job for job in order if job.id not in picked])
    there = _places(here, by, len(order))
    moved = {place: order[old] for old, place in zip(here, there, strict=True)}
    new = [moved[place] if place in moved else next(rest) for place in range(len(order))]
    return [
        altered(job, seq=before.seq)
        for job, before in zip(new, order, strict=True)
        if job is not before
    ]


def _places(here: list[int], by: int, count: int) -> list[int]:
    """Where those that stand at `here`, of `count` places, stand once they moved by `by`."""
    if by > 0:
        mirrored = _places([count - 1 - place for place in reversed(here)], -by, count)
        return [count - 1 - place for place in reversed(mirrored)]
    places: list[int] = []
    for place in here:
        first_free = places[-1] + 1 if places else 0
        places.append(max(place + by, first_free))
    return places


def _queue_again(draft: Draft, jobs: list[Job], **more: Any) -> tuple[int, ...]:
    status = {"state": JobState.QUEUED, "reason": ""} | more
    parked = [job for job in jobs if job.state is JobState.PARKED]
    for job in parked:  # what it waited for was no fault of its own
        draft.change(job.id, **{"attempt": max(0, job.attempt - 1), "crashes": 0} | status)
    others = [job for job in jobs if job.state is not JobState.PARKED]
    draft.change_all(others, **status)
    return tuple(job.id for job in jobs)
