"""faults.md A10: a journal of version 2, which knew nothing of mirrors, is migrated whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.journal_damage import sample_jobs
from transfers.changes import Event, Part
from transfers.journal import Journal
from transfers.journal_rows import CORE, checksum, core_values, status_values
from transfers.journal_writer import seal_of
from transfers.model import Job, JobState
from transfers.schema import SCHEMA_VERSION

_VERSION_2 = (
    """CREATE TABLE job (
    id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, seq INTEGER NOT NULL, key TEXT NOT NULL,
    op TEXT NOT NULL,
    source_endpoint TEXT NOT NULL, source_path BLOB NOT NULL,
    target_endpoint TEXT NOT NULL, target_path BLOB NOT NULL,
    size INTEGER, source_version TEXT, modified REAL, mode INTEGER,
    within BLOB NOT NULL, verify TEXT NOT NULL, expected TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    begun INTEGER NOT NULL, sent INTEGER NOT NULL, prefix TEXT NOT NULL,
    upload TEXT, replacing TEXT, agreed TEXT, digest TEXT NOT NULL, committed INTEGER NOT NULL,
    proof_word TEXT, proof_algorithm TEXT, proof_source TEXT, proof_target TEXT, proof_how TEXT,
    state TEXT NOT NULL, policy TEXT NOT NULL, priority INTEGER NOT NULL,
    attempt INTEGER NOT NULL, restarts INTEGER NOT NULL, crashes INTEGER NOT NULL,
    reason TEXT NOT NULL, park TEXT, asks TEXT NOT NULL, cancelling INTEGER NOT NULL,
    pausing INTEGER NOT NULL, started REAL, ended REAL,
    core_sum INTEGER NOT NULL, status_sum INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE event (
    first INTEGER NOT NULL, last INTEGER NOT NULL, at REAL NOT NULL,
    before TEXT, after TEXT NOT NULL, why TEXT NOT NULL, sum INTEGER NOT NULL
) STRICT""",
    "CREATE INDEX event_first ON event (first)",
    "CREATE INDEX event_range ON event (last) WHERE last > first",
    """CREATE TABLE part (
    job INTEGER NOT NULL, number INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
    receipt TEXT NOT NULL, sum INTEGER NOT NULL
) STRICT""",
    "CREATE UNIQUE INDEX part_number ON part (job, number)",
    "CREATE TABLE setting (name TEXT NOT NULL, value TEXT NOT NULL, sum INTEGER NOT NULL) STRICT",
    "CREATE UNIQUE INDEX setting_name ON setting (name)",
    """CREATE TABLE seal (
    one INTEGER PRIMARY KEY, schema INTEGER NOT NULL, jobs INTEGER NOT NULL,
    total INTEGER NOT NULL, sum INTEGER NOT NULL
) STRICT""",
    "PRAGMA user_version=2",
)
"""What version 2 wrote."""

_NEW = CORE.index("source_within")
JOBS = sample_jobs(60)


def _row(job: Job) -> tuple[object, ...]:
    """As version 2 stored it."""
    core, status = core_values(job), status_values(job)
    core = (*core[:_NEW], *core[_NEW + 3 :])
    return (*core, *status, checksum(core), checksum(status))


def _sealed(*values: object) -> tuple[object, ...]:
    return (*values, checksum(values))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "queue.db"
    rows = [_row(job) for job in JOBS.values()]
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA page_size = 4096")
        for statement in _VERSION_2:
            db.execute(statement)
        db.executemany(f"INSERT INTO job VALUES ({', '.join('?' * 45)})", rows)
        event = _sealed(1, 1, 5.0, None, "queued", "why")
        db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", event)
        part = _sealed(5, 1, 0, 50, "receipt")
        db.execute("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)", part)
        db.execute("INSERT INTO setting VALUES (?, ?, ?)", _sealed("held", "1"))
        seal = seal_of(2, [row[-2:] for row in rows])
        db.execute("INSERT INTO seal VALUES (1, ?, ?, ?, ?)", seal)
        db.commit()
    path.chmod(0o600)
    return path


def test_A10_everything_of_version_2_is_there(path: Path) -> None:
    old = path.read_bytes()
    for _ in range(2):
        journal = Journal(path)
        assert journal.notice == ""
        assert {job.id: job for job in journal.load()} == JOBS
        assert journal.history(1) == [Event(1, 5.0, None, JobState.QUEUED, "why")]
        assert journal.parts(5) == [Part(5, 1, 0, 50, "receipt")]
        assert journal.settings() == {"held": "1"}
        journal.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    (kept,) = path.parent.glob("*.backup")
    assert kept.name == "queue.db.v2.1.backup"
    with closing(sqlite3.connect(kept)) as copy, closing(sqlite3.connect(":memory:")) as before:
        before.deserialize(old)
        select = "SELECT * FROM job ORDER BY id"
        assert copy.execute(select).fetchall() == before.execute(select).fetchall()


def test_A10_a_row_of_version_2_that_was_changed_is_doubted_and_the_others_go_on(
    path: Path,
) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE job SET target_path = ? WHERE id = 7", (b"/elsewhere",))
        db.commit()
    journal = Journal(path)
    jobs = {job.id: job for job in journal.load()}
    journal.close()
    assert "of them parked because they are doubtful" in journal.notice
    assert jobs.keys() == JOBS.keys()
    assert jobs[7].state is JobState.PARKED
    finished = [job for job in JOBS.values() if job.finished and job.id != 7]
    assert finished
    assert all(jobs[job.id] == job for job in finished)
