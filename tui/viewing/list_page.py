"""Rows that are all there, as a page: what an archive holds, a picture, a sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.viewing.rows import Row, marked

_STEP = 8  # cells, sideways


class ListPage:
    """`all_rows`, shown from `top` on."""

    offset = gutter = 0

    def __init__(self, rows: Sequence[Row]) -> None:
        self.all_rows = list(rows)
        self.pattern: re.Pattern[str] | None = None
        self.top = self.left = 0
        self.width, self.height = 80, 24

    def resize(self, width: int, height: int) -> None:
        self.width, self.height = width, max(1, height)
        self.move(0)

    def grown(self) -> None:
        """Nothing of it comes from the window."""

    def forgot(self, count: int) -> None:
        """Nothing of it comes from the window."""

    def rows(self) -> list[Row]:
        return [marked(row, self.pattern) for row in self.all_rows[self.top :][: self.height]]

    @property
    def sideways(self) -> int:
        return self.left

    def move(self, by: int) -> None:
        last = max(0, len(self.all_rows) - self.height)
        self.top = max(0, min(self.top + by, last))

    def move_sideways(self, by: int) -> None:
        self.left = max(0, self.left + by * _STEP)

    def to_start(self) -> None:
        self.top = self.left = 0

    def to_end(self) -> None:
        self.move(len(self.all_rows))

    def show(self, index: int) -> None:
        """Bring a row in sight, a third down the page, unless it is in sight."""
        if not self.top <= index < self.top + self.height:
            self.top = index
            self.move(-(self.height // 3))

    @property
    def at_end(self) -> bool:
        return self.top + self.height >= len(self.all_rows)

    @property
    def where(self) -> str:
        if len(self.all_rows) <= self.height:
            return ""
        return f"row {self.top + 1:,} of {len(self.all_rows):,}"
