"""Pasted text presses no keys: what could end a paste early is taken out of it.

Textual's parser goes on looking for escape sequences within a bracketed paste, and hands what it
does not understand on as keys: "\\x1b8y" copied from a web page would delete a file (faults.md E2).
Most terminals take control characters out of a paste; tmux and others do not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.message import Message

START, END = "\x1b[200~", "\x1b[201~"
_ESC = "\x1b"


class PasteGuard:
    """What a terminal sends, piece by piece, without the escapes that stand within a paste."""

    def __init__(self) -> None:
        self._inside = False
        self._seen = ""  # outside: the last characters, which may begin a paste
        self._held = ""  # inside: what may be the first half of its end

    def __call__(self, piece: str) -> str:
        passed, rest = "", piece
        while rest:
            some, rest = self._within(rest) if self._inside else self._outside(rest)
            passed += some
        return passed

    def _outside(self, text: str) -> tuple[str, str]:
        """What passes, and what is still to be looked at. Nothing is held: Esc is a key, too."""
        known = len(self._seen)
        at = (self._seen + text).find(START)
        if at < 0:
            self._seen = (self._seen + text)[1 - len(START) :]
            return text, ""
        end = at + len(START) - known
        self._inside, self._seen = True, ""
        return text[:end], text[end:]

    def _within(self, text: str) -> tuple[str, str]:
        text, self._held = self._held + text, ""
        at = text.find(END)
        if at >= 0:
            self._inside = False
            return text[:at].replace(_ESC, "") + END, text[at + len(END) :]
        half = next((n for n in range(len(END) - 1, 0, -1) if text.endswith(END[:n])), 0)
        cut = len(text) - half
        self._held = text[cut:]
        return text[:cut].replace(_ESC, ""), ""


class GuardedParser(XTermParser):
    """Textual's parser behind a guard."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._paste_guard = PasteGuard()

    def feed(self, data: str) -> Iterable[Message]:
        """As XTermParser: an empty `data` is the end."""
        passed = self._paste_guard(data)
        return super().feed(passed) if passed or not data else ()


def guard_pastes() -> None:
    """Have Textual's driver use the guarded parser: it has no other way to choose one."""
    if sys.platform == "win32":
        from textual.drivers import win32 as driver
    else:
        from textual.drivers import linux_driver as driver
    driver.XTermParser = GuardedParser  # type: ignore[attr-defined]
