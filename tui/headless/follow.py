"""Following transfers without a screen: told of each that comes to rest, until nothing moves."""

from __future__ import annotations

import queue as queues
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future
from contextlib import contextmanager

from transfers.journal_error import JournalError
from transfers.model import (
    AFTERWARDS,
    Command,
    Job,
    JobState,
    NewJob,
    Op,
    Row,
    Snapshot,
    StateChanged,
)
from transfers.queue_api import Queue
from tui.headless.reach import Reached
from tui.headless.report import Report
from tui.overview import all_rows

_LOOK_SECONDS = 0.25
_Changes = queues.SimpleQueue[Sequence[StateChanged]]
_NOTHING_STARTS = "the queue is held, nothing more is started: wharfie queue go goes on"
_NOBODY = "The process that worked the queue is gone. The queue is kept: wharfie queue run goes on."


def send(reached: Reached, command: Command, report: Report) -> tuple[int, ...]:
    """Carry out `command`; while the queue's disk is full that waits, and says so.

    Raises JournalError when the queue stopped working.
    """
    queue = reached.queue
    sent: Future[tuple[int, ...]] = Future()

    def run() -> None:
        try:
            sent.set_result(queue.send(command))
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            sent.set_exception(error)

    threading.Thread(target=run, name="send", daemon=True).start()
    while True:
        try:
            return sent.result(_LOOK_SECONDS)
        except TimeoutError:
            report.notice(queue.snapshot(0, 0).notice)
        except RuntimeError as error:
            known = "" if reached.shared else queue.snapshot(0, 0).notice
            raise JournalError(known or str(error)) from error


def follow(reached: Reached, jobs: Mapping[int, NewJob], report: Report) -> None:
    """Report each of `jobs` (by id) once it is finished or parked.

    When one is parked because its endpoint asks something, the others there stay queued behind it;
    and so does what comes after all the rest (a move's emptied directories, what a mirror
    deletes), whatever it is parked for. Raises
    JournalError when the queue stopped working.
    """
    queue, left = reached.queue, dict(jobs)
    parked: set[Op] = set()

    def look_at_all() -> Iterable[Job]:
        found = [row.job for row in all_rows(queue) if row.job.id in left]
        missing = set(left) - {job.id for job in found}
        for job_id in missing:
            if queue.row(job_id) is None and reached.connected():
                del left[job_id]
                report.taken_off()
        return found

    look_at = 0.0
    with _listening(queue, report) as changes:
        while left:
            for job in _changed(changes, look_at_all):
                if job.state is JobState.WAITING and job.id in left:
                    report.waits(job)
                if not _rests(job) or left.pop(job.id, None) is None:
                    continue
                report.job(job)
                if job.state is JobState.PARKED:
                    parked.add(job.op)
                if job.asks:
                    for behind in [i for i, new in left.items() if _needs(new, job.asks)]:
                        del left[behind]
            if parked and all(_waits_behind(new, parked) for new in left.values()):
                break
            if time.monotonic() >= look_at:
                _look(reached, report)
                look_at = time.monotonic() + _LOOK_SECONDS


def follow_all(reached: Reached, report: Report) -> None:
    """Report every job that comes to rest, until nothing more can be done without a person.

    Raises JournalError when the queue stopped working.
    """
    queue = reached.queue
    old = {row.job.id for row in all_rows(queue) if row.job.finished}

    def look_at_all() -> Iterable[Job]:
        return [row.job for row in all_rows(queue) if row.job.id not in old]

    told: dict[int, JobState] = {}  # of those at rest
    look_at = 0.0
    with _listening(queue, report) as changes:
        while True:
            for job in _changed(changes, look_at_all):
                if not _rests(job):
                    told.pop(job.id, None)
                    if job.state is JobState.WAITING:
                        report.waits(job)
                elif told.get(job.id) is not job.state:
                    told[job.id] = job.state
                    report.job(job)
            if not changes.empty() and time.monotonic() < look_at:
                continue
            snapshot = _look(reached, report)
            look_at = time.monotonic() + _LOOK_SECONDS
            if _moves(snapshot) or not changes.empty() or not reached.connected():
                continue
            if snapshot.held or stuck(list(all_rows(queue))):
                return


def stuck(rows: Sequence[Row]) -> bool:
    """Whether no job can start: each queued one waits for a person, or for one that does."""
    unfinished = [row.job for row in rows if not row.job.finished]
    asking = {job.asks for job in unfinished if job.state is JobState.PARKED and job.asks}
    busy = {job.batch for job in unfinished if job.op not in AFTERWARDS}
    pruned = {job.batch for job in unfinished if job.op is Op.PRUNE and job.agreed is not None}
    return not any(
        job.state not in (JobState.PARKED, JobState.PAUSED)
        and not asking & {job.source.endpoint, job.target.endpoint}
        and not (job.op in AFTERWARDS and job.batch in busy)
        and not (job.op is Op.PRUNE and job.agreed is None and job.batch in pruned)
        for job in unfinished
    )


def _waits_behind(new: NewJob, parked: Set[Op]) -> bool:
    """Whether it cannot run while jobs of these kinds, of its own batch, wait for a person."""
    directory = new.op is Op.REMOVE_DIR or (new.op is Op.PRUNE and new.agreed is None)
    return directory or (new.op is Op.PRUNE and not parked <= AFTERWARDS)


def _moves(snapshot: Snapshot) -> bool:
    """Whether a job runs, or will be tried again by itself."""
    return bool(snapshot.totals.running or snapshot.totals.counts.get(JobState.WAITING))


def _rests(job: Job) -> bool:
    return job.finished or job.state is JobState.PARKED


@contextmanager
def _listening(queue: Queue, report: Report) -> Iterator[_Changes]:
    changes: _Changes = queues.SimpleQueue()
    changes.put(())  # for what came to rest before anybody listened
    stop = queue.listen(changes.put)
    try:
        yield changes
    finally:
        stop()
        report.clear_progress()


def _changed(changes: _Changes, look_at_all: Callable[[], Iterable[Job]]) -> Iterable[Job]:
    """The jobs that changed within the next moment; all of them where some could not be told."""
    try:
        told = changes.get(timeout=_LOOK_SECONDS)
    except queues.Empty:
        return ()
    return [change.job for change in told] if told else look_at_all()


def _look(reached: Reached, report: Report) -> Snapshot:
    """Show where things stand. Raises JournalError when the queue stopped working."""
    alive = reached.alive()
    snapshot = reached.queue.snapshot(0, 0)
    if not alive:
        raise JournalError(_NOBODY if reached.shared else snapshot.notice)
    report.notice(snapshot.notice or _held(snapshot))
    report.progress(snapshot.totals)
    return snapshot


def _held(snapshot: Snapshot) -> str:
    """What a person must know who waits for a queue in which somebody stopped the starting."""
    waits = snapshot.held and snapshot.totals.counts.get(JobState.QUEUED)
    return _NOTHING_STARTS if waits and not snapshot.totals.running else ""


def _needs(job: NewJob, endpoint: str) -> bool:
    """Whether `job` waits for an answer about `endpoint`, which nobody will give here."""
    return endpoint in (job.source.endpoint, job.target.endpoint)
