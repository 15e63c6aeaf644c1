"""What was changed in this session and can be taken back, the newest first."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widgets import Static

from providers.text import printable
from tui import changes
from tui import format as show
from tui.changes import Change
from tui.screens.dialog import CANCEL, Choice, Dialog, line
from tui.widgets.row_list import RowList

_AROUND = 9  # rows of the screen that are not for the list
_MOST = 16  # rows of the list
_LIMITS = (
    "Not to be taken back: copies, hard links, moves from disk to disk, what was deleted for good."
)
_WHEN = show.WHEN_WIDTH


class UndoScreen(Dialog[Change | None]):
    """Answers the change to take back, or None."""

    def __init__(self, all_changes: Sequence[Change]) -> None:
        choices = [Choice("undo", "enter", "Take it back"), Choice(CANCEL, "escape", "Close")]
        super().__init__("Undo", choices, focus="rows")
        self.changes = tuple(all_changes)

    def body(self) -> ComposeResult:
        yield RowList[Change](self._row, id="rows")
        yield Static("", id="what", classes="strong", markup=False)
        yield line(_LIMITS, "dim")

    def _row(self, change: Change, width: int) -> str:
        when = show.when(change.when, time.time()).strip()
        room = max(0, width - _WHEN - 1)
        return f"{show.fit(changes.described(change), room)} {show.fit(when, _WHEN, 'right')}"

    @property
    def rows(self) -> RowList[Change]:
        return self.query_one("#rows", RowList)

    def on_mount(self) -> None:
        self.rows.show_rows(self.changes)

    def on_resize(self) -> None:
        self.rows.grow_to(min(_MOST, self.size.height - _AROUND))

    def on_row_list_moved(self) -> None:
        change = self.rows.current
        text = "" if change is None else changes.effect(change)
        self.query_one("#what", Static).update(printable(text))

    def on_row_list_chosen(self) -> None:
        self.action_choose("undo")

    def chosen(self, choice: str) -> None:
        self.dismiss(self.rows.current if choice == "undo" else None)
