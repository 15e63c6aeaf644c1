"""The changes of one coordinator's cycle, laid over the book until they are journaled. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from providers.records import dataclass
from transfers.altered import all_altered, altered, state_changed
from transfers.book import NEXT_ID, Book
from transfers.changes import Changes
from transfers.control import Stop
from transfers.journal_rows import STATUS_FIELDS
from transfers.model import FINISHED, LEGAL, Conflict, Job, JobState, StateChanged


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

    def add_all(self, jobs: Iterable[Job]) -> None:
        added = {job.id: job for job in jobs}
        self.changes.saved |= added
        self._note_all(None, added.values())

    def save(self, job: Job, conflict: Conflict | None = None) -> Job:
        """Take in a job's new value; returns it with its times. Raises IllegalTransition."""
        before = self._known(job.id)
        job = self._put(before, job, conflict)
        if job.upload != before.upload:
            self._forget_parts(job.id)
        self.changes.restated.discard(job.id)
        return job

    def change(self, job_id: int, **status: Any) -> Job:
        """`change_all` of one job; returns it with its times."""
        self.change_all([self._known(job_id)], **status)
        return self.changes.saved[job_id]

    def change_all(self, jobs: Iterable[Job], **status: Any) -> None:
        """`save` of jobs of this draft, each with the same other values of `STATUS_FIELDS`.

        Nothing else of them is written. Raises IllegalTransition, TypeError for another field:
        nothing was changed, then.
        """
        if not STATUS_FIELDS.issuperset(status):
            raise TypeError(f"not a field of a job's status: {status.keys() - STATUS_FIELDS}")
        by_stamps: dict[tuple[JobState, bool], list[Job]] = {}
        for job in jobs:
            by_stamps.setdefault((job.state, job.started is None), []).append(job)
        for alike in by_stamps.values():
            _check_legal(alike[0], status.get("state", alike[0].state))
        for alike in by_stamps.values():
            self._change_alike(alike, status)

    def _change_alike(self, jobs: list[Job], status: dict[str, Any]) -> None:
        """`jobs` have one state, and one stamp fits them all."""
        before = jobs[0].state
        after = status.get("state", before)
        changed = all_altered(jobs, **status | _stamps(jobs[0], after, self._now))
        by_id = {job.id: job for job in changed}
        saved = self.changes.saved
        self.changes.restated.update(by_id.keys() - saved.keys() if saved else by_id)
        saved |= by_id
        if after is not before:
            self._note_all(before, by_id.values())

    def _known(self, job_id: int) -> Job:
        job = self.get(job_id)
        if job is None:
            raise IllegalTransition(f"job {job_id} is not in the queue")
        return job

    def _put(self, before: Job, job: Job, conflict: Conflict | None) -> Job:
        _check_legal(before, job.state)
        if stamps := _stamps(before, job.state, self._now):
            job = altered(job, **stamps)
        self.changes.saved[job.id] = job
        if job.state is not before.state:
            self.changes.note_all([job], self._now, before.state)
            self.pushed.append(StateChanged(job, before.state, conflict))
        return job

    def _forget_parts(self, job_id: int) -> None:
        """The parts stored so far belong to an upload that is no longer this job's."""
        self.changes.forgotten.add(job_id)
        self.changes.parts = [part for part in self.changes.parts if part.job != job_id]

    def remove(self, job: Job) -> None:
        self.changes.saved.pop(job.id, None)
        self.changes.restated.discard(job.id)
        self.changes.removed.add(job.id)
        self.changes.settings[NEXT_ID] = str(self.next_id)

    def _note_all(self, before: JobState | None, jobs: Collection[Job]) -> None:
        self.changes.note_all(jobs, self._now, before)
        self.pushed += [state_changed(job, before) for job in jobs]


def _check_legal(before: Job, after: JobState) -> None:
    if after is not before.state and after not in LEGAL[before.state]:
        raise IllegalTransition(f"job {before.id}: {before.state} → {after}")


def _stamps(before: Job, after: JobState, now: float) -> dict[str, Any]:
    """What else becomes of a job that goes to the state `after`; `started` and the state decide."""
    if after is before.state:
        return {}
    if after is JobState.PREPARING and before.started is None:
        return {"started": now, "ended": None}
    if after in FINISHED:
        return {"ended": now, "cancelling": False, "pausing": False, "park": None, "asks": ""}
    if before.state is JobState.PARKED:
        return {"park": None, "asks": ""}
    return {}
