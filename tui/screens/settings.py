"""The settings: one row each, changed with Enter or the arrows, kept at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from providers.errors import ProviderError
from providers.records import dataclass
from tui import format as show
from tui.screens.dialog import CANCEL, Choice, Dialog, Says, line
from tui.widgets.row_list import RowList

_LABEL = 16  # cells
_AROUND = 11  # rows of the screen that are not for the list


@dataclass(slots=True)
class Row:
    """A setting as the screen has it. `choose` keeps a value and raises ProviderError."""

    label: str
    help: str
    values: Sequence[str]
    value: str
    choose: Callable[[str], None]


class SettingsScreen(Dialog[None]):
    """`path` is the file a person may edit as well."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,enter", "change(1)", "Next value", show=False, priority=True),
        Binding("left", "change(-1)", "Value before", show=False, priority=True),
    ]

    def __init__(self, rows: Sequence[Row], path: str) -> None:
        choices = [Choice("change", "enter", "Change"), Choice(CANCEL, "escape", "Close")]
        super().__init__("Settings", choices, focus="rows")
        self._rows = rows
        self._path = path

    def body(self) -> ComposeResult:
        yield RowList[Row](_drawn, id="rows")
        yield Says(id="help")
        yield line(f"Kept in {self._path}", "dim gap")
        yield Says(id="says")

    def on_mount(self) -> None:
        self.query_one(RowList).show_rows(self._rows)
        self._grow()

    def on_resize(self) -> None:
        self._grow()

    def on_row_list_moved(self) -> None:
        row = self.query_one(RowList).current
        self.query_one("#help", Says).say("" if row is None else row.help, "dim gap")

    def _grow(self) -> None:
        self.query_one(RowList).grow_to(max(2, self.size.height - _AROUND))

    def action_change(self, by: int) -> None:
        """Take the next value of the row, or the one before."""
        rows: RowList[Row] = self.query_one(RowList)
        row = rows.current
        if row is None:
            return
        at = row.values.index(row.value) if row.value in row.values else -1
        chosen = row.values[(at + by) % len(row.values)]
        try:
            row.choose(chosen)
        except ProviderError as error:
            self.query_one("#says", Says).say(str(error), "bad")
            return
        row.value = chosen
        rows.refresh()

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            self.dismiss(None)
        else:
            self.action_change(1)


def _drawn(row: Row, width: int) -> str:
    return show.fit(f" {show.fit(row.label, _LABEL)}‹ {row.value} ›", width)
