"""A real terminal: Wharfie inside tmux, keys typed, the screen read back."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

SECONDS = 60.0
_LOOK_SECONDS = 0.05
_DEAF_SECONDS = 2.0  # longer than a dialog that comes by itself is
_ENDED = "wharfie-ended"


def tmux_found() -> bool:
    return shutil.which("tmux") is not None


class Terminal:
    """Runs `wharfie WORDS` in a tmux server of its own. A context manager."""

    def __init__(
        self,
        directory: Path,
        *words: str,
        env: Mapping[str, str] | None = None,
        width: int = 100,
        height: int = 30,
    ) -> None:
        self._socket = Path(tempfile.mkdtemp(dir=directory)) / "tmux"
        settings = [f"{name}={value}" for name, value in (env or {}).items()]
        command = shlex.join(["env", *settings, sys.executable, "-m", "tui", *words])
        script = f"{command}; echo {_ENDED} $?; exec cat"
        size = ["-x", str(width), "-y", str(height)]
        self._start = ["-f", os.devnull, "new-session", "-d", *size, script]
        self._env = {**os.environ, "TERM": "xterm-256color"}

    def __enter__(self) -> Self:
        self._tmux(*self._start)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tmux("kill-server")

    def press(self, *keys: str) -> None:
        """Press keys by their tmux names: "F5", "Enter", "C-a", "x"."""
        for key in keys:
            self._tmux("send-keys", key)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", "--", text)

    def approve(self) -> None:
        """Enter on a plan; again where that came while it was deaf, having been made slowly."""
        self.until("Esc Drop")
        again = 0.0
        while "Esc Drop" in self.screen():
            if time.monotonic() >= again:
                self.press("Enter")
                again = time.monotonic() + _DEAF_SECONDS
            time.sleep(_LOOK_SECONDS)

    def mouse(self, column: int, row: int, code: int, end: str = "M") -> None:
        """What the mouse does at a cell, from 0, as SGR says it: 0 a press, 32 a step with the
        button held, 16 more with Control; `end` is "m" for a release."""
        report = f"\x1b[<{code};{column + 1};{row + 1}{end}"
        self._tmux("send-keys", "-H", *(f"{byte:02x}" for byte in report.encode()))

    def paste(self, text: str) -> None:
        """Paste as a person does, in brackets."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p")

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def until(self, *texts: str, gone: str = "") -> str:
        """Wait until every one of `texts` stands on the screen and `gone` does not."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            screen = self.screen()
            if all(text in screen for text in texts) and not (gone and gone in screen):
                return screen
            time.sleep(_LOOK_SECONDS)  # a terminal has no event to wait for
        raise AssertionError(f"waited for {texts}, without {gone!r}:\n{self.screen()}")

    def until_ended(self, code: int = 0) -> str:
        return self.until(f"{_ENDED} {code}")

    def close(self) -> None:
        """Take the terminal away under Wharfie, as a dropped login or a closed window does."""
        self._tmux("kill-server")

    def kill(self) -> None:
        """End Wharfie, the screen, as the power does."""
        shown = self._tmux("list-panes", "-F", "#{pane_pid}").strip()
        children = subprocess.run(
            ["pgrep", "-P", shown], capture_output=True, text=True, check=True
        ).stdout.split()
        for child in children:
            os.kill(int(child), 9)

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self._env,
            check=False,
        )
        if done.returncode != 0 and words[0] != "kill-server":
            raise AssertionError(f"tmux {words[0]}: {done.stderr}")
        return done.stdout
