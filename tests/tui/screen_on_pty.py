"""The screen on a pseudo-terminal: what it draws is read, and how it leaves the terminal."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

SECONDS = 60.0  # only reached when a test fails
_LOOK_SECONDS = 0.05
_WIDTH, _HEIGHT = 100, 30
# DEC private modes that a program sets for itself: alternate screen, mouse, focus, paste. A
# terminal shows its cursor (25) and wraps lines (7) of itself.
_MODE = re.compile(rb"\x1b\[\?(\d+)([hl])")
_SET_BY_ITSELF = frozenset({b"25", b"7"})


class ScreenOnPty:
    """Runs `wharfie WORDS`. `controlling`: closing the terminal hangs it up. A context manager."""

    def __init__(
        self,
        *words: str | Path,
        env: Mapping[str, str] | None = None,
        controlling: bool = False,
        size: tuple[int, int] = (_WIDTH, _HEIGHT),
    ) -> None:
        import pty
        import termios

        self._ours, self._theirs = pty.openpty()
        termios.tcsetwinsize(self._theirs, size[::-1])
        self._before = termios.tcgetattr(self._theirs)
        self._all, self._drawn = bytearray(), bytearray()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, str(int(controlling)), *map(str, words)],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Take the terminal away."""
        for side in (self._ours, self._theirs):
            with suppress(OSError):
                os.close(side)

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def until(self, text: str) -> None:
        """Wait until `text` is drawn, from now on."""
        del self._drawn[:]
        deadline = time.monotonic() + SECONDS
        while text.encode() not in self._drawn:
            assert self.process.poll() is None, self._shown()
            assert time.monotonic() < deadline, self._shown()
            self._read()

    @property
    def all_drawn(self) -> bytes:
        return bytes(self._all)

    def drawn_in(self, seconds: float) -> int:
        """How many bytes are drawn in the next `seconds`."""
        before, over = len(self._all), time.monotonic() + seconds
        while time.monotonic() < over:
            self._read()
        return len(self._all) - before

    def until_stopped(self) -> None:
        """Wait until it is stopped, as a shell's job by Ctrl-Z."""
        deadline = time.monotonic() + SECONDS
        while True:
            self._read()
            number, status = os.waitpid(self.process.pid, os.WUNTRACED | os.WNOHANG)
            if number and os.WIFSTOPPED(status):
                break
            assert not number, f"it ended with {status}: {self._shown()}"
            assert time.monotonic() < deadline, self._shown()
        self._read_all()

    def ended(self, since: float) -> float:
        """Wait for the end; how long after `since` it came."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            self._read()
            assert time.monotonic() < deadline, self._shown()
        took = time.monotonic() - since
        self._read_all()
        return took

    def assert_restored(self) -> None:
        """The terminal is as it was: lines, echo and signals, and every mode that was set."""
        import termios

        assert termios.tcgetattr(self._theirs) == self._before
        modes: dict[bytes, bool] = {}
        for mode, how in _MODE.findall(bytes(self._all)):
            modes[mode] = how == b"h"
        assert b"1049" in modes, "the screen was never shown"
        assert {mode for mode, on in modes.items() if on} <= _SET_BY_ITSELF
        assert modes[b"25"], "the cursor is hidden"

    @property
    def sent(self) -> str:
        """All that it sent so far."""
        return bytes(self._all).decode("utf-8", "replace")

    @property
    def said(self) -> str:
        """What stands on the normal screen, after the panes are gone."""
        return bytes(self._all).rpartition(b"\x1b[?1049l")[2].decode()

    def _read(self) -> None:
        if select.select([self._ours], [], [], _LOOK_SECONDS)[0]:
            with suppress(OSError):  # nobody has the other side open any more
                found = os.read(self._ours, 1 << 16)
                self._drawn += found
                self._all += found

    def _read_all(self) -> None:
        while select.select([self._ours], [], [], 0)[0]:
            self._read()

    def _shown(self) -> str:
        return bytes(self._all[-2000:]).decode("utf-8", "replace")


_LAUNCHER = """
import os, signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGTSTP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
if sys.argv[1] == "1":
    import fcntl, termios
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "tui", *sys.argv[2:]])
"""
