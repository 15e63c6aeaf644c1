"""One line on a terminal that says how far something is, and is gone when it is over."""

from __future__ import annotations

import sys
import time
from contextlib import suppress

_SECONDS = 0.1  # between two: a terminal far away must not hold up the work


class ProgressLine:
    """On stderr, and only where that is a terminal."""

    def __init__(self) -> None:
        self._width = 0
        self._next = 0.0

    def show(self, text: str) -> None:
        if not sys.stderr.isatty() or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _SECONDS
        self.clear()
        with suppress(OSError):  # the terminal may be gone
            sys.stderr.write(text)
            sys.stderr.flush()
        self._width = len(text)

    def clear(self) -> None:
        width, self._width = self._width, 0
        if width:
            with suppress(OSError):
                sys.stderr.write("\r" + " " * width + "\r")
