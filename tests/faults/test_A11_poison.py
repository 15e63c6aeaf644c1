"""faults.md A11: a job that kills the process waits for a person after three times; others run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.crash.poison import PART, POISON
from transfers.journal import Journal
from transfers.model import JobState

ROOT = Path(__file__).parents[2]
SECONDS = 60
STARTS = 3
CODES = {"exit": 70, "segfault": -signal.SIGSEGV}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows ends processes in other ways")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "from"
    folder.mkdir()
    (tmp_path / "to").mkdir()
    (folder / POISON).write_bytes(os.urandom(6 * PART + 5))
    for name in "abcdef":
        (folder / name).write_bytes(name.encode() * 2 * PART)
    return folder


def run(source: Path, manner: str, after: int = 0) -> tuple[int, dict[str, tuple[str, str]]]:
    """One start of Wharfie: how it ended, and the jobs' states if it came to an end."""
    words = (source.parent / "queue", manner, source, source.parent / "to", after)
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.crash.poison", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode in (0, CODES[manner]), done.stderr
    return done.returncode, json.loads(done.stdout) if done.returncode == 0 else {}


@pytest.mark.parametrize("manner", CODES)
def test_A11_a_job_that_kills_wharfie_is_parked_after_three_starts_and_others_run(
    source: Path, manner: str
) -> None:
    for _ in range(STARTS):
        assert run(source, manner)[0] == CODES[manner]
    code, ended = run(source, manner)
    assert code == 0
    state, reason = ended.pop(POISON)
    assert state == JobState.PARKED
    assert "ended 3 times" in reason
    assert {state for state, _ in ended.values()} == {JobState.DONE}
    for name in ended:
        assert (source.parent / "to" / name).read_bytes() == (source / name).read_bytes()
    assert not (source.parent / "to" / POISON).exists()


def test_A11_a_file_that_gets_further_with_each_start_is_no_poison(source: Path) -> None:
    """A machine that loses its power every evening must not stop a large transfer."""
    for name in "abcdef":
        (source / name).unlink()
    for _ in range(STARTS + 1):
        assert run(source, "exit", after=1)[0] == CODES["exit"]
    code, ended = run(source, "exit", after=99)
    assert (code, ended[POISON][0]) == (0, JobState.DONE)
    assert (source.parent / "to" / POISON).read_bytes() == (source / POISON).read_bytes()


def test_A11_each_crash_is_counted_before_the_job_is_tried_again(source: Path) -> None:
    """Counted afterwards, the count would die with the process."""
    run(source, "exit")
    for crashes in (0, 1):
        journal = Journal(source.parent / "queue" / "queue.db")
        (poison,) = [job for job in journal.load() if job.source.path.endswith(POISON)]
        journal.close()
        assert poison.crashes == crashes
        run(source, "exit")
