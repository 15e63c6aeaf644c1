"""The tick-box list of a comparison: positions of pairs, drawn line by line in several styles."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from tui import format as show
from tui.pair_text import BOX, Part
from tui.widgets.row_list import RowList

_ROLES = ("good", "warning", "bad", "accent")


class PairList(RowList[int]):
    """`parts` makes a row of so many cells. What keys decide is sent up: the list only shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,insert", "send('tick')", show=False),
        Binding("right,l,greater_than_sign", "send('right')", show=False),
        Binding("left,h,less_than_sign", "send('left')", show=False),
        Binding("delete,f8", "send('delete')", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"pair-list--{role}" for role in _ROLES}
    DEFAULT_CSS = """
    PairList {
        & > .pair-list--good { color: $text-success; }
        & > .pair-list--warning { color: $text-warning; }
        & > .pair-list--bad { color: $text-error; text-style: bold; }
        & > .pair-list--accent { color: $text-primary; }
    }
    """

    class Asked(Message):
        """A key, or a click on the box, asks for something about the row under the cursor."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    def __init__(self, parts: Callable[[int, int], list[Part]], *, id: str) -> None:
        super().__init__(lambda row, width: "", id=id)
        self._parts = parts

    def take(self, height: int) -> None:
        """Be that high, whatever there is to show."""
        self._most = max(2, height)
        self.styles.height = self._most

    def grow_to(self, most: int) -> None:
        """As high as it was told to be."""

    def action_send(self, what: str) -> None:
        self.post_message(self.Asked(what))

    def on_click(self, event: events.Click) -> None:
        """On the box it ticks; a double one elsewhere shows all about the row. It runs nothing."""
        event.prevent_default()
        offset = event.get_content_offset(self)
        at = None if offset is None else offset.y + self.scroll_offset.y
        if offset is None or at is None or at >= len(self.rows):
            return
        self.action_cursor(at - self.cursor)
        if offset.x < BOX:
            self.action_send("tick")
        elif event.chain == 2:
            self.action_send("details")

    def render_line(self, y: int) -> Strip:
        at, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if at >= len(self.rows):
            return super().render_line(y)
        base, on_cursor = self.rich_style, at == self.cursor
        over = self._part("cursor") if on_cursor else base
        segments, left = [], width
        for text, role in self._parts(self.rows[at], width):
            shown = show.clip(text, left)
            style = over if on_cursor and self.has_focus else over + self._role(role)
            segments.append(Segment(shown, style))
            left -= segments[-1].cell_length
        return Strip(segments).adjust_cell_length(width, over)

    def _role(self, role: str) -> Style:
        if role == "faint":  # a muted colour is made for its background: no part of a style
            return Style(color=self._part("faint").color)
        if role in _ROLES:
            return self.get_component_rich_style(f"pair-list--{role}", partial=True)
        return Style.null()
