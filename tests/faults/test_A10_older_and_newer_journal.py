"""faults.md A10: an older journal is migrated whole, with a copy kept; a newer one is refused."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Place
from tests.transfers.samples import make_job
from transfers.journal import Event, Journal, JournalError
from transfers.journal_rows import checksum
from transfers.model import Job, JobState, Op, ParkReason, Policy, Proof, ProofWord, Verify
from transfers.schema import SCHEMA_VERSION

ROOT = Path(__file__).parents[2]

_VERSION_1 = """
CREATE TABLE job (
    id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, seq INTEGER NOT NULL, key TEXT NOT NULL,
    op TEXT NOT NULL,
    source_endpoint TEXT NOT NULL, source_path BLOB NOT NULL,
    target_endpoint TEXT NOT NULL, target_path BLOB NOT NULL,
    state TEXT NOT NULL, size INTEGER, source_version TEXT, modified REAL, mode INTEGER,
    policy TEXT NOT NULL, verify TEXT NOT NULL, attempt INTEGER NOT NULL, attempts INTEGER NOT NULL,
    restarts INTEGER NOT NULL,
    reason TEXT NOT NULL, park TEXT, asks TEXT NOT NULL, cancelling INTEGER NOT NULL,
    upload TEXT, replacing TEXT, agreed TEXT, digest TEXT NOT NULL, committed INTEGER NOT NULL,
    proof_word TEXT, proof_algorithm TEXT, proof_source TEXT, proof_target TEXT, proof_how TEXT,
    started REAL, ended REAL
) STRICT;
CREATE TABLE event (
    job INTEGER NOT NULL, at REAL NOT NULL, before TEXT, after TEXT NOT NULL, why TEXT NOT NULL
) STRICT;
CREATE INDEX event_job ON event (job);
PRAGMA user_version=1;
"""
"""What version 1 wrote."""

_FULL = Job(
    id=1,
    batch=3,
    seq=-4,
    key="0badcafe",
    op=Op.MOVE,
    source=Place("sftp://ann@h:22", "/caf\udce9/\n\x1b[31m"),
    target=Place("file:", "/tmp/\udcff\udcfe"),
    state=JobState.PARKED,
    size=1 << 40,
    source_version="v1",
    modified=1234.0,
    mode=0o640,
    policy=Policy.DIFFERENT,
    verify=Verify.STRONG,
    attempt=2,
    attempts=5,
    restarts=1,
    reason="it waits",
    park=ParkReason.SIGN_IN,
    asks="sftp://ann@h:22",
    cancelling=True,
    begun=True,
    upload='{"path": "\\udcff"}',
    replacing="",
    agreed="v1",
    digest="ab" * 32,
    committed=True,
    proof=Proof(ProofWord.MISMATCH, "sha256", "aa", "bb", "read back"),
    started=1.5,
    ended=2.5,
)
JOBS = [
    _FULL,
    *(make_job(number, state) for number, state in enumerate(JobState, 2)),
    *(make_job(number) for number in range(20, 80)),
]


def _row(job: Job) -> tuple[object, ...]:
    """As version 1 stored it."""
    proof = job.proof
    return (
        *(job.id, job.batch, job.seq, job.key, job.op.value),
        *(job.source.endpoint, os.fsencode(job.source.path)),
        *(job.target.endpoint, os.fsencode(job.target.path)),
        *(job.state.value, job.size, job.source_version, job.modified, job.mode),
        *(job.policy.value, job.verify.value, job.attempt, job.attempts, job.restarts),
        *(job.reason, job.park.value if job.park else None, job.asks, int(job.cancelling)),
        *(job.upload, job.replacing, job.agreed, job.digest, int(job.committed)),
        *((proof.word.value, "sha256", "aa", "bb", "read back") if proof else [None] * 5),
        *(job.started, job.ended),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "queue.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(_VERSION_1)
        db.executemany(f"INSERT INTO job VALUES ({', '.join('?' * 35)})", map(_row, JOBS))
        for at, before, after in ((5.0, None, "queued"), (6.0, "queued", "parked")):
            db.execute("INSERT INTO event VALUES (1, ?, ?, ?, 'why')", (at, before, after))
        db.commit()
    path.chmod(0o600)
    return path


def _migrated() -> Iterator[Job]:
    """Of what runs, unfinished bytes may lie at the destination; version 1 did not say so."""
    running = ("preparing", "transferring", "verifying", "committing")
    for job in JOBS:
        yield replace(job, begun=job.begun or job.state in running)


def _version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def test_A10_every_job_of_version_1_is_there_with_its_values_and_history(path: Path) -> None:
    for _ in range(2):
        journal = Journal(path)
        assert journal.notice == ""
        assert journal.load() == sorted(_migrated(), key=lambda job: (job.seq, job.id))
        assert journal.history(1) == [
            Event(1, 5.0, None, JobState.QUEUED, "why"),
            Event(1, 6.0, JobState.QUEUED, JobState.PARKED, "why"),
        ]
        journal.close()
    assert _version(path) == SCHEMA_VERSION


def test_A10_the_old_journal_is_kept_for_its_owner_at_most_twice(path: Path) -> None:
    old = path.read_bytes()
    for _ in range(3):
        path.write_bytes(old)
        Journal(path).close()
    kept = sorted(path.parent.glob("*.backup"))
    assert [other.name for other in kept] == ["queue.db.v1.2.backup", "queue.db.v1.3.backup"]
    assert {*path.parent.iterdir()} == {path, *kept}
    for other in kept:
        assert os.name == "nt" or other.stat().st_mode & 0o777 == 0o600
        with closing(sqlite3.connect(other)) as db:
            rows = db.execute("SELECT * FROM job ORDER BY id").fetchall()
        assert rows == [_row(job) for job in sorted(JOBS, key=lambda job: job.id)]


def test_A10_without_room_for_the_copy_nothing_is_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr("transfers.migrate.os.fsync", full)
    with pytest.raises(JournalError, match="No space left"):
        Journal(path)
    assert path.read_bytes() == before
    monkeypatch.undo()
    Journal(path).close()
    assert [other.name for other in path.parent.glob("*backup*")] == ["queue.db.v1.1.backup"]


def test_A10_a_migration_that_fails_leaves_the_old_journal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    before = path.read_bytes()
    monkeypatch.setattr("transfers.migrate.Writer.store", full)
    with pytest.raises(JournalError, match="disk is full"):
        Journal(path)
    assert path.read_bytes() == before


_KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
import transfers.journal as module

left = int(sys.argv[2])

class Doomed(sqlite3.Connection):
    def execute(self, *args):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(*args)
    def executemany(self, sql, rows):
        for row in rows:
            self.execute(sql, row)

connect = sqlite3.connect
module._PRAGMAS = (*module._PRAGMAS[:-1], "cache_size = 2")  # pages go to the file at once
module.sqlite3.connect = lambda *args, **more: connect(*args, factory=Doomed, **more)
module.Journal(Path(sys.argv[1]))
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize("statement", [8, 12, 15, 17, 19, 22, 26, 29, 50, 90, 104, 105, 106, 107])
def test_A10_a_crash_in_the_middle_leaves_the_old_or_the_new_journal(
    path: Path, statement: int
) -> None:
    command = [sys.executable, "-c", _KILLED, str(path), str(statement)]
    killed = subprocess.run(command, cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    journal = Journal(path)
    assert journal.notice == ""
    assert journal.load() == sorted(_migrated(), key=lambda job: (job.seq, job.id))
    journal.close()
    assert len([*path.parent.glob("*.backup*")]) in (1, 2)


def test_A10_a_newer_journal_is_refused_and_untouched(path: Path) -> None:
    Journal(path).close()
    for other in path.parent.glob("*.backup"):
        other.unlink()
    newer = SCHEMA_VERSION + 1
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version = {newer}")
        db.execute("CREATE TABLE more (x)")
        values = (newer, 1, 2)
        db.execute(
            "UPDATE seal SET schema = ?, jobs = ?, total = ?, sum = ?", (*values, checksum(values))
        )
    before = path.read_bytes()
    with pytest.raises(JournalError, match="newer Wharfie") as caught:
        Journal(path)
    assert str(caught.value).isprintable()
    assert path.read_bytes() == before
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_A10_an_old_journal_that_is_damaged_is_put_aside_and_all_in_it_is_doubted(
    path: Path,
) -> None:
    """Version 1 had no checksums: what is read of a damaged one may be anything."""
    raw = bytearray(path.read_bytes())
    raw[:100] = bytes(100)
    path.write_bytes(raw)
    journal = Journal(path)
    jobs = journal.load()
    journal.close()
    assert f"{len(JOBS)} transfers were read back, {len(JOBS)} of them parked" in journal.notice
    assert {job.id for job in jobs} == {job.id for job in JOBS}
    assert {job.state for job in jobs} == {JobState.PARKED}
    assert next(path.parent.glob("*.damaged-*")).read_bytes() == raw
