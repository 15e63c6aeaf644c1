"""What a start of the screen does not import: what few people come to is imported when they do."""

from __future__ import annotations

import subprocess
import sys

_LATE = {"pathspec", "transfers.mirror", "tui.screens.compare", "boto3", "msal", "paramiko"}


def test_the_screen_starts_without_what_few_come_to() -> None:
    program = "import sys, tui.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert not _LATE & set(done.stdout.decode().split())
