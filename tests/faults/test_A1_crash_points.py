"""faults.md A1: the queue is killed at any step, and loses, alters and leaves nothing."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Place
from tests.faults.oracle import Harm, Watched, after_crash, at_end, obeyed
from transfers.model import Job, JobState, Op, Proof, ProofWord

POINTS = 500
SECONDS = 600  # only reached when something hangs
ROOT = Path(__file__).parents[2]
KEY = "0badcafe"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="crash points need fork: a POSIX system")
@pytest.mark.timeout(SECONDS)
def test_A1_nothing_is_lost_whatever_step_the_queue_is_killed_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In a process of its own: it forks, and tests before this one may have left threads."""
    seed = random.SystemRandom().randrange(1 << 32)
    command = [sys.executable, "-m", "tests.faults.crash", f"--points={POINTS}", f"--seed={seed}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\ncrash points, seed {seed}: {done.stdout.splitlines()[-1:]}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"{POINTS} points, 0 lost, 0 altered"


# The oracle itself: it must see each kind of harm


@pytest.fixture
def moved(tmp_path: Path) -> Watched:
    """A move that is about to happen, over an old file."""
    for folder in ("from", "to"):
        (tmp_path / folder).mkdir()
    file = Watched(tmp_path / "from/a", tmp_path / "to/a", b"new bytes", b"old", move=True)
    file.source.write_bytes(b"new bytes")
    file.target.write_bytes(b"old")
    return file


def job(file: Watched, state: JobState = JobState.TRANSFERRING) -> Job:
    digest = hashlib.sha256(file.new).hexdigest()
    proof = Proof(ProofWord.SHA256, "sha256", digest, digest) if state is JobState.DONE else None
    source, target = (Place("file:", str(path)) for path in (file.source, file.target))
    return Job(1, 1, 1, KEY, Op.MOVE, source, target, state=state, proof=proof, begun=True)


def crash(file: Watched, *jobs: Job, accepted: int = 1) -> list[Harm]:
    folders = [file.source.parent, file.target.parent]
    return [finding.harm for finding in after_crash([file], folders, jobs, accepted)]


def end(file: Watched, *jobs: Job) -> list[Harm]:
    folders = [file.source.parent, file.target.parent]
    return [finding.harm for finding in at_end([file], folders, jobs, 1)]


def test_a_move_that_was_not_begun_and_one_that_is_done_are_fine(moved: Watched) -> None:
    assert crash(moved, job(moved)) == []
    moved.target.write_bytes(moved.new)
    assert crash(moved, job(moved)) == []
    moved.source.unlink()
    assert crash(moved, job(moved)) == []
    assert end(moved, job(moved, JobState.DONE)) == []


def test_a_job_that_is_gone_is_lost(moved: Watched) -> None:
    assert crash(moved) == [Harm.LOST]
    assert crash(moved, accepted=0) == []


def test_a_source_that_is_gone_before_its_copy_is_whole_is_lost(moved: Watched) -> None:
    moved.source.unlink()
    assert crash(moved, job(moved)) == [Harm.LOST]


@pytest.mark.parametrize("content", [b"", b"new", b"new bytes and", b"oldbytes"])
def test_a_destination_that_is_neither_old_nor_new_is_altered(
    moved: Watched, content: bytes
) -> None:
    moved.target.write_bytes(content)
    assert crash(moved, job(moved)) == [Harm.ALTERED]


def test_a_destination_that_vanished_is_altered(moved: Watched) -> None:
    moved.target.unlink()
    assert crash(moved, job(moved)) == [Harm.ALTERED]


def test_an_old_file_may_stand_aside_only_where_it_must_be_swapped(moved: Watched) -> None:
    moved.target.rename(moved.target.with_name(f".a.{KEY}.old"))
    assert crash(moved, job(moved)) == [Harm.ALTERED]
    assert crash(replace(moved, swapped=True), job(moved)) == []


def test_unfinished_bytes_that_no_unfinished_job_knows_are_left_behind(moved: Watched) -> None:
    moved.target.with_name(f".a.{KEY}.part").write_bytes(b"ne")
    assert crash(moved, job(moved)) == []
    assert crash(moved, job(moved, JobState.CANCELLED)) == [Harm.LEFT]
    assert crash(moved, replace(job(moved), key="12345678")) == [Harm.LEFT]
    assert crash(moved, replace(job(moved), begun=False)) == [Harm.LEFT]


def test_done_without_a_proof_or_with_other_bytes_is_altered(moved: Watched) -> None:
    moved.source.unlink()
    moved.target.write_bytes(moved.new)
    assert end(moved, replace(job(moved, JobState.DONE), proof=None)) == [Harm.ALTERED]
    moved.source.write_bytes(moved.new)
    moved.target.write_bytes(b"old")
    assert end(moved, job(moved, JobState.DONE)) == [Harm.ALTERED, Harm.LEFT]


def test_a_job_that_does_not_come_to_its_end_is_lost(moved: Watched) -> None:
    assert end(moved, job(moved, JobState.PARKED)) == [Harm.LOST]


def test_a_command_that_a_crash_undid_is_lost(moved: Watched) -> None:
    was, ran = job(moved), {1: JobState.DONE}
    assert [finding.harm for finding in obeyed([was], ran, JobState.PAUSED)] == [Harm.LOST]
    assert obeyed([replace(was, state=JobState.COMMITTING)], ran, JobState.PAUSED) == []
    assert obeyed([was], {1: JobState.PAUSED}, JobState.PAUSED) == []
