"""Where the lines of a window are. Pure.

A line may be as long as the file: it is cut into stretches of bounded length, so that what is
decoded and drawn at once stays small.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from copy import copy

from tui.viewing.encodings import decode, unit, whole_characters
from tui.viewing.window import Window

LONGEST = 4096
"""Bytes of a stretch."""


class Lines:
    """The stretches of `window` in `encoding`. `before`: lines of the file before the window; None
    when nobody counted them."""

    def __init__(self, window: Window, encoding: str, before: int | None) -> None:
        self._window = window
        self.encoding = encoding
        self.before = before
        self._newline = "\n".encode(encoding)
        self._unit = unit(encoding)
        self._starts = array("I")  # in the window
        self._numbers = array("I")  # of the line each belongs to, in the window
        self._open = 0  # where the last line begins: its end is not seen yet
        self.grown()

    def __len__(self) -> int:
        return len(self._starts)

    def grown(self) -> None:
        """Look at what was appended to the window."""
        while self._starts and self._starts[-1] >= self._open:
            self._starts.pop()
            self._numbers.pop()
        number = self._numbers[-1] + 1 if self._numbers else 0
        at, data = self._open, self._window.data
        while (found := self._find(at)) >= 0:
            self._add(at, found, number)
            number, at = number + 1, found
        self._open = at
        if at < len(data):
            self._add(at, len(data), number)

    def copy(self) -> Lines:
        """One that stays as it is, whatever becomes of the window."""
        window = Window(self._window.start, self._window.size)
        window.data = bytearray(self._window.data)
        other = copy(self)
        other._window, other._starts, other._numbers = window, self._starts[:], self._numbers[:]
        return other

    def _find(self, at: int) -> int:
        """Behind the next line end; -1 when there is none."""
        data = self._window.data
        found = data.find(self._newline, at)
        while found >= 0 and (found - at) % self._unit:
            found = data.find(self._newline, found + 1)
        return found + self._unit if found >= 0 else -1

    def _add(self, at: int, end: int, number: int) -> None:
        while at < end:
            self._starts.append(at)
            self._numbers.append(number)
            if end - at <= LONGEST:
                return
            raw = bytes(self._window.data[at : at + LONGEST])
            at += whole_characters(raw, self.encoding) or LONGEST

    def text(self, index: int) -> str:
        """One stretch, with its line end; a mark at the beginning of the file is left out."""
        start, end = self.span(index)
        text = decode(bytes(self._window.data[start:end]), self.encoding)
        first = index == 0 and self._window.start == 0
        return text.removeprefix("\ufeff") if first else text

    def span(self, index: int) -> tuple[int, int]:
        """Where in the window a stretch begins and ends."""
        last = index + 1 >= len(self._starts)
        end = len(self._window.data) if last else self._starts[index + 1]
        return self._starts[index], end

    def offset(self, index: int) -> int:
        """Where in the file a stretch begins."""
        return self._window.start + (self._starts[index] if index < len(self) else 0)

    def begins(self, index: int) -> bool:
        """Whether a stretch is the first of its line."""
        return index == 0 or self._numbers[index] != self._numbers[index - 1]

    def number(self, index: int) -> int | None:
        """The line's number in the file, from 1 on; None when it is not known."""
        if self.before is None or index >= len(self):
            return None
        return self.before + self._numbers[index] + 1

    def of_number(self, number: int) -> int | None:
        """The first stretch of the line with that number; None when it is not in the window."""
        if self.before is None:
            return None
        at = bisect_left(self._numbers, number - 1 - self.before)
        return at if at < len(self) and self.number(at) == number else None

    def at_offset(self, offset: int) -> int:
        """The stretch that holds that place of the file, or the nearest."""
        after = bisect_left(self._starts, offset - self._window.start + 1)
        return max(0, after - 1)

    def forgotten(self, count: int) -> int:
        """The window forgot `count` bytes at its beginning; how many stretches went with them."""
        gone = self.at_offset(self._window.start + count) if self._starts else 0
        first = self._numbers[gone] if self._starts else 0
        if self.before is not None:
            self.before += first
        self._starts = array("I", (max(0, start - count) for start in self._starts[gone:]))
        self._numbers = array("I", (number - first for number in self._numbers[gone:]))
        self._open = max(0, self._open - count)
        return gone
