"""The row under the cursor in words, and the terminal's own cursor on it.

Braille rows and screen readers follow the terminal's cursor and read lines that change. The cursor
is moved for everybody; it is shown, and the line is there, for who asked for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.text import Text
from textual.geometry import Offset
from textual.scroll_view import ScrollView
from textual.widget import Widget
from textual.widgets import Static

from providers.records import replace
from tui import spoken
from tui.terminal import SHOW_CURSOR, write
from tui.widgets.file_list import FileList
from tui.widgets.transfer_list import TransferList


class SpokenLine(Static):
    """`wanted` says whether a person wants words."""

    DEFAULT_CSS = """
    SpokenLine { height: 1; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
    SpokenLine.-wanted { display: block; }
    """

    def __init__(self, wanted: Callable[[], bool]) -> None:
        super().__init__("", markup=False)
        self._wanted = wanted
        self._words = ""

    def on_mount(self) -> None:
        self.app.app_resume_signal.subscribe(self, lambda _: self.changed())
        self.changed()

    def changed(self) -> None:
        """It is wanted now, or not any more, or the terminal was given back."""
        wanted = self._wanted()
        self.set_class(wanted, "-wanted")
        if wanted:
            write(self.app, SHOW_CURSOR)

    def follow(self, focused: Widget | None) -> None:
        """Tell of the row that has the focus."""
        if isinstance(focused, FileList):
            self._entry(focused)
        elif isinstance(focused, TransferList):
            row = focused.current()
            marked = row is not None and row.job.id in focused.marks
            words = spoken.job_words(row, focused.cursor, focused.count, marked=marked)
            self.tell(focused, focused.cursor, words)

    def _entry(self, rows: FileList) -> None:
        entry = rows.current
        sign = rows.signs.of(entry)
        words = spoken.entry_words(
            None if entry is None else replace(entry, name=rows.named(entry)),
            rows.cursor,
            rows.virtual_size.height,
            marked=entry is not None and entry.path in rows.marks,
            now=time.time(),
            sign="" if sign is None else sign.word,
        )
        self.tell(rows, rows.cursor, words)

    def tell(self, rows: ScrollView, at: int, words: str) -> None:
        """Say `words` of the row at `at`, from 0; the terminal's own cursor goes there."""
        region = rows.content_region
        self.app.cursor_position = Offset(region.x, region.y + at - rows.scroll_offset.y)
        if words != self._words and self.has_class("-wanted"):
            self._words = words
            self.update(Text(words), layout=False)
