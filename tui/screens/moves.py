"""Renames in a list: what is about to be done, or how far it came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from providers.records import dataclass
from providers.text import printable
from tui import format as show
from tui.screens.dialog import CANCEL, Choice, Dialog, line
from tui.widgets.row_list import RowList

_AROUND = 10  # rows of the screen that are not for the list
_MOST = 18  # rows of the list
_ARROW = " → "


@dataclass(frozen=True, slots=True)
class Row:
    """One rename by its names. `note`: a word in front of it; `path`: where it is."""

    old: str
    new: str
    path: str
    note: str = ""


def drawn(row: Row, width: int) -> str:
    """The old name in one column, the new one in the other."""
    room = max(0, width - len(row.note) - len(_ARROW) - bool(row.note))
    old = show.clip_middle(row.old, room // 2)
    new = show.clip_middle(row.new, room - room // 2)
    note = f"{row.note} " if row.note else ""
    return f"{note}{show.fit(old, room // 2)}{_ARROW}{new}"


class MovesScreen(Dialog[str | None]):
    """Answers the id of the choice, or None. `wrong`: what stands against it, or went wrong."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f4", "choose('edit')", show=False)]
    DEFAULT_CSS = "MovesScreen .sentence { height: auto; max-height: 5; }"

    def __init__(
        self,
        title: str,
        said: str,
        rows: Sequence[Row],
        choices: Sequence[Choice],
        *,
        wrong: str = "",
        doubt: str = "",
    ) -> None:
        """`said` is the sentence above the list, `doubt` one below it that is worth a look."""
        super().__init__(title, choices, focus="rows", tone="warning" if wrong else "plain")
        self.said = said
        self.rows = tuple(rows)
        self.wrong = wrong
        self.doubt = doubt

    def body(self) -> ComposeResult:
        yield line(self.said, "strong")
        yield RowList[Row](drawn, id="rows")
        yield Static("", id="what", classes="dim", markup=False)
        if self.doubt:
            yield line(self.doubt, "sentence")
        if self.wrong:
            yield line(self.wrong, "bad sentence")

    @property
    def list(self) -> RowList[Row]:
        return self.query_one("#rows", RowList)

    def on_mount(self) -> None:
        self.list.show_rows(self.rows, notice="no name is another than before")

    def on_resize(self) -> None:
        self.list.grow_to(min(_MOST, self.size.height - _AROUND))

    def on_row_list_moved(self) -> None:
        row = self.list.current
        text = "" if row is None else row.path
        width = self.list.scrollable_content_region.width
        self.query_one("#what", Static).update(show.clip_left(printable(text), width))

    def on_row_list_chosen(self) -> None:
        self.action_choose(next(iter(self.choices)))

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            self.dismiss(None)
        elif choice in self.choices:
            self.dismiss(choice)


EDIT = Choice("edit", "e", "Edit again")
CLOSE = Choice(CANCEL, "escape", "Cancel")
