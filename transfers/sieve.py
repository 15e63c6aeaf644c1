"""The jobs in some states, in queue order: what a filtered list pages through.

Kept in order job by job, because 100,000 of them are looked at many times a second while a few
change.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from transfers.model import Job, JobState

_Place: TypeAlias = tuple[int, int]  # seq, id


class Sieve:
    """Jobs in one of `states`. Not locked by itself."""

    def __init__(self, states: frozenset[JobState], jobs: Iterable[Job]) -> None:
        """`jobs`: all of the queue, in its order."""
        self._states = states
        self._places: list[_Place] = [(job.seq, job.id) for job in jobs if job.state in states]

    def ids(self, first: int = 0, limit: int | None = None) -> Sequence[int]:
        """The jobs at positions `first` to `first + limit`; None: to the last."""
        end = None if limit is None else first + limit
        return [number for _, number in self._places[first:end]]

    def change(self, before: Job | None, after: Job | None) -> None:
        """A job was added, changed or removed (None: it was not there, it is no longer)."""
        old, new = self._place(before), self._place(after)
        if old == new:
            return
        if old is not None:
            del self._places[bisect_left(self._places, old)]
        if new is not None:
            insort(self._places, new)

    def _place(self, job: Job | None) -> _Place | None:
        return (job.seq, job.id) if job is not None and job.state in self._states else None
