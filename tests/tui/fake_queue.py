"""A queue in memory for tests of the screen: it shows what it is given and records commands."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from providers.base import Place
from transfers.history import History
from transfers.model import Command, Grant, Job, JobState, Op, Row, Snapshot, StateChanged, Totals
from transfers.queue_api import Listener


def make_row(
    id: int,
    state: JobState = JobState.QUEUED,
    *,
    name: str = "",
    size: int | None = 1 << 20,
    moved: int = 0,
    rate: float = 0.0,
    eta: float | None = None,
    retry_in: float | None = None,
    **job: object,
) -> Row:
    """A row with sensible defaults; further keywords are fields of its job."""
    name = name or f"file-{id}.bin"
    made = Job(
        id=id,
        batch=1,
        seq=id,
        key=f"{id:08x}",
        op=Op.COPY,
        source=Place("file:", f"/home/ann/{name}"),
        target=Place("sftp://ann@host:22", f"/srv/data/{name}"),
        state=state,
        size=size,
    )
    made = replace(made, **job)  # type: ignore[arg-type]
    return Row(job=made, moved=moved, rate=rate, eta=eta, retry_in=retry_in)


class FakeQueue:
    """Implements transfers.queue_api.Queue over a list of rows. `error` is raised by `send`."""

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        self.rows = list(rows)
        self.sent: list[Command] = []
        self.grants: list[Grant] = []
        self.error: Exception | None = None
        self.histories: dict[int, History] = {}
        self.snapshots: list[tuple[int, int]] = []
        self._listeners: list[Listener] = []
        self._revision = 0
        self.held = False
        self._lock = threading.Lock()

    def send(self, command: Command) -> tuple[int, ...]:
        if self.error is not None:
            raise self.error
        with self._lock:
            self.sent.append(command)
        return getattr(command, "jobs", None) or ()

    def snapshot(
        self, first: int = 0, limit: int = 200, states: tuple[JobState, ...] = ()
    ) -> Snapshot:
        with self._lock:
            self.snapshots.append((first, limit))
            found = self._in(states)
            rows = tuple(found[first : first + limit])
            totals = self._totals()
        shown = (self._revision, first, len(found), rows, totals, 0, 4, self.held, "", states)
        return Snapshot(*shown)

    def ids(self, states: tuple[JobState, ...] = ()) -> tuple[int, ...]:
        with self._lock:
            return tuple(row.job.id for row in self._in(states))

    def history(self, job: int) -> History:
        return self.histories.get(job, History())

    def _in(self, states: tuple[JobState, ...]) -> list[Row]:
        return [row for row in self.rows if row.job.state in states] if states else self.rows

    def row(self, job: int) -> Row | None:
        return next((row for row in self.rows if row.job.id == job), None)

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def grant(self, grant: Grant) -> None:
        self.grants.append(grant)

    def tell_nothing(self) -> None:
        """Say that some changes could not be told."""
        for listener in list(self._listeners):
            listener(())

    def put(self, row: Row) -> None:
        """Replace the row of that job, or append it, as the engine would between two snapshots."""
        with self._lock:
            at = next((i for i, r in enumerate(self.rows) if r.job.id == row.job.id), None)
            before = None if at is None else self.rows[at].job.state
            if at is None:
                self.rows.append(row)
            else:
                self.rows[at] = row
            if before is not row.job.state:
                self._revision += 1
        if before is not row.job.state:
            for listener in list(self._listeners):
                listener([StateChanged(row.job, before, row.conflict)])

    def _totals(self) -> Totals:
        if len(self.rows) > 1000:  # a test of size: counting them all would be what is measured
            return Totals(counts={JobState.QUEUED: len(self.rows)})
        return Totals(
            counts=Counter(row.job.state for row in self.rows),
            size=sum(row.job.size or 0 for row in self.rows),
            moved=sum(row.moved for row in self.rows),
            rate=sum(row.rate for row in self.rows),
            eta=max((row.eta for row in self.rows if row.eta), default=None),
        )
