"""Changes into an open journal file: one transaction each, as few statements as they allow."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from operator import attrgetter

from providers.records import names_of
from transfers.changes import Changes, Event, Part
from transfers.journal_rows import (
    STATUS,
    WIDTH,
    Values,
    checksum,
    core_values,
    row_sums,
    status_values,
)
from transfers.model import Job
from transfers.schema import SCHEMA_VERSION

_LOG = logging.getLogger("wharfie.queue")
_SAVE = f"INSERT OR REPLACE INTO job VALUES ({', '.join('?' * WIDTH)})"
_RESTATE = (
    f"UPDATE job SET {', '.join(f'{name} = ?' for name in STATUS)}, status_sum = ? "
    "WHERE id BETWEEN ? AND ?"
)
_REMOVE = (
    "DELETE FROM job WHERE id BETWEEN ? AND ?",
    "DELETE FROM event WHERE first BETWEEN ?1 AND ?2 AND last BETWEEN ?1 AND ?2",
    "DELETE FROM part WHERE job BETWEEN ? AND ?",
)
_REMOVE_SHARED = (
    "DELETE FROM event WHERE last > first "
    "AND NOT EXISTS (SELECT 1 FROM job WHERE id BETWEEN first AND last)"
)
_SEAL = "INSERT OR REPLACE INTO seal VALUES (1, ?, ?, ?, ?)"
_MODULUS = 1 << 62
_STATUS_SUM = (1 << 32) - 1  # its bits in `row_sums`
_part_values = attrgetter(*names_of(Part))
_status = attrgetter(*STATUS)  # much faster than `status_values`, and as good for comparing


class Writer:
    """`sums`: the checksums of every job's row, as they are in the file (`row_sums`)."""

    def __init__(self, db: sqlite3.Connection, sums: dict[int, int]) -> None:
        self._db = db
        self._sums = sums
        self._total = _total_of(sums.values())

    @property
    def seal(self) -> Values:
        """What the file says of all jobs together."""
        return sealed((SCHEMA_VERSION, len(self._sums), self._total))

    def write(self, changes: Changes) -> None:
        """All of `changes` or nothing; durable on return. Raises sqlite3.Error."""
        self._undo()  # an earlier write, where that failed at the time
        self._db.execute("BEGIN IMMEDIATE")
        try:
            sums, total = self.store(changes)
            self._db.execute("COMMIT")
        except Exception:
            try:
                self._undo()
            except sqlite3.Error:  # what made the write fail is what the caller is to hear
                _LOG.exception("a write that failed could not be undone yet")
            raise
        self._total = total
        self._sums.update(sums)
        for job_id in changes.removed:
            self._sums.pop(job_id, None)

    def _undo(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def store(self, changes: Changes) -> tuple[dict[int, int], int]:
        """Within a transaction: write them; returns the new rows' sums, and the seal's total."""
        sums = self._save(changes)
        before = [self._sums[i] for i in (*sums, *changes.removed) if i in self._sums]
        count = len(self._sums) + len(sums) - len(before)
        total = self._total + _total_of(sums.values()) - _total_of(before)
        total = (total + self._restate(changes, sums)) % _MODULUS
        self._remove(changes)
        self._db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", _events(changes))
        parts = map(sealed, map(_part_values, changes.parts))
        self._db.executemany("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?)", parts)
        settings = map(sealed, changes.settings.items())
        self._db.executemany("INSERT OR REPLACE INTO setting VALUES (?, ?, ?)", settings)
        self._db.execute(_SEAL, sealed((SCHEMA_VERSION, count, total)))
        return sums, total

    def _save(self, changes: Changes) -> dict[int, int]:
        """Whole rows; returns their sums."""
        restated = changes.restated
        jobs = (job for job in changes.saved.values() if job.id not in restated)
        sums: dict[int, int] = {}
        self._db.executemany(_SAVE, (_row(job, sums) for job in jobs))
        return sums

    def _restate(self, changes: Changes, sums: dict[int, int]) -> int:
        """Statuses alone, their rows' sums into `sums`; returns what the total changes by."""
        change = 0
        for values, first, last in _runs(changes.saved[i] for i in sorted(changes.restated)):
            count = self._db.execute(_RESTATE, (*sealed(values), first, last)).rowcount
            if count != last - first + 1:
                raise sqlite3.DatabaseError(f"{last - first + 1 - count} jobs are missing")
            status = checksum(values)
            for job_id in range(first, last + 1):
                both = self._sums[job_id]
                before = both & _STATUS_SUM
                sums[job_id] = both - before + status
                change += (both >> 32) * (status - before)
        return change

    def _remove(self, changes: Changes) -> None:
        for first, last in _ranges(changes.removed):
            for statement in _REMOVE:
                self._db.execute(statement, (first, last))
        if changes.removed:
            self._db.execute(_REMOVE_SHARED)
        forgotten = [(i,) for i in changes.forgotten - changes.removed]
        self._db.executemany("DELETE FROM part WHERE job = ?", forgotten)


def seal_of(schema: int, sums: Iterable[Values]) -> Values:
    """The seal of jobs whose rows have these two checksums each."""
    both = [row_sums(*pair) for pair in sums]
    return sealed((schema, len(both), _total_of(both)))


def sealed(values: Values) -> Values:
    """A row's values with their checksum."""
    return (*values, checksum(values))


def _total_of(sums: Iterable[int]) -> int:
    """What the seal says of all rows. A row of another moment, or one less, changes it."""
    return sum((s >> 32) * ((s & _STATUS_SUM) + 1) for s in sums) % _MODULUS


def _row(job: Job, sums: dict[int, int]) -> Values:
    core, status = core_values(job), status_values(job)
    core_sum, status_sum = checksum(core), checksum(status)
    sums[job.id] = row_sums(core_sum, status_sum)
    return (*core, *status, core_sum, status_sum)


def _runs(jobs: Iterable[Job]) -> Iterator[tuple[Values, int, int]]:
    """Jobs with consecutive ids and the same status: it, the first and the last id."""
    run: Job | None = None  # the first of them
    status: Values = ()
    last = 0
    for job in jobs:
        if run is not None and job.id == last + 1 and _status(job) == status:
            last = job.id
            continue
        if run is not None:
            yield status_values(run), run.id, last
        run, status, last = job, _status(job), job.id
    if run is not None:
        yield status_values(run), run.id, last


def _ranges(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for number in sorted(ids):
        if last is not None and first is not None and number != last + 1:
            yield first, last
            first = number
        first = number if first is None else first
        last = number
    if first is not None and last is not None:
        yield first, last


def _events(changes: Changes) -> Iterator[Values]:
    return map(sealed, map(_event, changes.events))


def _event(line: Event) -> Values:
    before = line.before.value if line.before else None
    last = max(line.job, line.last)
    return (line.job, last, float(line.at), before, line.after.value, line.why)
