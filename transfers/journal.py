"""The queue on disk: SQLite, one connection, one writer thread; survives kill -9 (faults.md 5).

Rollback journal with `synchronous=EXTRA`, not WAL: the SQLite of today's servers has the WAL-reset
bug (faults.md 11). Paths are BLOBs, because names need not be UTF-8.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path

from providers.base import Place
from providers.text import from_bytes, to_bytes
from transfers.model import Job, JobState, Op, ParkReason, Policy, Proof, ProofWord, Verify

SCHEMA_VERSION = 2

_SCHEMA = """
CREATE TABLE job (
    id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, seq INTEGER NOT NULL, key TEXT NOT NULL,
    op TEXT NOT NULL,
    source_endpoint TEXT NOT NULL, source_path BLOB NOT NULL,
    target_endpoint TEXT NOT NULL, target_path BLOB NOT NULL,
    state TEXT NOT NULL, size INTEGER, source_version TEXT, modified REAL, mode INTEGER,
    policy TEXT NOT NULL, verify TEXT NOT NULL, attempt INTEGER NOT NULL, attempts INTEGER NOT NULL,
    restarts INTEGER NOT NULL,
    within BLOB NOT NULL, priority INTEGER NOT NULL, crashes INTEGER NOT NULL,
    begun INTEGER NOT NULL, sent INTEGER NOT NULL, prefix TEXT NOT NULL,
    reason TEXT NOT NULL, park TEXT, asks TEXT NOT NULL, cancelling INTEGER NOT NULL,
    upload TEXT, replacing TEXT, agreed TEXT, digest TEXT NOT NULL, committed INTEGER NOT NULL,
    proof_word TEXT, proof_algorithm TEXT, proof_source TEXT, proof_target TEXT, proof_how TEXT,
    started REAL, ended REAL
) STRICT;
CREATE TABLE event (
    job INTEGER NOT NULL, at REAL NOT NULL, before TEXT, after TEXT NOT NULL, why TEXT NOT NULL
) STRICT;
CREATE INDEX event_job ON event (job);
CREATE TABLE part (
    job INTEGER NOT NULL, number INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
    receipt TEXT NOT NULL, PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""

_COLUMNS = 41
_SAVE_PART = "INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?)"
_SAVE = f"INSERT OR REPLACE INTO job VALUES ({', '.join('?' * _COLUMNS)})"


class JournalError(Exception):
    """The queue cannot be read or written. The text is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a job's history. `at` in Unix seconds."""

    job: int
    at: float
    before: JobState | None
    after: JobState
    why: str


@dataclass(frozen=True, slots=True)
class Part:
    """A stored part of a job's upload: where it lies in the file, and the place's receipt."""

    job: int
    number: int
    start: int  # bytes
    length: int  # bytes
    receipt: str


@dataclass(slots=True)
class Changes:
    """What one transaction writes. `forgotten`: jobs whose parts are no longer any."""

    saved: dict[int, Job] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    forgotten: set[int] = field(default_factory=set)  # carried out before `parts` are stored
    parts: list[Part] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.saved or self.removed or self.settings or self.parts or self.forgotten)


class Journal:
    """Opened, used and closed by one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _explained(path):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None)
            try:
                self._set_up()
            except Exception:
                self._db.close()
                raise

    def _set_up(self) -> None:
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=DELETE")
        self._db.execute("PRAGMA synchronous=EXTRA")
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._check()
        self._create()

    def _check(self) -> None:
        answer = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if tuple(answer) != ("ok",):
            raise JournalError(_damaged(self._path))

    def _create(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._db.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
            )
        elif version != SCHEMA_VERSION:
            raise JournalError(
                f"The queue in {self._path} was written by a newer Wharfie (its version {version}, "
                f"ours {SCHEMA_VERSION}). Update Wharfie, or give it another WHARFIE_HOME."
            )

    def load(self) -> list[Job]:
        """Every job, in queue order."""
        with _explained(self._path):
            return [_job(row) for row in self._db.execute("SELECT * FROM job ORDER BY seq, id")]

    def parts(self, job: int) -> list[Part]:
        """The stored parts of a job's upload, in their order."""
        query = "SELECT job, number, start, length, receipt FROM part WHERE job = ? ORDER BY number"
        with _explained(self._path):
            return [Part(*row) for row in self._db.execute(query, (job,))]

    def settings(self) -> dict[str, str]:
        """What `Changes.settings` stored, by name."""
        with _explained(self._path):
            return dict(map(tuple, self._db.execute("SELECT name, value FROM setting")))

    def history(self, job: int) -> list[Event]:
        """The events of one job, oldest first."""
        query = "SELECT job, at, before, after, why FROM event WHERE job = ? ORDER BY rowid"
        with _explained(self._path):
            return [
                Event(i, at, JobState(before) if before else None, JobState(after), why)
                for i, at, before, after, why in self._db.execute(query, (job,))
            ]

    def write(self, changes: Changes) -> None:
        """All of `changes` or nothing; durable on return. Raises JournalError."""
        removed = [(i,) for i in changes.removed]
        with _explained(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(_SAVE, map(_row, changes.saved.values()))
                self._db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", _events(changes))
                self._db.executemany("DELETE FROM job WHERE id = ?", removed)
                self._db.executemany("DELETE FROM event WHERE job = ?", removed)
                forgotten = [(i,) for i in changes.forgotten | changes.removed]
                self._db.executemany("DELETE FROM part WHERE job = ?", forgotten)
                self._db.executemany(_SAVE_PART, map(astuple, changes.parts))
                self._db.executemany(
                    "INSERT OR REPLACE INTO setting VALUES (?, ?)", changes.settings.items()
                )
                self._db.execute("COMMIT")
            except Exception:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        self._db.close()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        # Python's own complaints (a closed database) carry no code.
        if getattr(error, "sqlite_errorcode", None) in (
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
        ):
            raise JournalError(_damaged(path)) from error
        raise JournalError(
            f"The queue in {path} cannot be saved ({error}). Free some space there, or check "
            "its owner and mode."
        ) from error
    except OSError as error:
        raise JournalError(f"The queue in {path} cannot be opened: {error.strerror}.") from error


def _damaged(path: Path) -> str:
    return (
        f"The queue in {path} is damaged. Nothing was changed. Move that file away to start with "
        "an empty queue; keep it, the list of transfers may still be read from it."
    )


def _events(changes: Changes) -> Iterable[tuple[int, float, str | None, str, str]]:
    return ((e.job, e.at, e.before, e.after, e.why) for e in changes.events)


def _row(job: Job) -> tuple[object, ...]:
    proof = job.proof
    return (
        *(job.id, job.batch, job.seq, job.key, job.op),
        *(job.source.endpoint, to_bytes(job.source.path)),
        *(job.target.endpoint, to_bytes(job.target.path)),
        *(job.state, _storable(job.size), job.source_version, job.modified, job.mode),
        *(job.policy, job.verify, job.attempt, job.attempts, job.restarts),
        *(to_bytes(job.within), job.priority, job.crashes, int(job.begun), job.sent, job.prefix),
        *(job.reason, job.park, job.asks, int(job.cancelling)),
        *(job.upload, job.replacing, job.agreed, job.digest, int(job.committed)),
        *((proof.word, proof.algorithm, proof.source, proof.target, proof.how) if proof else _NO),
        *(job.started, job.ended),
    )


def _storable(size: int | None) -> int | None:
    """A size that SQLite can hold; a server may claim more than any file has: unknown, then."""
    return size if size is None or size < 1 << 63 else None


_NO = (None, None, None, None, None)


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        batch=row["batch"],
        seq=row["seq"],
        key=row["key"],
        op=Op(row["op"]),
        source=Place(row["source_endpoint"], from_bytes(row["source_path"])),
        target=Place(row["target_endpoint"], from_bytes(row["target_path"])),
        state=JobState(row["state"]),
        size=row["size"],
        source_version=row["source_version"],
        modified=row["modified"],
        mode=row["mode"],
        policy=Policy(row["policy"]),
        verify=Verify(row["verify"]),
        attempt=row["attempt"],
        attempts=row["attempts"],
        restarts=row["restarts"],
        within=from_bytes(row["within"]),
        priority=row["priority"],
        crashes=row["crashes"],
        begun=bool(row["begun"]),
        sent=row["sent"],
        prefix=row["prefix"],
        reason=row["reason"],
        park=ParkReason(row["park"]) if row["park"] else None,
        asks=row["asks"],
        cancelling=bool(row["cancelling"]),
        upload=row["upload"],
        replacing=row["replacing"],
        agreed=row["agreed"],
        digest=row["digest"],
        committed=bool(row["committed"]),
        proof=_proof(row),
        started=row["started"],
        ended=row["ended"],
    )


def _proof(row: sqlite3.Row) -> Proof | None:
    if row["proof_word"] is None:
        return None
    return Proof(
        ProofWord(row["proof_word"]),
        row["proof_algorithm"],
        row["proof_source"],
        row["proof_target"],
        row["proof_how"],
    )
