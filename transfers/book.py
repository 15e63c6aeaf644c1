"""The queue in memory: what snapshots are cut from. Written after the journal was."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from transfers.changes import Changes
from transfers.model import Job, JobState

NEXT_ID = "next id"
"""The name of a setting: what the next job's number is where those of removed jobs were higher."""
_NOT_COUNTED = frozenset({JobState.CANCELLED, JobState.SKIPPED, JobState.FAILED})

_place = attrgetter("seq", "id")


def first_free_id(settings: Mapping[str, str]) -> int:
    """The lowest number that no removed job had: scripts hold on to it, none is given twice."""
    kept = settings.get(NEXT_ID, "")
    return int(kept) if kept.isdecimal() else 1


class Book:
    """Every job by id and in queue order, with the sums the panel shows. Not locked by itself."""

    def __init__(self, jobs: Iterable[Job] = (), next_id: int = 1) -> None:
        self._jobs: dict[int, Job] = {}
        self._order: list[int] = []
        self._sorted = True
        self.counts: Counter[JobState] = Counter()
        self._bytes: Counter[JobState] = Counter()
        self.revision = 0
        self.next_id = next_id
        self.next_seq = 1
        self._put_all({job.id: job for job in jobs})
        self._in_order()  # at a start, rather than when a person first asks for something

    @property
    def size(self) -> int:
        """Bytes of every job still worth counting."""
        return sum(n for state, n in self._bytes.items() if state not in _NOT_COUNTED)

    @property
    def done(self) -> int:
        """Bytes of the jobs that are done."""
        return self._bytes[JobState.DONE]

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        """The jobs in queue order."""
        return map(self._jobs.__getitem__, self._in_order())

    def get(self, job: int) -> Job | None:
        return self._jobs.get(job)

    def window(self, first: int, limit: int) -> Sequence[Job]:
        """The jobs at positions `first` to `first + limit`, in queue order."""
        return [self._jobs[i] for i in self._in_order()[first : first + limit]]

    def apply(self, changes: Changes) -> None:
        if not changes:
            return
        self._put_all(changes.saved)
        for job_id in changes.removed:
            self._drop(job_id)
        if changes.removed:
            self._order = [i for i in self._order if i in self._jobs]
        self.revision += 1

    def _in_order(self) -> list[int]:
        if not self._sorted:
            self._order = [job.id for job in sorted(self._jobs.values(), key=_place)]
            self._sorted = True
        return self._order

    def _put_all(self, jobs: Mapping[int, Job]) -> None:
        if not jobs:
            return
        replaced = [job for job in map(self._jobs.get, jobs) if job is not None]
        if len(replaced) < len(jobs) or any(jobs[job.id].seq != job.seq for job in replaced):
            self._sorted = False
        self._jobs.update(jobs)
        self.next_id = max(self.next_id, max(jobs) + 1)
        self.next_seq = max(self.next_seq, max(job.seq for job in jobs.values()) + 1)
        self._count(replaced, -1)
        self._count(jobs.values(), 1)

    def _drop(self, job_id: int) -> None:
        self.next_id = max(self.next_id, job_id + 1)  # it may have come and gone in one cycle
        job = self._jobs.pop(job_id, None)
        if job is not None:
            self._count([job], -1)

    def _count(self, jobs: Iterable[Job], sign: int) -> None:
        sizes: defaultdict[JobState, list[int]] = defaultdict(list)
        for job in jobs:
            sizes[job.state].append(job.size or 0)
        for state, of_state in sizes.items():
            self.counts[state] += sign * len(of_state)
            self._bytes[state] += sign * sum(of_state)
