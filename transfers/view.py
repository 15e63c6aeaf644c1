"""What faces see of the queue: snapshots cut on demand, changes pushed once. Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from transfers.book import Book
from transfers.journal import Changes
from transfers.meter import Gauge, Reading, advance, eta
from transfers.model import (
    GOING,
    UNFINISHED,
    Conflict,
    Job,
    JobState,
    Row,
    Snapshot,
    StateChanged,
    Totals,
)
from transfers.queue_api import Listener


class View:
    """The coordinator publishes, any thread reads. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._book = Book()
        self._gauges: dict[int, Gauge] = {}
        self._readings: dict[int, Reading] = {}
        self._conflicts: dict[int, Conflict] = {}
        self._retry_at: dict[int, float] = {}
        self._kept: dict[int, int] = {}  # bytes that a job at rest need not move again
        self._listeners: list[Listener] = []
        self._total: Reading | None = None
        self._gone = 0  # bytes of runs that are over: keeps the total's counter growing
        self.rate_limit = 0
        self.workers = 0
        self.held = False
        self.busy = False
        self.idle = False
        self.notice = ""

    def start(self, book: Book) -> None:
        """Show `book` from now on; only `publish` changes it."""
        with self._lock:
            self._book = book

    def publish(self, changes: Changes, pushed: Sequence[StateChanged]) -> None:
        """Take in what was journaled, then tell the listeners."""
        with self._lock:
            self._book.apply(changes)
            for change in pushed:
                if change.conflict is not None:
                    self._conflicts[change.job.id] = change.conflict
                elif self._conflicts and change.job.state is not JobState.PARKED:
                    self._conflicts.pop(change.job.id, None)
            listeners = list(self._listeners)
        if pushed:
            for listener in listeners:
                listener(pushed)

    def started(self, job: int, gauge: Gauge) -> None:
        with self._lock:
            self._gauges[job] = gauge
            self._retry_at.pop(job, None)
            self._kept.pop(job, None)

    def ended(self, job: int, kept: int = 0) -> None:
        """A run is over; `kept` bytes of it are still there for the next one."""
        with self._lock:
            if kept:
                self._kept[job] = kept
            gauge = self._gauges.pop(job, None)
            self._readings.pop(job, None)
            if gauge is not None:
                self._gone += gauge.moved - gauge.resumed

    def waiting(self, job: int, until: float) -> None:
        with self._lock:
            self._retry_at[job] = until

    def listen(self, listener: Listener) -> Callable[[], None]:
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def row(self, job_id: int) -> Row | None:
        with self._lock:
            job = self._book.get(job_id)
            return None if job is None else self._row(job, self._clock())

    def ids(self, states: tuple[JobState, ...]) -> tuple[int, ...]:
        with self._lock:
            return tuple(self._book.ids(frozenset(states)))

    def snapshot(self, first: int, limit: int, states: tuple[JobState, ...] = ()) -> Snapshot:
        with self._lock:
            now, only = self._clock(), frozenset(states)
            rows = tuple(self._row(job, now) for job in self._book.window(first, limit, only))
            return Snapshot(
                revision=self._book.revision,
                first=first,
                count=self._book.count(only),
                rows=rows,
                totals=self._totals(now),
                rate_limit=self.rate_limit,
                workers=self.workers,
                held=self.held,
                notice=self.notice,
                states=states,
            )

    def _row(self, job: Job, now: float) -> Row:
        gauge = self._gauges.get(job.id)
        retry_at = self._retry_at.get(job.id) if job.state is JobState.WAITING else None
        retry_in = None if retry_at is None else max(0.0, retry_at - now)
        conflict = self._conflicts.get(job.id)
        if gauge is None:
            moved = (job.size or 0) if job.state is JobState.DONE else self._kept.get(job.id, 0)
            return Row(job, moved, conflict=conflict, retry_in=retry_in)
        reading = advance(self._readings.get(job.id), gauge.moved - gauge.resumed, now)
        self._readings[job.id] = reading
        left = None if job.size is None else job.size - gauge.moved
        rate = reading.rate if job.state is JobState.TRANSFERRING else 0.0
        return Row(job, gauge.moved, rate, eta(left, rate), conflict, retry_in)

    def _totals(self, now: float) -> Totals:
        running = sum(gauge.moved for gauge in self._gauges.values())
        moved_ever = self._gone + sum(g.moved - g.resumed for g in self._gauges.values())
        self._total = advance(self._total, moved_ever, now)
        moved = self._book.done + running + self._resting(UNFINISHED)
        # What waits for a person, or was paused, takes no time that anybody can tell.
        left = None if self._book.unsized else self._book.going - running - self._resting(GOING)
        rate = self._total.rate if self._gauges else 0.0
        return Totals(
            counts={state: n for state, n in self._book.counts.items() if n},
            size=self._book.size,
            moved=moved,
            rate=rate,
            eta=eta(left, rate) if left is None or left > 0 else None,
        )

    def _resting(self, states: frozenset[JobState]) -> int:
        """What is across already of jobs that do not run now, and are in one of `states`."""
        jobs = ((self._book.get(job_id), kept) for job_id, kept in self._kept.items())
        return sum(kept for job, kept in jobs if job is not None and job.state in states)
