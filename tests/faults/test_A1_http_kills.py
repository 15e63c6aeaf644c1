"""A1 over HTTP: a download killed at random moments goes on and ends equal: a sample."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.web_nginx import find_nginx

TIMES = 6
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(find_nginx() is None, reason="needs nginx")
@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX")
def test_A1_a_download_that_is_killed_goes_on_and_ends_equal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    command = [sys.executable, "-m", "tests.faults.http_kills", f"--times={TIMES}"]
    command.append(f"--seed={seed}")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\nkills over HTTP, seed {seed}: {done.stdout.splitlines()[-1:]}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"{TIMES} of {TIMES} whole")
