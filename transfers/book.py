"""The queue in memory: what snapshots are cut from. Written after the journal was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from transfers.changes import Changes
from transfers.model import Job, JobState

_NOT_COUNTED = frozenset({JobState.CANCELLED, JobState.SKIPPED, JobState.FAILED})


class Book:
    """Every job by id and in queue order, with the sums the panel shows. Not locked by itself."""

    def __init__(self, jobs: Iterable[Job] = ()) -> None:
        self._jobs: dict[int, Job] = {}
        self._order: list[int] = []
        self._sorted = True
        self.counts: Counter[JobState] = Counter()
        self.size = 0  # bytes of every job still worth counting
        self.done = 0  # bytes of those that are done
        self.revision = 0
        self.next_id = 1
        self.next_seq = 1
        for job in jobs:
            self._put(job)

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        """The jobs in queue order."""
        return (self._jobs[i] for i in self._in_order())

    def get(self, job: int) -> Job | None:
        return self._jobs.get(job)

    def window(self, first: int, limit: int) -> Sequence[Job]:
        """The jobs at positions `first` to `first + limit`, in queue order."""
        return [self._jobs[i] for i in self._in_order()[first : first + limit]]

    def apply(self, changes: Changes) -> None:
        if not changes:
            return
        for job in changes.saved.values():
            self._put(job)
        for job_id in changes.removed:
            self._drop(job_id)
        if changes.removed:
            self._order = [i for i in self._order if i in self._jobs]
        self.revision += 1

    def _in_order(self) -> list[int]:
        if not self._sorted:
            self._order.sort(key=lambda i: (self._jobs[i].seq, i))
            self._sorted = True
        return self._order

    def _put(self, job: Job) -> None:
        before = self._jobs.get(job.id)
        if before is None:
            self._order.append(job.id)
            self._sorted = False
        else:
            self._sorted = self._sorted and before.seq == job.seq
        self._jobs[job.id] = job
        if job.id >= self.next_id:
            self.next_id = job.id + 1
        if job.seq >= self.next_seq:
            self.next_seq = job.seq + 1
        if before is None:
            self._count(job, 1)
        elif job.state is not before.state or job.size != before.size:
            self._count(before, -1)
            self._count(job, 1)

    def _drop(self, job_id: int) -> None:
        job = self._jobs.pop(job_id, None)
        if job is not None:
            self._count(job, -1)

    def _count(self, job: Job, sign: int) -> None:
        self.counts[job.state] += sign
        if job.state not in _NOT_COUNTED:
            self.size += sign * (job.size or 0)
        if job.state is JobState.DONE:
            self.done += sign * (job.size or 0)
