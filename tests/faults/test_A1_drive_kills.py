"""A1 to a drive: an upload killed at random moments goes on and ends equal: a sample."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

TIMES = 4
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX")
def test_A1_an_upload_in_fragments_that_is_killed_goes_on_and_sends_little_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    command = [sys.executable, "-m", "tests.faults.drive_kills", f"--times={TIMES}"]
    command += [f"--size={(40 << 20) + 4711}", f"--seed={seed}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\nkills of a drive, seed {seed}: {done.stdout.splitlines()[-1:]}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{TIMES} kills: whole, one version" in done.stdout.splitlines()[-1]
