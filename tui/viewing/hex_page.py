"""Bytes as a page: offset, hexadecimal digits, and the letters among them. Pure."""

from __future__ import annotations

import re

from tui.viewing.rows import FAINT, FOUND, Row, Run, joined
from tui.viewing.window import Window

_DIGITS, _MANY_DIGITS = 8, 12
_LARGE = 1 << 32  # bytes: more than eight digits tell
_PER_ROW = (16, 8, 4)
_LETTERS = "".join(chr(b) if 0x20 <= b < 0x7F else "·" for b in range(256))


class HexPage:
    """Bytes of `window`; the first in sight is the one at `offset` in the file."""

    sideways = gutter = 0

    def __init__(self, window: Window) -> None:
        self.window = window
        self.offset = window.start
        self.pattern: re.Pattern[bytes] | None = None
        self.width, self.height = 80, 24

    def resize(self, width: int, height: int) -> None:
        self.width, self.height = width, max(1, height)
        self.offset -= self.offset % self.per_row

    def grown(self) -> None:
        """The window has more at its end: nothing is kept of it here."""

    def forgot(self, count: int) -> None:
        self.offset = max(self.offset, self.window.start)

    @property
    def digits(self) -> int:
        size = max(self.window.end, self.window.size or 0)
        return _MANY_DIGITS if size > _LARGE else _DIGITS

    @property
    def per_row(self) -> int:
        """Bytes of a row: as many as fit."""
        for count in _PER_ROW:
            if self.digits + 4 + count * 4 + count // 8 <= self.width:
                return count
        return _PER_ROW[-1]

    def rows(self) -> list[Row]:
        count = self.per_row
        found = self._found()
        last = min(self.window.end, self.offset + self.height * count)
        return [self._row(at, count, found) for at in range(self.offset, last, count)]

    def _found(self) -> set[int]:
        """The offsets in sight that belong to a match."""
        if self.pattern is None:
            return set()
        first = max(0, self.offset - self.window.start - 256)
        last = self.offset - self.window.start + self.height * self.per_row + 256
        spans = (m.span() for m in self.pattern.finditer(self.window.data, first, last))
        return {self.window.start + at for start, end in spans for at in range(start, end)}

    def _row(self, at: int, count: int, found: set[int]) -> Row:
        data = self.window.data[at - self.window.start :][:count]
        head = f"{at:0{self.digits}x}  "
        runs = [Run(len(head), FAINT)]
        cells = ""
        for n in range(count):
            gap = "  " if n % 8 == 7 else " "
            cells += (f"{data[n]:02x}" if n < len(data) else "  ") + gap
            runs += [Run(2, self._look(data, n, at, found)), Run(len(gap))]
        letters = "".join(_LETTERS[byte] for byte in data)
        runs.append(Run(1))
        runs += [Run(1, self._look(data, n, at, found)) for n in range(len(data))]
        return Row(f"{head}{cells} {letters}", tuple(joined(runs)))

    def _look(self, data: bytearray, n: int, at: int, found: set[int]) -> str:
        if at + n in found:
            return FOUND
        return FAINT if n < len(data) and not 0x20 <= data[n] < 0x7F else ""

    # Moving

    def move(self, by: int) -> None:
        last = max(self._first, self._last_top)
        self.offset = max(self._first, min(self.offset + by * self.per_row, last))

    def move_sideways(self, by: int) -> None:
        """All of a row is in sight."""

    @property
    def _first(self) -> int:
        return self.window.start - self.window.start % self.per_row

    @property
    def _last_top(self) -> int:
        rows = -(-(self.window.end - self._first) // self.per_row)
        return self._first + max(0, rows - self.height) * self.per_row

    def to_start(self) -> None:
        self.offset = self._first

    def to_end(self) -> None:
        self.offset = self._last_top

    def show_offset(self, offset: int) -> None:
        """Begin the page at that place of the file."""
        self.offset = max(self._first, offset - offset % self.per_row)

    @property
    def at_end(self) -> bool:
        return self.offset + self.height * self.per_row >= self.window.end

    @property
    def where(self) -> str:
        return f"byte {self.offset:,}"
