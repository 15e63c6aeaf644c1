"""The queue on disk: SQLite, one connection, one writer thread; survives kill -9 (faults.md 5).

Rollback journal with `synchronous=EXTRA`, not WAL: the SQLite of today's servers has the WAL-reset
bug (faults.md 11), and a home on a network disk has no shared memory for it (D11; with exclusive
locking this mode needs none). Paths are BLOBs, because names need not be UTF-8.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from operator import attrgetter
from pathlib import Path

from providers.text import printable
from transfers.changes import Changes, Event, Part
from transfers.collecting import without_collecting
from transfers.files import keep_as, keep_private, sync_directory
from transfers.journal_error import JournalError
from transfers.journal_rows import Values, checksum, read_jobs
from transfers.journal_writer import Writer
from transfers.migrate import create, migrate
from transfers.model import Job, JobState
from transfers.salvage import salvage
from transfers.schema import PAGE_SIZE, SCHEMA, SCHEMA_VERSION

__all__ = ["SCHEMA_VERSION", "Changes", "Event", "Journal", "JournalError", "Part"]

_LOCK_SECONDS = 5.0
_LOG = logging.getLogger("wharfie.queue")
_PRAGMAS = (
    "journal_mode = DELETE",
    "synchronous = EXTRA",
    "locking_mode = EXCLUSIVE",
    # What was removed (a token, an older state) is not found again, by nobody and by no salvage.
    "secure_delete = ON",
    "cache_size = -65536",  # KiB: a change of every job is written once, at its commit
)
_DAMAGE = frozenset(
    {
        *(sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT),
        # Our statements are right, and the file may be written: it is its header or schema, then.
        *(sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_TOOBIG),
        *(sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT),
    }
)
_LOCKS = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})


class _Damaged(Exception):
    """`sound`: only values are wrong, every row is there (see `salvage`)."""

    def __init__(self, sound: bool = False) -> None:
        self.sound = sound


class Journal:
    """Opened, used and closed by one thread.

    A damaged file is moved aside, and what can be read of it goes on: `notice` says so to a person,
    else it is empty. An older one is migrated. Raises JournalError: nothing was changed, then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loaded: list[Job] | None = None
        self.notice = ""
        with _explained(path):
            self._provide()
            try:
                self._open()
            except _Damaged as damage:
                self._rebuild(damage.sound)
                try:
                    self._open()
                except _Damaged as again:
                    raise JournalError(_damaged(path)) from again

    # Opening -------------------------------------------------------------------------------

    def _provide(self) -> None:
        """Have a file that we, and nobody else, may write. Never an empty one, even for a moment:
        see `_rebuild`."""
        if self._path.exists():
            fd = os.open(self._path, os.O_RDWR)
            try:
                keep_private(self._path, fd)
            finally:
                os.close(fd)
            return
        rest = self._rollback_file()
        if rest.exists():  # it would be rolled back into the new file
            kept = self._aside()
            rest.replace(kept.with_name(f"{kept.name}-journal"))
            self._tell(f"The saved queue was gone; what was left of it is kept in {kept.name}*.")
        self._fill(Changes())

    def _open(self) -> None:
        """Connect and look at everything. Raises _Damaged."""
        self._db = sqlite3.connect(self._path, timeout=_LOCK_SECONDS, isolation_level=None)
        try:
            with _damage_found(), without_collecting():
                for pragma in _PRAGMAS:
                    self._db.execute(f"PRAGMA {pragma}")
                self._check_version()
                if self._db.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
                    raise _Damaged
                if (version := self._version()) != SCHEMA_VERSION:
                    migrate(self._db, self._path, version)
                self._check_schema()
                self._loaded, self._writer = self._read_jobs()
                self._check_others()
        except BaseException:
            self._db.close()
            raise

    def _version(self) -> int:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _check_version(self) -> None:
        version = self._version()
        tables = dict(self._db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        sealed = None
        if "seal" in tables:
            (sealed,) = self._db.execute("SELECT schema FROM seal").fetchone() or (None,)
        if version > SCHEMA_VERSION and sealed in (None, version):
            raise JournalError(
                f"The queue in {printable(str(self._path))} was written by a newer Wharfie (its "
                f"version {version}, ours {SCHEMA_VERSION}). Update Wharfie, or give it another "
                "WHARFIE_HOME."
            )
        if version < 1 or sealed != (None if version == 1 else version):
            raise _Damaged
        # A header that says "read only" is noticed here, and a lock that cannot be had.
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("ROLLBACK")

    def _check_schema(self) -> None:
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
        if sorted(sql for (sql,) in self._db.execute(query)) != sorted(SCHEMA):
            raise _Damaged

    def _read_jobs(self) -> tuple[list[Job], Writer]:
        """Every job, and who knows the checksums of their rows."""
        jobs, sums, all_whole = read_jobs(self._db)
        writer = Writer(self._db, sums)
        if self._db.execute("SELECT schema, jobs, total, sum FROM seal").fetchall() != [
            writer.seal
        ]:
            raise _Damaged
        if not all_whole:
            raise _Damaged(sound=True)
        jobs.sort(key=attrgetter("seq", "id"))
        return jobs, writer

    def _check_others(self) -> None:
        if not all(map(_right, self._db.execute("SELECT * FROM part"))):
            raise _Damaged
        if not all(map(_right, self._db.execute("SELECT * FROM setting"))):
            raise _Damaged(sound=True)

    # A damaged file --------------------------------------------------------------------------

    def _rebuild(self, sound: bool) -> None:
        """Keep the damaged file beside, and put what it still tells in its place, in one step."""
        found = salvage(self._path.read_bytes(), sound)
        kept = self._aside()
        keep_as(self._path, kept)
        rest = self._rollback_file()
        if rest.exists():
            rest.replace(kept.with_name(f"{kept.name}-journal"))
        self._fill(found.changes)
        self._tell(found.sentence(printable(str(kept))))

    def _fill(self, changes: Changes) -> None:
        """Put a new file with `changes` in the journal's place, complete or not at all."""
        new = self._path.with_name(f"{self._path.name}.new")
        for left in (new, new.with_name(f"{new.name}-journal")):
            left.unlink(missing_ok=True)
        os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(new, isolation_level=None)) as db:
            db.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            for pragma in _PRAGMAS:
                db.execute(f"PRAGMA {pragma}")
            db.execute("BEGIN IMMEDIATE")
            create(db)
            db.execute("COMMIT")
            Writer(db, {}).write(changes)
        new.replace(self._path)
        sync_directory(self._path.parent)

    def _aside(self) -> Path:
        """A name that is not taken."""
        name = f"{self._path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
        taken = {other.name.removesuffix("-journal") for other in self._path.parent.iterdir()}
        number = 1
        while (free := name if number == 1 else f"{name}-{number}") in taken:
            number += 1
        return self._path.with_name(free)

    def _rollback_file(self) -> Path:
        return self._path.with_name(f"{self._path.name}-journal")

    def _tell(self, notice: str) -> None:
        self.notice = notice
        _LOG.warning("%s", notice)

    # Reading and writing -----------------------------------------------------------------------

    def load(self) -> list[Job]:
        """Every job, in queue order."""
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            return loaded
        with _explained(self._path), _damage_found(), without_collecting():
            return self._read_jobs()[0]

    def parts(self, job: int) -> list[Part]:
        """The stored parts of a job's upload, in their order."""
        query = "SELECT job, number, start, length, receipt FROM part WHERE job = ? ORDER BY number"
        with _explained(self._path):
            return [Part(*row) for row in self._db.execute(query, (job,))]

    def settings(self) -> dict[str, str]:
        """What `Changes.settings` stored, by name."""
        with _explained(self._path):
            return dict(self._db.execute("SELECT name, value FROM setting").fetchall())

    def history(self, job: int) -> list[Event]:
        """The events of one job, oldest first. A line that is damaged is left out, and logged."""
        query = (
            "SELECT rowid, * FROM event WHERE first = ?1 UNION "
            "SELECT rowid, * FROM event WHERE last > first AND last >= ?1 AND first < ?1 ORDER BY 1"
        )
        events: list[Event] = []
        with _explained(self._path):
            for _, *row in self._db.execute(query, (job,)):
                if not _right(tuple(row)):
                    _LOG.warning("a line of the history of job %d is damaged", job)
                    continue
                _, _, at, before, after, why, _ = row
                was = JobState(before) if before else None
                if was is None:  # a number may be given again when its job was removed
                    events.clear()
                events.append(Event(job, at, was, JobState(after), why))
        return events

    def write(self, changes: Changes) -> None:
        """All of `changes` or nothing; durable on return. Raises JournalError."""
        self._loaded = None
        with _explained(self._path):
            self._writer.write(changes)

    def close(self) -> None:
        self._loaded = None
        self._db.close()


def _right(row: Values) -> bool:
    return bool(checksum(row[:-1]) == row[-1])


@contextmanager
def _damage_found() -> Iterator[None]:
    """Tell what a damaged file makes SQLite say from trouble with reading it."""
    try:
        yield
    except sqlite3.ProgrammingError:  # closed: a mistake of ours
        raise
    except (KeyError, ValueError) as error:  # a word or a number of rows that is none of ours
        raise _Damaged from error
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)  # none: text that is not UTF-8
        if code is None or code & 0xFF in _DAMAGE:
            raise _Damaged from error
        raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    shown = printable(str(path))
    try:
        yield
    except _Damaged as error:
        raise JournalError(_damaged(path)) from error
    except sqlite3.DatabaseError as error:
        # Python's own complaints (a closed database) carry no code.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise JournalError(_damaged(path)) from error
        if code in _LOCKS:
            raise JournalError(
                f"The queue in {shown} cannot be locked ({error}): another program has it open, or "
                "its disk has no locks, as some network disks. Close that program, or put "
                "WHARFIE_HOME on a local disk."
            ) from error
        raise JournalError(
            f"The queue in {shown} cannot be saved ({error}). Free some space there, or check "
            "its owner and mode."
        ) from error
    except OSError as error:
        raise JournalError(f"The queue in {shown} cannot be opened: {error.strerror}.") from error


def _damaged(path: Path) -> str:
    return (
        f"The queue in {printable(str(path))} is damaged. Close Wharfie and start it again: what "
        "can be read is brought into a new file, and the damaged one is kept."
    )
