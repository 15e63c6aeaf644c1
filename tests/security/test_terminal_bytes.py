"""What really reaches a terminal: the raw bytes on a pty never hold a control sequence from a name
(faults.md 10, E2, oracle g)."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="Windows has no pty")

PAYLOADS = {
    "title": "t\x1b]0;owned\x07",
    "clipboard": "c\x1b]52;c;ZXZpbA==\x07",
    "query": "q\x1b[6n",
    "reset": "r\x1bc",
    "c1": "1\u009b31mred",
    "bidi": "b\u202egpj",
    "markup": "m[red]x[bold]",
}
_SECONDS = 30.0


def make_files(folder: Path) -> None:
    folder.mkdir()
    for name in PAYLOADS.values():
        (folder / name).write_text("x")
    (folder / "zz-last").write_text("x")


def read_until(master: int, wanted: bytes) -> bytes:
    """Everything written to the terminal until `wanted` was."""
    seen = b""
    deadline = time.monotonic() + _SECONDS
    while wanted not in seen and time.monotonic() < deadline:
        ready, _, _ = select.select([master], [], [], 1.0)
        if ready:
            try:
                seen += os.read(master, 1 << 16)
            except OSError:  # Linux says EIO when the other end is closed
                break
    assert wanted in seen, seen[-2000:]
    return seen


def test_the_screen_writes_no_control_sequence_from_a_name(tmp_path: Path) -> None:
    make_files(tmp_path / "hostile")
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", str(tmp_path / "hostile"), str(tmp_path)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=env,
        start_new_session=True,
    )
    os.close(slave)
    try:
        seen = read_until(master, b"zz-last")
        os.write(master, b"\x01")  # Ctrl+A: mark all, so that every row is drawn again
        seen += read_until(master, b"marked")
        os.write(master, b"\x11")  # Ctrl+Q
        seen += read_until(master, b"\x1b[?1049l")
        process.wait(_SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert b"owned" in seen  # the names were shown,
    raw = (b"\x1b]0;owned", b"\x1b]52;", b"\x1b[6n", b"\x1bc", b"\xc2\x9b", "\u202e".encode())
    assert not [found for found in raw if found in seen]  # but never raw


def test_listing_writes_no_control_byte(tmp_path: Path) -> None:
    make_files(tmp_path / "hostile")
    done = subprocess.run(
        [sys.executable, "-m", "tui", "ls", str(tmp_path / "hostile")],
        capture_output=True,
        check=True,
    )
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", done.stdout)
    assert done.stdout.count(b"\n") == len(PAYLOADS) + 1
