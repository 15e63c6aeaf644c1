"""The queue on disk: everything comes back, all or nothing, and what was removed is gone."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest

from providers.base import Place
from tests.transfers.samples import make_job
from transfers.journal import Changes, Event, Journal, JournalError, Part
from transfers.journal_rows import checksum
from transfers.model import (
    Carry,
    Job,
    JobState,
    Op,
    ParkReason,
    Policy,
    Proof,
    ProofWord,
    Verify,
)

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path)
    yield opened
    opened.close()


def _full(number: int) -> Job:
    """A job with every field set."""
    return Job(
        id=number,
        batch=3,
        seq=-4,
        key="0badcafe",
        op=Op.MOVE,
        source=Place("sftp://ann@h:22", "/caf\udce9/\n\x1b[31m"),
        target=Place("file:", "/tmp/\udcff\udcfe"),
        state=JobState.PARKED,
        size=1 << 40,
        source_version="v1",
        modified=1234.5,
        mode=0o640,
        within="/tmp",
        source_within="/caf\udce9",
        carry=Carry.MODE,
        keep="/kept/\udcff",
        policy=Policy.DIFFERENT,
        verify=Verify.STRONG,
        attempt=2,
        attempts=5,
        restarts=1,
        reason="it waits",
        park=ParkReason.SIGN_IN,
        asks="sftp://ann@h:22",
        cancelling=True,
        upload='{"path": "\\udcff"}',
        replacing="",
        agreed="v1",
        digest="ab" * 32,
        committed=True,
        proof=Proof(ProofWord.MISMATCH, "sha256", "aa", "bb", "read back"),
        started=1.5,
        ended=2.5,
    )


def _saved(*jobs: Job) -> Changes:
    return Changes({job.id: job for job in jobs})


def test_every_field_comes_back_also_from_names_that_are_no_text(
    journal: Journal, path: Path
) -> None:
    jobs = [_full(1), make_job(2, seq=-9)]
    journal.write(_saved(*jobs))
    assert journal.load() == [jobs[1], jobs[0]]
    journal.close()
    again = Journal(path)
    assert again.load() == [jobs[1], jobs[0]]
    again.close()


@pytest.mark.parametrize("word", ProofWord)
def test_every_proof_comes_back(journal: Journal, word: ProofWord) -> None:
    proof = Proof(word, "quickxor", "s", "t", "how")
    journal.write(_saved(make_job(1, JobState.DONE, proof=proof)))
    assert journal.load()[0].proof == proof


def test_a_job_is_replaced_and_removed_with_its_history(journal: Journal) -> None:
    event = Event(1, 5.0, None, JobState.QUEUED, "")
    change = Event(1, 6.0, JobState.QUEUED, JobState.PAUSED, "why")
    journal.write(Changes({1: make_job(1)}, events=[event]))
    journal.write(Changes({1: make_job(1, JobState.PAUSED)}, events=[change]))
    assert [job.state for job in journal.load()] == [JobState.PAUSED]
    assert journal.history(1) == [event, change]
    journal.write(Changes(removed={1}))
    assert journal.load() == []
    assert journal.history(1) == []


def test_a_write_is_all_or_nothing(journal: Journal) -> None:
    journal.write(_saved(make_job(1)))
    broken = make_job(3, reason=None)
    with pytest.raises(JournalError):
        journal.write(
            Changes({1: make_job(1, JobState.PAUSED), 2: make_job(2), 3: broken}, removed={1})
        )
    assert journal.load() == [make_job(1)]
    journal.write(_saved(make_job(2)))
    assert len(journal.load()) == 2


def test_a_full_disk_rolls_back_says_so_and_the_next_write_works(journal: Journal) -> None:
    journal.write(_saved(make_job(1)))
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="Free some space"):
        journal.write(_saved(*(make_job(n) for n in range(2, 500))))
    assert journal.load() == [make_job(1)]
    journal._db.execute("PRAGMA max_page_count = 1000000")
    journal.write(_saved(make_job(2)))
    assert len(journal.load()) == 2


class _Stubborn(sqlite3.Connection):
    """The disk fails so often at each of these statements."""

    failing: ClassVar[dict[str, int]] = {}

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        if self.failing.get(sql, 0) > 0:
            self.failing[sql] -= 1
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *values)  # type: ignore[arg-type]


@pytest.mark.usefixtures("quiet")
def test_a_write_that_cannot_even_be_undone_at_once_does_not_stop_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "transfers.journal.sqlite3.connect", partial(sqlite3.connect, factory=_Stubborn)
    )
    journal = Journal(path)
    journal.write(_saved(make_job(1)))
    _Stubborn.failing = {"COMMIT": 1, "ROLLBACK": 2}
    with pytest.raises(JournalError, match=r"disk I/O error"):
        journal.write(_saved(make_job(2)))
    with pytest.raises(JournalError, match=r"disk I/O error"):
        journal.write(_saved(make_job(3)))
    journal.write(_saved(make_job(4)))
    journal.close()
    again = Journal(path)
    assert (again.notice, again.load()) == ("", [make_job(1), make_job(4)])
    again.close()


@pytest.mark.parametrize("size", [(1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_a_size_no_file_can_have_does_not_stop_the_queue(journal: Journal, size: int) -> None:
    journal.write(_saved(make_job(1, size=size)))
    loaded = journal.load()[0].size
    assert loaded == (size if size < 1 << 63 else None)


def test_a_mistake_of_ours_in_a_row_does_not_leave_a_transaction_open(journal: Journal) -> None:
    with pytest.raises(UnicodeEncodeError):
        journal.write(_saved(make_job(1, reason="\ud800")))
    journal.write(_saved(make_job(2)))
    assert [job.id for job in journal.load()] == [2]


def test_a_closed_journal_is_an_error_with_a_sentence(path: Path) -> None:
    journal = Journal(path)
    journal.close()
    with pytest.raises(JournalError, match="cannot be saved"):
        journal.load()


@posix
def test_the_file_is_for_its_owner_only(journal: Journal, path: Path) -> None:
    journal.write(_saved(make_job(1)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix
def test_a_file_that_others_could_read_is_its_owners_alone_once_it_was_opened(path: Path) -> None:
    Journal(path).close()
    path.chmod(0o664)
    journal = Journal(path)
    journal.write(_saved(make_job(1)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    journal.close()


@posix
def test_a_disk_without_modes_is_spoken_of_in_the_log_and_no_reason_to_stop(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(descriptor: int, mode: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    Journal(path).close()
    path.chmod(0o644)
    monkeypatch.setattr("os.fchmod", refuse)
    Journal(path).close()
    assert f"others may read {path}" in caplog.text


def test_commits_are_as_durable_as_sqlite_can_make_them(journal: Journal) -> None:
    pragmas = ("journal_mode", "synchronous", "locking_mode")
    found = [journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    assert found == ["delete", 3, "exclusive"]


def test_no_second_writer_gets_in(journal: Journal, path: Path) -> None:
    journal.write(_saved(make_job(1)))
    other = sqlite3.connect(path, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("SELECT * FROM job").fetchall()
    other.close()


# Bulk


def test_a_change_of_status_of_many_is_written_without_the_rest(journal: Journal) -> None:
    jobs = {n: _full(n) for n in range(1, 30)}
    journal.write(Changes(dict(jobs)))
    paused = {
        n: replace(job, state=JobState.PAUSED, reason="" if n % 2 else "odd")
        for n, job in jobs.items()
        if n not in (7, 8)
    }
    journal.write(Changes(dict(paused), restated=set(paused)))
    assert {job.id: job for job in journal.load()} == jobs | paused


def test_a_status_is_not_written_for_a_job_that_is_not_there(journal: Journal) -> None:
    journal.write(_saved(make_job(1)))
    ghosts = {n: make_job(n, JobState.PAUSED) for n in (1, 2)}
    with pytest.raises(JournalError):
        journal.write(Changes(ghosts, restated={1, 2}))
    assert journal.load() == [make_job(1)]


def test_one_line_of_history_may_tell_of_many_jobs(journal: Journal) -> None:
    changes = _saved(*(make_job(n) for n in range(1, 6)))
    for number in range(1, 6):
        changes.note(number, 5.0, None, JobState.QUEUED, "")
    changes.note(2, 6.0, JobState.QUEUED, JobState.PAUSED, "why")
    assert len(changes.events) == 2
    journal.write(changes)
    created = Event(2, 5.0, None, JobState.QUEUED, "")
    assert journal.history(2) == [created, Event(2, 6.0, JobState.QUEUED, JobState.PAUSED, "why")]
    journal.write(Changes(removed={1, 2, 3, 4}))
    assert journal.history(5) == [replace(created, job=5)]
    journal.write(Changes(removed={5}))
    assert journal._db.execute("SELECT count(*) FROM event").fetchone() == (0,)


def test_a_number_given_again_has_no_part_in_the_old_history(journal: Journal) -> None:
    changes = _saved(make_job(1), make_job(2))
    for number in (1, 2):
        changes.note(number, 5.0, None, JobState.QUEUED, "")
    journal.write(changes)
    journal.write(Changes(removed={2}))
    changes = _saved(make_job(2))
    changes.note(2, 9.0, None, JobState.QUEUED, "")
    journal.write(changes)
    assert [event.at for event in journal.history(2)] == [9.0]


def test_parts_and_settings_come_back_and_parts_go_with_their_job(journal: Journal) -> None:
    parts = [Part(1, 2, 10, 5, "b"), Part(1, 1, 0, 10, "a"), Part(2, 1, 0, 1, "c")]
    changes = _saved(make_job(1), make_job(2))
    changes.parts, changes.settings = parts, {"held": "1"}
    journal.write(changes)
    assert journal.parts(1) == [parts[1], parts[0]]
    journal.write(Changes(forgotten={1}, parts=[Part(1, 1, 0, 3, "d")], settings={"held": "0"}))
    assert journal.parts(1) == [Part(1, 1, 0, 3, "d")]
    assert journal.settings() == {"held": "0"}
    journal.write(Changes(removed={2}))
    assert journal.parts(2) == []


def test_what_was_removed_is_not_left_in_the_file(journal: Journal, path: Path) -> None:
    token = "SECRET-TOKEN" * 500  # also more than a page
    journal.write(_saved(make_job(1, upload=token), make_job(2)))
    assert b"SECRET-TOKEN" in path.read_bytes()
    journal.write(_saved(make_job(1)))
    assert b"SECRET-TOKEN" not in path.read_bytes()


def test_a_checksum_is_the_same_everywhere() -> None:
    """Else another Python would take every row for a damaged one."""
    values = (1, -1, 1 << 40, -(1 << 62), None, 1.5, -0.1, "", "a\0é\U0001f600", b"\xff\0", b"")
    assert checksum(values) == 1334610966
    again = tuple("".join(list(value)) if isinstance(value, str) else value for value in values)
    assert checksum((*again, *again)) == checksum((*values, *values))


# Files that are refused


def _refused(path: Path, says: str) -> None:
    before = path.read_bytes()
    with pytest.raises(JournalError, match=says) as caught:
        Journal(path)
    assert str(caught.value).isprintable()
    assert path.read_bytes() == before
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_a_folder_that_is_not_there_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "missing" / "queue.db")


def test_D11_a_lock_that_cannot_be_had_is_an_error_with_a_sentence(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """faults.md D11: a home on a disk without locks. Rollback mode needs no shared memory."""
    Journal(path).close()
    monkeypatch.setattr("transfers.journal._LOCK_SECONDS", 0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    _refused_locked(path)
    other.close()
    journal = Journal(path)
    assert not path.with_name("queue.db-shm").exists()
    journal.close()


def _refused_locked(path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be locked") as caught:
        Journal(path)
    assert str(caught.value).isprintable()


def test_a_job_that_never_got_a_proof_has_none(journal: Journal) -> None:
    job = replace(make_job(1), proof=None)
    journal.write(_saved(job))
    assert journal.load() == [job]
