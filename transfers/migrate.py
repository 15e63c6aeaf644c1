"""An older journal becomes one of today's schema: in one transaction, and a copy is kept."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

from transfers.changes import Changes
from transfers.files import sync_directory
from transfers.journal_rows import CORE, STATUS, Values, to_job
from transfers.journal_writer import Writer
from transfers.model import RUNNING, JobState
from transfers.schema import SCHEMA, SCHEMA_VERSION

_KEPT = 2  # copies

VERSION_1 = (
    *("id", "batch", "seq", "key", "op"),
    *("source_endpoint", "source_path", "target_endpoint", "target_path"),
    *("state", "size", "source_version", "modified", "mode", "policy", "verify"),
    *("attempt", "attempts", "restarts", "reason", "park", "asks", "cancelling"),
    *("upload", "replacing", "agreed", "digest", "committed"),
    *("proof_word", "proof_algorithm", "proof_source", "proof_target", "proof_how"),
    *("started", "ended"),
)
"""The columns of version 1's table `job`, in their order."""


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring the open journal at `path` from version 1 to `SCHEMA_VERSION`.

    Raises sqlite3.Error, OSError: it is as it was, then. KeyError for a word that is none of ours.
    """
    _keep_copy(db, path, 1)
    db.execute("BEGIN IMMEDIATE")
    try:
        changes = _read_version_1(db)
        for table in ("job", "event"):
            db.execute(f"DROP TABLE {table}")
        create(db)
        Writer(db, {}).store(changes)
        db.execute("COMMIT")
    except Exception:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def create(db: sqlite3.Connection) -> None:
    """Within a transaction: today's tables, empty."""
    for statement in SCHEMA:
        db.execute(statement)
    Writer(db, {}).store(Changes())
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def from_version_1(row: Values) -> Values:
    """A row of version 1's table `job`, as today's `CORE` and `STATUS`."""
    old = dict(zip(VERSION_1, row, strict=True))
    begun = old["upload"] is not None or old["state"] in RUNNING
    new = {
        "within": b"",
        "expected": "",
        "begun": int(begun),
        "sent": 0,
        "prefix": "",
        "priority": 0,
    }
    new |= {"crashes": 0, "pausing": 0}
    columns = new | old
    return tuple(columns[name] for name in (*CORE, *STATUS))


def _read_version_1(db: sqlite3.Connection) -> Changes:
    changes = Changes()
    for row in db.execute(f"SELECT {', '.join(VERSION_1)} FROM job ORDER BY id"):
        job = to_job(from_version_1(row))
        changes.saved[job.id] = job
    events = "SELECT job, at, before, after, why FROM event ORDER BY rowid"
    for job_id, at, before, after, why in db.execute(events):
        changes.note(job_id, at, JobState(before) if before else None, JobState(after), why)
    return changes


def _keep_copy(db: sqlite3.Connection, path: Path, version: int) -> None:
    """A compact copy next to `path`; the newest two are kept. It has what a job's row has: 0600."""
    pattern = re.compile(re.escape(path.name) + r"\.v\d+\.(\d+)\.backup")
    found = [(pattern.fullmatch(other.name), other) for other in path.parent.iterdir()]
    copies = sorted((int(match[1]), other) for match, other in found if match)
    number = copies[-1][0] + 1 if copies else 1
    unfinished = path.with_name(f"{path.name}.backup.part")
    unfinished.unlink(missing_ok=True)
    fd = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        db.execute("VACUUM INTO ?", (os.fspath(unfinished),))
        os.fsync(fd)
    finally:
        os.close(fd)
    unfinished.replace(path.with_name(f"{path.name}.v{version}.{number}.backup"))
    sync_directory(path.parent)
    for _, old in copies[: len(copies) + 1 - _KEPT]:
        old.unlink()
