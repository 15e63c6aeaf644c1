"""The line above a list that says where it is, and the one that names its columns."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

from providers import location
from providers.base import Place
from tui import format as show
from tui.listing import SortBy, View
from tui.widgets.file_list import columns

_SCROLL_BAR = 1  # its column in the list is always kept free
_ARROWS = {False: "↑", True: "↓"}


class PathBar(Widget):
    """The place a pane shows, literally; its end stays when there is no room for all of it."""

    DEFAULT_CSS = "PathBar { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""
        self._heading = ""

    def show(self, place: Place, found: str = "") -> None:
        """`found`: what was looked for below `place`, where the rows are what was found."""
        self._shown = location.show(place)
        self._heading = f"Found: {found} in " if found else ""
        self.refresh()

    def render(self) -> Text:
        width = self.size.width - 2
        heading = show.clip(self._heading, width * 2 // 3)
        path = show.clip_left(self._shown, width - cell_len(heading))
        return Text(f" {heading}{path} ", no_wrap=True, end="")


class ColumnHeader(Widget):
    """The names of the columns, with an arrow at the one that sorts."""

    DEFAULT_CSS = "ColumnHeader { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._view = View()

    def show(self, view: View) -> None:
        self._view = view
        self.refresh()

    def render(self) -> Text:
        widths = columns(self.size.width - _SCROLL_BAR)
        text = " " + show.fit(self._title(SortBy.NAME, "Name"), widths.name)
        if widths.size:
            text += " " + show.fit(self._title(SortBy.SIZE, "Size"), widths.size, "right")
        if widths.modified:
            title = self._title(SortBy.MODIFIED, "Modified")
            text += "  " + show.fit(title, widths.modified, "right")
        return Text(text, no_wrap=True, end="")

    def _title(self, sort: SortBy, title: str) -> str:
        return f"{title} {_ARROWS[self._view.descending]}" if sort is self._view.sort else title
