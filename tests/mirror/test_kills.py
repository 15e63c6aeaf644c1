"""A1: a mirror that is killed at random moments and run again ends equal: a sample."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.openssh import find_sshd

TIMES = 4
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX")
@pytest.mark.timeout(240)
@pytest.mark.parametrize("pair", ["local-sftp", "local-drive"])
def test_a_mirror_that_is_killed_and_run_again_ends_equal_and_nothing_is_lost(
    pair: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if "sftp" in pair and find_sshd() is None:
        pytest.skip("no sshd here: install openssh-server")
    seed = random.SystemRandom().randrange(1 << 32)
    command = [sys.executable, "-m", "tests.faults.mirror_kills", f"--times={TIMES}"]
    command += [f"--pair={pair}", "--files=80", f"--seed={seed}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\nkills of a mirror, seed {seed}: {done.stdout.splitlines()[-1:]}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "equal each time, nothing lost" in done.stdout.splitlines()[-1]
