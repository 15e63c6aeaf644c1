"""The changes of one coordinator's cycle, laid over the book until they are journaled. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from transfers.book import Book
from transfers.control import Stop
from transfers.journal import Changes, Event
from transfers.model import LEGAL, Conflict, Job, JobState, StateChanged


class IllegalTransition(Exception):
    """A job was to go where its state does not lead: a mistake in the engine, not in the world."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A running job that is to stop. `why` is None when a pause is taken back."""

    job: int
    why: Stop | None


class Draft:
    """Jobs as they will be once `changes` is written. `now` in Unix seconds."""

    def __init__(self, book: Book, now: float) -> None:
        self._book = book
        self._now = now
        self.changes = Changes()
        self.signals: list[Signal] = []
        self.pushed: list[StateChanged] = []
        self.next_id = book.next_id
        self.next_seq = book.next_seq

    def get(self, job_id: int) -> Job | None:
        if job_id in self.changes.removed:
            return None
        return self.changes.saved.get(job_id) or self._book.get(job_id)

    def jobs(self) -> Iterator[Job]:
        """Every job as it will be, in queue order as it was; new ones at the end."""
        for job in self._book:
            current = self.get(job.id)
            if current is not None:
                yield current
        for job in list(self.changes.saved.values()):
            if self._book.get(job.id) is None:
                yield job

    def select(self, ids: tuple[int, ...] | None) -> list[Job]:
        """The jobs with these ids that exist; None: all of them."""
        if ids is None:
            return list(self.jobs())
        found = (self.get(i) for i in ids)
        return [job for job in found if job is not None]

    def add(self, job: Job) -> None:
        self.changes.saved[job.id] = job
        self._note(None, job, None)

    def save(self, job: Job, conflict: Conflict | None = None) -> Job:
        """Take in a job's new value; returns it with its times. Raises IllegalTransition."""
        before = self.get(job.id)
        if before is None:
            raise IllegalTransition(f"job {job.id} is not in the queue")
        if job.state is not before.state:
            if job.state not in LEGAL[before.state]:
                raise IllegalTransition(f"job {job.id}: {before.state} → {job.state}")
            job = _stamped(job, before, self._now)
        self.changes.saved[job.id] = job
        if job.state is not before.state:
            self._note(before.state, job, conflict)
        return job

    def forget_parts(self, job_id: int) -> None:
        """The parts stored so far belong to an upload that is no longer this job's."""
        self.changes.forgotten.add(job_id)
        self.changes.parts = [part for part in self.changes.parts if part.job != job_id]

    def remove(self, job: Job) -> None:
        self.changes.saved.pop(job.id, None)
        self.changes.removed.add(job.id)

    def _note(self, before: JobState | None, job: Job, conflict: Conflict | None) -> None:
        self.changes.events.append(Event(job.id, self._now, before, job.state, job.reason))
        self.pushed.append(StateChanged(job, before, conflict))


def _stamped(job: Job, before: Job, now: float) -> Job:
    if job.state is JobState.PREPARING and before.started is None:
        return replace(job, started=now, ended=None)
    if job.finished:
        return replace(job, ended=now, cancelling=False, park=None, asks="")
    if job.state is not JobState.PARKED and before.state is JobState.PARKED:
        return replace(job, park=None, asks="")
    return job
