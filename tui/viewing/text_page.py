"""Text as a page: which lines are in sight, and how a person moves through them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.viewing.lines import Lines
from tui.viewing.rows import FAINT, Row, Run, marked, visible, wrapped
from tui.viewing.window import Window

_STEP = 8  # cells, sideways
_LEAST_DIGITS = 4
_REMEMBERED = 512  # lines


class TextPage:
    """Lines of `window`. `top` is the first stretch in sight, `sub` the first of its rows."""

    def __init__(self, window: Window, encoding: str, before: int | None = 0) -> None:
        self.window = window
        self.lines = Lines(window, encoding, before)
        self.wraps = False
        self.numbered = False
        self.pattern: re.Pattern[str] | None = None
        self.top = self.sub = self.left = 0
        self.width, self.height = 80, 24
        self._colours: Sequence[Sequence[Run]] = ()  # of the first stretches
        self._rows: dict[int, list[Row]] = {}

    @property
    def encoding(self) -> str:
        return self.lines.encoding

    def resize(self, width: int, height: int) -> None:
        self.width, self.height = max(2, width), max(1, height)
        self.sub = 0
        self._rows.clear()

    def grown(self) -> None:
        """The window has more at its end."""
        self._rows.pop(len(self.lines) - 1, None)
        self.lines.grown()

    def forgot(self, count: int) -> None:
        """The window forgot so many bytes at its beginning."""
        if count:
            gone = self.lines.forgotten(count)
            self.top = max(0, self.top - gone)
            self._colours = ()
            self._rows.clear()

    def colour(self, colours: Sequence[Sequence[Run]]) -> None:
        """Show the first stretches in these looks."""
        self._colours = colours
        self._rows.clear()

    def look_for(self, pattern: re.Pattern[str] | None) -> None:
        self.pattern = pattern
        self._rows.clear()

    def toggle_wrap(self) -> None:
        self.wraps, self.sub, self.left = not self.wraps, 0, 0
        self._rows.clear()

    def toggle_numbers(self) -> None:
        self.numbered, self.sub = not self.numbered, 0
        self._rows.clear()

    # What is in sight

    def rows(self) -> list[Row]:
        """One for each row of the page that has text."""
        found: list[Row] = []
        for index in range(self.top, len(self.lines)):
            skipped = self.sub if index == self.top else 0
            found += self._rows_of(index)[skipped:]
            if len(found) >= self.height:
                break
        return found[: self.height]

    @property
    def sideways(self) -> int:
        """Cells of each row that are left of the page."""
        return self.left

    @property
    def gutter(self) -> int:
        """Cells before the text, which do not move sideways."""
        if not self.numbered:
            return 0
        last = self.lines.number(len(self.lines) - 1)
        return max(_LEAST_DIGITS, len(str(last or ""))) + 1

    def _rows_of(self, index: int) -> list[Row]:
        if index not in self._rows:
            if len(self._rows) > _REMEMBERED:
                self._rows.clear()
            colours = self._colours[index] if index < len(self._colours) else ()
            row = marked(visible(self.lines.text(index), colours), self.pattern)
            room = max(1, self.width - self.gutter)
            made = wrapped(row, max(2, room)) if self.wraps else [row]
            self._rows[index] = [self._with_number(index, n, row) for n, row in enumerate(made)]
        return self._rows[index]

    def _with_number(self, index: int, nth: int, row: Row) -> Row:
        if not self.gutter:
            return row
        number = self.lines.number(index) if nth == 0 and self.lines.begins(index) else None
        label = f"{'' if number is None else number:>{self.gutter - 1}} "
        return Row(label + row.text, (Run(len(label), FAINT), *row.runs))

    # Moving

    def move(self, by: int) -> None:
        """Go so many rows down, or up."""
        while by > 0 and not self.at_end:
            by -= 1
            if self.sub + 1 < len(self._rows_of(self.top)):
                self.sub += 1
            else:
                self.top, self.sub = self.top + 1, 0
        while by < 0 and (self.top or self.sub):
            by += 1
            if self.sub:
                self.sub -= 1
            else:
                self.top -= 1
                self.sub = len(self._rows_of(self.top)) - 1

    def move_sideways(self, by: int) -> None:
        if not self.wraps:
            self.left = max(0, self.left + by * _STEP)

    def to_start(self) -> None:
        self.top = self.sub = self.left = 0

    def to_end(self) -> None:
        """The last row of the window is the last of the page."""
        self.top, self.sub = max(0, len(self.lines) - 1), 0
        if len(self.lines):
            self.sub = len(self._rows_of(self.top)) - 1
        self.move(1 - self.height)

    def show(self, index: int) -> None:
        """Bring a stretch in sight, a third down the page, unless it is in sight."""
        if not self.top <= index < self.top + self._stretches:
            self.top, self.sub = min(index, max(0, len(self.lines) - 1)), 0
            self.move(-(self.height // 3))

    def show_offset(self, offset: int) -> None:
        """Begin the page at that place of the file."""
        self.top, self.sub = self.lines.at_offset(offset), 0

    @property
    def _stretches(self) -> int:
        """How many are in sight as a whole."""
        rows, count = -self.sub, 0
        for index in range(self.top, len(self.lines)):
            rows += len(self._rows_of(index))
            if rows > self.height:
                break
            count += 1
        return count

    @property
    def at_end(self) -> bool:
        """Whether the last row of the window is in sight."""
        return self.top + self._stretches >= len(self.lines)

    @property
    def offset(self) -> int:
        """Where in the file the page begins."""
        return self.lines.offset(self.top)

    @property
    def where(self) -> str:
        number = self.lines.number(self.top)
        return f"byte {self.offset:,}" if number is None else f"line {number:,}"
