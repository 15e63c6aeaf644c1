"""The line above a list that says where it is, and the one that names its columns."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from providers import location
from providers.base import Place
from tui import format as show
from tui.listing import SortBy, View
from tui.widgets.file_list import Columns, columns

_SCROLL_BAR = 1  # its column in the list is always kept free
_IN_STEP = "⇄ "
_ARROWS = {False: "↑", True: "↓"}


class PathBar(Widget):
    """The place a pane shows, literally; its end stays when there is no room for all of it."""

    DEFAULT_CSS = "PathBar { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""
        self._heading = ""
        self.in_step = False  # with the other pane

    def show(self, place: Place, found: str = "") -> None:
        """`found`: what was looked for below `place`, where the rows are what was found."""
        self._shown = location.show(place)
        self._heading = f"Found: {found} in " if found else ""
        self.refresh()

    def show_in_step(self, in_step: bool) -> None:
        self.in_step = in_step
        self.refresh()

    def render(self) -> Text:
        sign = _IN_STEP if self.in_step else ""
        width = self.size.width - 2 - len(sign)
        heading = show.clip(self._heading, width * 2 // 3)
        path = show.clip_left(self._shown, width - cell_len(heading))
        return Text(f" {sign}{heading}{path} ", no_wrap=True, end="")


class ColumnHeader(Widget):
    """The names of the columns, with an arrow at the one that sorts. A click on one sorts by it,
    another turns the order round."""

    DEFAULT_CSS = "ColumnHeader { height: 1; }"

    class Picked(Message):
        """A column to sort by."""

        def __init__(self, sort: SortBy) -> None:
            super().__init__()
            self.sort = sort

    def __init__(self) -> None:
        super().__init__()
        self._view = View()

    def show(self, view: View) -> None:
        self._view = view
        self.refresh()

    @property
    def _columns(self) -> Columns:
        return columns(self.size.width - _SCROLL_BAR)

    def render(self) -> Text:
        widths = self._columns
        text = " " + show.fit(self._name_title(), widths.name)
        if widths.size:
            text += " " + show.fit(self._title(SortBy.SIZE, "Size"), widths.size, "right")
        if widths.modified:
            title = self._title(SortBy.MODIFIED, "Modified")
            text += "  " + show.fit(title, widths.modified, "right")
        return Text(text, no_wrap=True, end="")

    def _name_title(self) -> str:
        title = "Name #" if self._view.natural else "Name"
        if self._view.sort is SortBy.EXTENSION:
            return f"{title}, ext {_ARROWS[self._view.descending]}"
        return self._title(SortBy.NAME, title)

    def _title(self, sort: SortBy, title: str) -> str:
        return f"{title} {_ARROWS[self._view.descending]}" if sort is self._view.sort else title

    def on_click(self, event: events.Click) -> None:
        widths = self._columns
        size_at = 1 + widths.name
        if event.x < size_at:
            sort = SortBy.NAME
        elif widths.size and event.x <= size_at + widths.size:
            sort = SortBy.SIZE
        else:
            sort = SortBy.MODIFIED if widths.modified else SortBy.NAME
        self.post_message(self.Picked(sort))
