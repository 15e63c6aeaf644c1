"""G4, in short: connections that fail leave nothing. `python -m tests.faults.network.connects`."""

from __future__ import annotations

import os
import subprocess
import sys


def test_G4_failed_connections_leave_no_descriptor_no_thread_and_no_memory() -> None:
    """In a process of its own: pytest keeps what paramiko logs, with the frames of its errors."""
    command = [sys.executable, "-m", "tests.faults.network.connects", "--count", "400"]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": "."}
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
