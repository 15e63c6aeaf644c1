"""An older journal becomes one of today's schema: in one transaction, and a copy is kept."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

from transfers.changes import Changes
from transfers.files import sync_directory
from transfers.journal_rows import CORE, REALS, STATUS, Values, checksum, to_job, whole
from transfers.journal_writer import Writer, seal_of
from transfers.model import RUNNING, JobState
from transfers.schema import SCHEMA, SCHEMA_VERSION

_KEPT = 2  # copies
_WRONG = -1  # no checksum

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

_NEW_IN_3 = {"source_within": b"", "keep": b"", "carry": "all"}
_NEW_AT = CORE.index("source_within")
_CORES_2 = len(CORE) - len(_NEW_IN_3)
WIDTH_2 = _CORES_2 + len(STATUS) + 2
"""The columns of version 2's table `job`: today's without `_NEW_IN_3`, and two checksums."""

REALS_2 = tuple(at - len(_NEW_IN_3) if at > _NEW_AT else at for at in REALS)


def migrate(db: sqlite3.Connection, path: Path, version: int) -> None:
    """Bring the open journal at `path` from `version`, 1 or 2, to `SCHEMA_VERSION`.

    Raises sqlite3.Error, OSError: it is as it was, then. KeyError for a word that is none of ours,
    ValueError for rows that are not as they were written.
    """
    _keep_copy(db, path, version)
    db.execute("BEGIN IMMEDIATE")
    try:
        if version == 1:
            _from_version_1(db)
        else:
            _from_version_2(db)
        db.execute("COMMIT")
    except Exception:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _from_version_1(db: sqlite3.Connection) -> None:
    changes = _read_version_1(db)
    for table in ("job", "event"):
        db.execute(f"DROP TABLE {table}")
    create(db)
    Writer(db, {}).store(changes)


def _from_version_2(db: sqlite3.Connection) -> None:
    """Only the table of the jobs differs."""
    rows = db.execute("SELECT * FROM job").fetchall()
    sealed = db.execute("SELECT schema, jobs, total, sum FROM seal").fetchall()
    if sealed != [seal_of(2, [row[-2:] for row in rows])]:
        raise ValueError("the seal is not of these rows")
    new = list(map(from_version_2, rows))
    if not all(map(whole, new)):
        raise ValueError("a row is not as it was written")
    db.execute("DROP TABLE job")
    db.execute(SCHEMA[0])
    Writer(db, {}).store(Changes({row[0]: to_job(row[:-2]) for row in new}))
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


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
        **_NEW_IN_3,
        "expected": "",
        "begun": int(begun),
        "sent": 0,
        "prefix": "",
        "priority": 0,
    }
    new |= {"crashes": 0, "pausing": 0}
    columns = new | old
    return tuple(columns[name] for name in (*CORE, *STATUS))


def from_version_2(row: Values) -> Values:
    """A row of version 2's table `job` as one of today's, with its checksums: each is right where
    the old one was."""
    core, status, (core_sum, status_sum) = row[:_CORES_2], row[_CORES_2:-2], row[-2:]
    new = (*core[:_NEW_AT], *_NEW_IN_3.values(), *core[_NEW_AT:])
    return (
        *(*new, *status),
        checksum(new) if checksum(core) == core_sum else _WRONG,
        checksum(status) if checksum(status) == status_sum else _WRONG,
    )


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
