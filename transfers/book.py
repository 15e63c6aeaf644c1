"""The queue in memory: what snapshots are cut from. Written after the journal was."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from transfers.changes import Changes
from transfers.model import GOING, Job, JobState, Op
from transfers.sieve import Sieve

NEXT_ID = "next id"
"""The name of a setting: what the next job's number is where those of removed jobs were higher."""
_NOT_COUNTED = frozenset({JobState.CANCELLED, JobState.SKIPPED, JobState.FAILED})
_FILES = frozenset({Op.COPY, Op.MOVE})
_SIEVES = 4  # filters that are kept up to date: one for each screen that has one, mostly
_MANY = 500  # jobs that change at once: to filter anew is cheaper

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
        self._unsized: Counter[JobState] = Counter()
        self.revision = 0
        self.next_id = next_id
        self.next_seq = 1
        self._sieves: dict[frozenset[JobState], Sieve] = {}  # the one used last is the last
        self._put_all({job.id: job for job in jobs})
        self._in_order()  # at a start, rather than when a person first asks for something

    @property
    def size(self) -> int:
        """Bytes of every job still worth counting."""
        return sum(n for state, n in self._bytes.items() if state not in _NOT_COUNTED)

    @property
    def going(self) -> int:
        """Bytes of the jobs that run, or go on without a person."""
        return sum(self._bytes[state] for state in GOING)

    @property
    def unsized(self) -> int:
        """How many of those are files of which nobody knows the size yet."""
        return sum(self._unsized[state] for state in GOING)

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

    def window(
        self, first: int, limit: int, states: frozenset[JobState] = frozenset()
    ) -> Sequence[Job]:
        """The jobs at positions `first` to `first + limit`, in queue order.

        `states`: of the jobs in one of them only; none: of all.
        """
        if states:
            return [self._jobs[i] for i in self._sieve(states).ids(first, limit)]
        return [self._jobs[i] for i in self._in_order()[first : first + limit]]

    def count(self, states: frozenset[JobState]) -> int:
        """How many jobs are in one of `states`; none: how many there are."""
        return sum(self.counts[state] for state in states) if states else len(self._jobs)

    def ids(self, states: frozenset[JobState] = frozenset()) -> Sequence[int]:
        """The numbers of the jobs in one of `states` (none: of all), in queue order."""
        return self._sieve(states).ids() if states else list(self._in_order())

    def apply(self, changes: Changes) -> None:
        if not changes:
            return
        self._put_all(changes.saved)
        if len(changes.removed) > _MANY:
            self._sieves.clear()
        for job_id in changes.removed:
            self._drop(job_id)
        if changes.removed:
            self._order = [i for i in self._order if i in self._jobs]
        self.revision += 1

    def _sieve(self, states: frozenset[JobState]) -> Sieve:
        sieve = self._sieves.pop(states, None)
        self._sieves[states] = sieve = Sieve(states, self) if sieve is None else sieve
        if len(self._sieves) > _SIEVES:
            del self._sieves[next(iter(self._sieves))]
        return sieve

    def _resieve(self, jobs: Mapping[int, Job]) -> None:
        """Have the filtered lists follow before `jobs` are put in."""
        if len(jobs) > _MANY:
            self._sieves.clear()
        for sieve in self._sieves.values():
            for job in jobs.values():
                sieve.change(self._jobs.get(job.id), job)

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
        self._resieve(jobs)
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
            for sieve in self._sieves.values():
                sieve.change(job, None)

    def _count(self, jobs: Iterable[Job], sign: int) -> None:
        sizes: defaultdict[JobState, list[int]] = defaultdict(list)
        for job in jobs:
            sizes[job.state].append(job.size or 0 if job.op in _FILES else 0)
            if job.size is None and job.op in _FILES:
                self._unsized[job.state] += sign
        for state, of_state in sizes.items():
            self.counts[state] += sign * len(of_state)
            self._bytes[state] += sign * sum(of_state)
