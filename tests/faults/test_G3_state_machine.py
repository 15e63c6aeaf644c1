"""faults.md G3: whatever a queue is told, and whenever it is killed, it does what is promised, and
its journal is what it showed.

`python -m tests.faults.queue_machine --steps 10000` and `journal_machine` are the same for longer.
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

_STEPS = {"queue_machine": 800, "journal_machine": 300}


@pytest.mark.parametrize("machine", _STEPS)
def test_G3_a_queue_does_what_it_is_told_and_its_journal_says_so(
    machine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a process of its own: threads are killed there."""
    seed = random.SystemRandom().randrange(1 << 32)
    command = [sys.executable, "-m", f"tests.faults.{machine}", f"--steps={_STEPS[machine]}"]
    done = subprocess.run(
        [*command, f"--seed={seed}"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{machine}, seed {seed}: {done.stdout.splitlines()[-1:]}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " kills" in done.stdout
