"""A queue that nobody works: what a look at it tells, and that it changes nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from providers.memory import MemoryProvider, Store
from tests.transfers.samples import RIGHT, make_job
from transfers.engine import JOURNAL_NAME, Engine
from transfers.journal import Changes, Journal, Part
from transfers.lock import QueueInUse
from transfers.look import look
from transfers.model import Job, JobState, ParkReason

S = JobState


def _leave(directory: Path, *jobs: Job, parts: list[Part] | None = None, **settings: str) -> None:
    with closing(Journal(directory / JOURNAL_NAME)) as journal:
        saved = {job.id: job for job in jobs}
        journal.write(Changes(saved, parts=parts or [], settings=settings))


def _kept(directory: Path) -> list[Job]:
    with closing(Journal(directory / JOURNAL_NAME)) as journal:
        return journal.load()


@pytest.mark.parametrize("park", ParkReason)
def test_a_job_that_waits_for_a_person_says_for_what(tmp_path: Path, park: ParkReason) -> None:
    job = make_job(1, S.PARKED, park=park, asks=RIGHT, reason="look there")
    _leave(tmp_path, job)
    seen = look(tmp_path)
    assert [row.job for row in seen.rows] == [job]
    assert seen.totals.counts == {S.PARKED: 1}


def test_what_ran_when_its_process_died_runs_no_longer_and_its_crash_counts_once(
    tmp_path: Path,
) -> None:
    job = make_job(1, S.TRANSFERRING, upload="t", sent=7, prefix="p", size=9, source_version="v")
    _leave(tmp_path, job, parts=[Part(1, 0, 0, 7, "r")])
    (row,) = look(tmp_path).rows
    assert (row.job.state, row.moved) == (S.QUEUED, 7)
    look(tmp_path)
    assert _kept(tmp_path) == [job]


def test_the_jobs_are_in_queue_order_and_the_limits_are_told(tmp_path: Path) -> None:
    set_ = {"rate": "1024", "workers": "2", "held": "1"}
    _leave(tmp_path, make_job(1, seq=9), make_job(2, seq=3), **set_)
    seen = look(tmp_path)
    assert [row.job.id for row in seen.rows] == [2, 1]
    assert (seen.count, seen.rate_limit, seen.workers, seen.held) == (2, 1024, 2, True)


def test_a_home_that_never_had_a_queue_has_an_empty_one(tmp_path: Path) -> None:
    assert look(tmp_path / "new").count == 0


def test_a_queue_that_is_worked_is_not_looked_into_and_one_looked_at_is_free(
    tmp_path: Path,
) -> None:
    look(tmp_path)
    engine = Engine(tmp_path, lambda endpoint: MemoryProvider(Store()))
    with closing(engine), pytest.raises(QueueInUse):
        look(tmp_path)
    look(tmp_path)
