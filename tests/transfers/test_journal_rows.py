"""Rows that repeat the status of the row before are read as carefully as any other."""

from __future__ import annotations

import pytest

from tests.transfers.samples import make_job
from transfers.journal_rows import (
    CORE,
    STATUS,
    checksum,
    core_values,
    read_jobs,
    row_sums,
    status_values,
)
from transfers.model import Job, JobState

S = JobState
_COLUMNS = (*CORE, "core_sum", *STATUS, "status_sum")
_JOBS = [make_job(n, S.PAUSED, size=n, modified=1.5, reason="why") for n in range(1, 6)]


def _row(job: Job) -> list[object]:
    core, status = core_values(job), status_values(job)
    return [*core, checksum(core), *status, checksum(status)]


def _read(rows: list[list[object]]) -> tuple[list[Job], bool]:
    jobs, _, all_whole = read_jobs(map(tuple, rows))
    return jobs, all_whole


def _other(value: object) -> object:
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, bytes):
        return value + b"x"
    return value + 1 if isinstance(value, int | float) else "x"


def test_jobs_come_back_whether_their_status_is_that_of_the_row_before_or_not() -> None:
    jobs = [*_JOBS, make_job(6, S.DONE, ended=5.0), make_job(7, S.PAUSED, reason="why")]
    assert _read([_row(job) for job in jobs]) == (jobs, True)


def test_the_checksums_of_every_row_are_told_of_damaged_ones_too() -> None:
    rows = [_row(job) for job in _JOBS]
    rows[2][CORE.index("size")] = 7
    expected = {
        job.id: row_sums(checksum(core_values(job)), checksum(status_values(job))) for job in _JOBS
    }
    assert read_jobs(map(tuple, rows))[1] == expected


@pytest.mark.parametrize("column", range(len(_COLUMNS)), ids=_COLUMNS)
@pytest.mark.parametrize("damaged", [{0}, {2}, {2, 3}, {4}])
def test_a_value_that_changed_is_noticed_in_any_of_many_alike(
    column: int, damaged: set[int]
) -> None:
    rows = [_row(job) for job in _JOBS]
    for place in damaged:
        rows[place][column] = _other(rows[place][column])
    whole = [job for place, job in enumerate(_JOBS) if place not in damaged]
    assert _read(rows) == (whole, False)
