"""Rows that have much in common with others are read as carefully as any other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest

from tests.transfers.samples import make_job
from transfers.changes import Changes
from transfers.journal_rows import (
    CORE,
    STATUS,
    checksum,
    core_values,
    read_jobs,
    row_sums,
    status_values,
)
from transfers.journal_writer import Writer
from transfers.migrate import create
from transfers.model import Job, JobState

S = JobState
_JOBS = [make_job(n, S.PAUSED, size=n, modified=1.5, reason="why") for n in range(1, 6)]


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create(connection)
        yield connection


def _write(db: sqlite3.Connection, jobs: Iterable[Job]) -> None:
    Writer(db, {}).write(Changes({job.id: job for job in jobs}))


def _damage(db: sqlite3.Connection, job: int, column: str) -> None:
    (value,) = db.execute(f"SELECT {column} FROM job WHERE id = ?", (job,)).fetchone()
    if isinstance(value, str):
        other: object = f"{value}x"
    elif isinstance(value, bytes):
        other = value + b"x"
    else:  # a table is strict, and makes a number of a text where it wants one
        other = "7" if value is None else value + 100
    db.execute(f"UPDATE job SET {column} = ? WHERE id = ?", (other, job))


def test_jobs_come_back_whatever_they_have_in_common(db: sqlite3.Connection) -> None:
    others = [
        make_job(6, S.DONE, ended=5.0),
        make_job(7, S.PAUSED, reason="why", begun=True, sent=5, upload="{}"),
        make_job(8, S.PAUSED, reason="why"),
    ]
    jobs = [*_JOBS, *others]
    for count in range(len(jobs) + 1):
        db.execute("DELETE FROM job")
        _write(db, jobs[:count])
        found, _, all_whole = read_jobs(db)
        assert (sorted(found, key=lambda job: job.id), all_whole) == (jobs[:count], True)


def test_the_checksums_of_every_row_are_told_of_damaged_ones_too(db: sqlite3.Connection) -> None:
    _write(db, _JOBS)
    _damage(db, 3, "size")
    assert read_jobs(db)[1] == {
        job.id: row_sums(checksum(core_values(job)), checksum(status_values(job))) for job in _JOBS
    }


@pytest.mark.parametrize("column", [*CORE, "core_sum", *STATUS, "status_sum"])
@pytest.mark.parametrize("damaged", [{1}, {3}, {3, 4}, {5}, {1, 2, 3, 4, 5}])
def test_a_value_that_changed_is_noticed_in_any_of_many_alike(
    db: sqlite3.Connection, column: str, damaged: set[int]
) -> None:
    _write(db, _JOBS)
    for number in damaged:
        _damage(db, number, column)
    found, _, all_whole = read_jobs(db)
    whole = [job for job in _JOBS if job.id not in damaged]
    assert (sorted(found, key=lambda job: job.id), all_whole) == (whole, False)
