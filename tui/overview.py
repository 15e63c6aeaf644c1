"""The queue as a whole: for what a window of it cannot answer."""

from __future__ import annotations

from collections.abc import Iterator

from transfers.model import RUNNING, JobState, Row, Snapshot
from transfers.queue_api import Queue

_PAGE = 1000  # rows a look takes


def all_rows(queue: Queue, states: tuple[JobState, ...] = ()) -> Iterator[Row]:
    """Every job (in one of `states`, if given) once, in queue order (as of when its page was asked
    for). Blocking."""
    seen: set[int] = set()
    first, count = 0, 1
    while first < count:
        page = queue.snapshot(first, _PAGE, states)
        for row in page.rows:
            if row.job.id not in seen:
                seen.add(row.job.id)
                yield row
        first, count = first + _PAGE, page.count


def at_work(queue: Snapshot) -> int:
    """How many jobs run, or would run if nobody did anything."""
    counts = queue.totals.counts
    waiting = 0 if queue.held else counts.get(JobState.QUEUED, 0) + counts.get(JobState.WAITING, 0)
    return sum(counts.get(state, 0) for state in RUNNING) + waiting
