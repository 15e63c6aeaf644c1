"""faults.md A9: a damaged journal is put aside and read back, never emptied without a word."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Place
from tests.faults.journal_damage import (
    PAGE,
    blanked,
    cut,
    flipped,
    random_damage,
    reopened,
    sample_jobs,
    write_journal,
)
from tests.transfers.samples import make_job
from transfers.journal import Changes, Journal, JournalError
from transfers.model import Job, JobState, Op, ParkReason

JOBS = sample_jobs(60)
ROOT = Path(__file__).parents[2]
_CASES = 120
pytestmark = pytest.mark.usefixtures("quiet_log")


@pytest.fixture
def quiet_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", "wharfie.queue")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "queue.db"
    write_journal(path, JOBS)
    return path


def _job_page(path: Path) -> int:
    """A page that holds jobs."""
    raw = path.read_bytes()
    return next(
        page
        for page in range(1, len(raw) // PAGE)
        if raw[page * PAGE] == 0x0D and b"memory://left" in raw[page * PAGE : (page + 1) * PAGE]
    )


def test_A9_random_damage_never_loses_or_alters_a_job_silently(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    dice = random.Random(seed)
    for case in range(_CASES):
        path = tmp_path / str(case) / "queue.db"
        path.parent.mkdir()
        write_journal(path, JOBS)
        name, damaged = random_damage(path.read_bytes(), dice)
        path.write_bytes(damaged)
        try:
            reopened(path, JOBS)
        except Exception as error:
            error.add_note(f"seed {seed}, case {case}: {name}")
            raise


@pytest.mark.parametrize("length", [0, 1, 15, 99, 100, 4095, 4096, 12 * PAGE, 14 * PAGE + 7])
def test_A9_a_journal_cut_off_at_any_length_is_read_back_and_told(path: Path, length: int) -> None:
    path.write_bytes(cut(path.read_bytes(), length))
    outcome = reopened(path, JOBS)
    assert outcome.notice


@pytest.mark.parametrize("byte", range(100))
def test_A9_a_flipped_bit_in_the_header_costs_no_job(path: Path, byte: int) -> None:
    path.write_bytes(flipped(path.read_bytes(), byte * 8 + byte % 8))
    outcome = reopened(path, JOBS)
    assert outcome.lost == 0
    assert outcome.parked in (0, sum(_under_way(number) for number in JOBS))


def _under_way(number: int) -> bool:
    job = JOBS[number]
    running = {"preparing", "transferring", "verifying", "committing"}
    return not job.finished and (job.begun or job.state in running)


def test_A9_a_blank_first_page_costs_no_job(path: Path) -> None:
    path.write_bytes(blanked(path.read_bytes(), 0, 1))
    assert reopened(path, JOBS).lost == 0


def test_A9_jobs_of_a_page_that_is_gone_are_counted_exactly(path: Path) -> None:
    path.write_bytes(blanked(path.read_bytes(), _job_page(path), 1))
    outcome = reopened(path, JOBS)
    assert outcome.lost > 0
    assert f". {outcome.lost} could not be read and are lost" in outcome.notice


def test_A9_whole_rows_of_different_moments_are_noticed(path: Path) -> None:
    """As a rollback file leaves them that was deleted: no page is broken, no row is damaged."""
    waiting = {n: make_job(n, size=n) for n in range(1, 200)}
    journal = Journal(path)
    journal.write(Changes(dict(waiting), removed=set(JOBS) - set(waiting)))
    before = path.read_bytes()
    paused = {n: replace(job, state=JobState.PAUSED) for n, job in waiting.items()}
    journal.write(Changes(dict(paused), restated=set(paused)))
    journal.close()
    after = path.read_bytes()
    page = _job_page(path)
    where = slice(page * PAGE, (page + 1) * PAGE)
    assert before[where] != after[where]
    path.write_bytes(after[: where.start] + before[where] + after[where.stop :])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    outcome = reopened(path, waiting, paused)
    assert (outcome.intact, outcome.lost) == (len(waiting), 0)
    assert outcome.notice


def test_A9_what_is_no_database_is_put_aside_and_told(path: Path) -> None:
    path.write_bytes(b"not a database at all, but long enough" * 1000)
    outcome = reopened(path, JOBS)
    assert (outcome.intact, outcome.parked) == (0, 0)
    assert "cannot be told" in outcome.notice


def test_A9_a_letter_changed_in_a_path_parks_that_job_and_no_other(path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"memory://left/7memory", b"memory://left/6memory", 1))
    assert path.read_bytes() != raw
    outcome = reopened(path, JOBS)
    assert (outcome.intact, outcome.parked, outcome.lost) == (len(JOBS) - 1, 1, 0)


def test_A9_a_doubtful_job_deletes_and_replaces_nothing_on_its_damaged_word(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    job = make_job(1, op=Op.MOVE, source=Place("file:", "/home/ann/original"), upload="token")
    write_journal(path, {1: job})
    path.write_bytes(path.read_bytes().replace(b"/home/ann/original", b"/home/ann/oriGinal"))
    journal = Journal(path)
    (found,) = journal.load()
    journal.close()
    assert (found.op, found.upload, found.committed) == (Op.COPY, None, False)
    assert (found.state, found.park) == (JobState.PARKED, ParkReason.OTHER)
    assert found.begun
    assert "Compare source and target" in found.reason


def test_A9_a_changed_state_parks_the_job_with_all_that_is_right_about_it(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    job = make_job(1, JobState.PAUSED, op=Op.MOVE, upload="token", reason="paused by a person")
    write_journal(path, {1: job})
    path.write_bytes(path.read_bytes().replace(b"paused by a person", b"paused by A person"))
    journal = Journal(path)
    (found,) = journal.load()
    journal.close()
    assert (found.op, found.upload, found.state) == (Op.MOVE, "token", JobState.PARKED)


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.FAILED])
def test_A9_of_a_damaged_mirror_nothing_is_deleted(tmp_path: Path, state: JobState) -> None:
    """What is whole of it tells nothing of what is lost: a copy that failed, say."""
    path = tmp_path / "queue.db"
    lost = make_job(1, JobState.DONE, source=Place("file:", "/home/ann/original"))
    prune = make_job(2, state, op=Op.PRUNE, agreed="v")
    write_journal(path, {1: lost, 2: prune})
    path.write_bytes(path.read_bytes().replace(b"/home/ann/original", b"/home/ann/oriGinal"))
    journal = Journal(path)
    found = {job.id: job for job in journal.load()}
    journal.close()
    assert (found[2].op, found[2].state) == (Op.PRUNE, JobState.SKIPPED)
    assert found[2].reason.startswith("not deleted: the saved queue was damaged")


@pytest.mark.parametrize("op", [Op.PRUNE, Op.RENAME])
def test_A9_a_damaged_row_deletes_and_renames_nothing(tmp_path: Path, op: Op) -> None:
    path = tmp_path / "queue.db"
    job = make_job(1, op=op, target=Place("file:", "/home/ann/original"), agreed="v")
    write_journal(path, {1: job})
    path.write_bytes(path.read_bytes().replace(b"/home/ann/original", b"/home/ann/oriGinal"))
    journal = Journal(path)
    (found,) = journal.load()
    journal.close()
    assert (found.op, found.state, found.agreed) == (Op.NOTE, JobState.PARKED, None)


def test_A9_a_damaged_row_makes_a_link_at_the_most(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    job = make_job(1, op=Op.MOVE_LINK, target=Place("file:", "/home/ann/original"), digest="d")
    write_journal(path, {1: job})
    path.write_bytes(path.read_bytes().replace(b"/home/ann/original", b"/home/ann/oriGinal"))
    journal = Journal(path)
    (found,) = journal.load()
    journal.close()
    assert (found.op, found.state, found.digest) == (Op.LINK, JobState.PARKED, "")


def test_A9_history_and_settings_are_read_back_as_well(path: Path) -> None:
    before = Journal(path)
    told = before.history(5)
    before.close()
    path.write_bytes(blanked(path.read_bytes(), 0, 1))
    journal = Journal(path)
    assert journal.settings() == {"held": "1"}
    assert journal.history(5) == told
    journal.close()


def test_A9_parts_of_a_sound_file_are_kept_and_of_a_torn_one_started_anew(path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"memory://left/7memory", b"memory://left/6memory", 1))
    journal = Journal(path)
    assert [part.length for part in journal.parts(25)] == [250]
    journal.close()
    path.write_bytes(blanked(raw, 0, 1))
    journal = Journal(path)
    assert journal.parts(25) == []
    assert {job.sent for job in journal.load() if not job.finished and not job.cancelling} == {0}
    journal.close()


_BIG_WRITE = """
import os, sqlite3, sys
from pathlib import Path
import transfers.journal as module
from dataclasses import replace
from transfers.model import JobState

module._PRAGMAS = (*module._PRAGMAS[:-1], "cache_size = 10")  # pages go to the file at once
journal = module.Journal(Path(sys.argv[1]))
jobs = {job.id: replace(job, reason="changed " * 20) for job in journal.load()}
del jobs[max(jobs)]
store = journal._writer._remove

def stop(changes):
    print("here", flush=True)
    sys.stdin.read()

journal._writer._remove = stop
journal.write(module.Changes(jobs, removed={max(jobs) + 1}))
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize("deleted", [False, True])
def test_A9_a_write_cut_short_is_undone_or_with_its_rollback_file_gone_told(
    path: Path, deleted: bool
) -> None:
    command = [sys.executable, "-c", _BIG_WRITE, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGKILL)
    rollback = path.with_name("queue.db-journal")
    assert rollback.stat().st_size > PAGE
    assert b"changed changed" in path.read_bytes()
    if not deleted:
        journal = Journal(path)
        assert (journal.notice, {job.id: job for job in journal.load()}) == ("", JOBS)
        journal.close()
        return
    rollback.unlink()
    new = {number: _changed(number) for number in JOBS}
    outcome = reopened(path, JOBS, new)
    assert outcome.notice


def _changed(number: int) -> Job:
    return replace(JOBS[number], reason="changed " * 20)


def test_A9_a_rollback_file_without_its_journal_is_kept_and_told(path: Path) -> None:
    path.unlink()
    rollback = path.with_name("queue.db-journal")
    rollback.write_bytes(b"what is left")
    journal = Journal(path)
    assert "gone" in journal.notice
    assert journal.load() == []
    journal.close()
    (kept,) = path.parent.glob("queue.db.damaged-*-journal")
    assert kept.read_bytes() == b"what is left"


def test_A9_damage_met_while_writing_is_a_sentence(path: Path) -> None:
    journal = Journal(path)
    raw = path.read_bytes()
    page = _job_page(path)
    path.write_bytes(raw[: page * PAGE] + b"\xa5" * PAGE + raw[(page + 1) * PAGE :])
    journal._db.execute("PRAGMA shrink_memory")
    with pytest.raises(JournalError, match="damaged"):
        journal.write(Changes({n: make_job(n) for n in JOBS}))
    journal.close()


# A file we may not read


def _stays(path: Path, says: str) -> None:
    before = path.read_bytes()
    with pytest.raises(JournalError, match=says) as caught:
        Journal(path)
    assert str(caught.value).isprintable()
    assert path.read_bytes() == before
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_A9_a_journal_we_may_not_read_is_refused_and_untouched(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As chmod 000 would have it; forced, because root may read anything."""

    def refused(*args: object) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("transfers.journal.os.open", refused)
        _stays(path, "cannot be opened: Permission denied")


def test_A9_a_disk_that_cannot_be_read_is_no_reason_to_put_the_journal_aside(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ

    def fail(journal: Journal) -> None:
        raise error

    monkeypatch.setattr(Journal, "_read_jobs", fail)
    _stays(path, "disk I/O error")


def test_A9_without_hard_links_the_damaged_file_is_kept_as_a_copy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("transfers.files.os.link", refused)
    path.write_bytes(flipped(path.read_bytes(), 0))
    reopened(path, JOBS)
