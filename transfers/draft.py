"""The changes of one coordinator's cycle, laid over the book until they are journaled. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from transfers.altered import altered
from transfers.book import Book
from transfers.changes import Changes
from transfers.control import Stop
from transfers.journal_rows import STATUS_FIELDS
from transfers.model import FINISHED, LEGAL, Conflict, Job, JobState, StateChanged

_STAMPED = FINISHED | {JobState.PREPARING}


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
        if not self.changes:
            yield from self._book
            return
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
        before = self._known(job.id)
        job = self._put(before, job, conflict)
        if job.upload != before.upload:
            self._forget_parts(job.id)
        self.changes.restated.discard(job.id)
        return job

    def change(self, job_id: int, **status: Any) -> Job:
        """`save` of a job with other values of `STATUS_FIELDS`, for many jobs at once.

        Nothing else of it is written. Raises IllegalTransition, TypeError for another field.
        """
        before = self._known(job_id)
        if not STATUS_FIELDS.issuperset(status):
            raise TypeError(f"not a field of a job's status: {status.keys() - STATUS_FIELDS}")
        alone = job_id not in self.changes.saved
        job = self._put(before, altered(before, **status), None)
        if alone:
            self.changes.restated.add(job_id)
        return job

    def _known(self, job_id: int) -> Job:
        job = self.get(job_id)
        if job is None:
            raise IllegalTransition(f"job {job_id} is not in the queue")
        return job

    def _put(self, before: Job, job: Job, conflict: Conflict | None) -> Job:
        if job.state is before.state:
            self.changes.saved[job.id] = job
            return job
        if job.state not in LEGAL[before.state]:
            raise IllegalTransition(f"job {job.id}: {before.state} → {job.state}")
        job = _stamped(job, before, self._now)
        self.changes.saved[job.id] = job
        self._note(before.state, job, conflict)
        return job

    def _forget_parts(self, job_id: int) -> None:
        """The parts stored so far belong to an upload that is no longer this job's."""
        self.changes.forgotten.add(job_id)
        self.changes.parts = [part for part in self.changes.parts if part.job != job_id]

    def remove(self, job: Job) -> None:
        self.changes.saved.pop(job.id, None)
        self.changes.restated.discard(job.id)
        self.changes.removed.add(job.id)

    def _note(self, before: JobState | None, job: Job, conflict: Conflict | None) -> None:
        self.changes.note(job.id, self._now, before, job.state, job.reason)
        self.pushed.append(StateChanged(job, before, conflict))


def _stamped(job: Job, before: Job, now: float) -> Job:
    if job.state not in _STAMPED and before.state is not JobState.PARKED:
        return job
    if job.state is JobState.PREPARING and before.started is None:
        return altered(job, started=now, ended=None)
    if job.finished:
        return altered(job, ended=now, cancelling=False, pausing=False, park=None, asks="")
    if job.state is not JobState.PARKED and before.state is JobState.PARKED:
        return altered(job, park=None, asks="")
    return job
