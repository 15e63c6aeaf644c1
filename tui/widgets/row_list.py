"""A list in a dialog: rows of text with a cursor and marks, drawn line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui import format as show

MARK = "*"
_LEAST = 2  # rows
T = TypeVar("T")
Draw = Callable[[T, int], str]
"""A row as text for so many cells; what came from elsewhere is made safe when it is fitted."""


class RowList(ScrollView, Generic[T], can_focus=True, inherit_bindings=False):
    """`draw` makes a row's text; `notice` is said while there is none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", show=False),
        Binding("down,j", "cursor(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "cursor(-1000000000)", show=False),
        Binding("end,G", "cursor(1000000000)", show=False),
        Binding("enter", "choose", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"row-list--faint", "row-list--cursor"}
    ALLOW_SELECT = False
    ALLOW_MAXIMIZE = False
    DEFAULT_CSS = """
    RowList {
        height: 2; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
        background: $surface; scrollbar-background: $surface; scrollbar-color: $panel-lighten-1;
        & > .row-list--faint { color: $text-muted; }
        & > .row-list--cursor { background: $panel; }
        &:focus > .row-list--cursor {
            background: $primary; color: $button-color-foreground; text-style: bold;
        }
        &:focus:nocolor > .row-list--cursor { text-style: bold reverse; }
        &:focus:ansi > .row-list--cursor { text-style: bold reverse; }
    }
    """

    class Moved(Message):
        """Another row is under the cursor, or there are others."""

    class Chosen(Message):
        """Enter, or a double click, on a row."""

    def __init__(self, draw: Draw[T], *, notice: str = "", marking: bool = False, id: str) -> None:
        super().__init__(id=id)
        self._draw = draw
        self._notice = notice
        self._marking = marking
        self.rows: list[T] = []
        self.marks: set[int] = set()  # positions
        self.cursor = 0
        self._most = _LEAST

    # What is shown

    def grow_to(self, most: int) -> None:
        """Be as high as the rows need, up to `most` of them."""
        self._most = max(_LEAST, most)
        self.styles.height = max(_LEAST, min(self._most, len(self.rows)))

    @property
    def current(self) -> T | None:
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    @property
    def targets(self) -> list[T]:
        """The marked rows, else the one under the cursor."""
        if self.marks:
            return [self.rows[at] for at in sorted(self.marks)]
        return [] if self.current is None else [self.current]

    def show_rows(self, rows: Iterable[T], *, notice: str = "") -> None:
        """Replace all rows; marks are gone, the cursor stays where it can."""
        self.rows, self._notice = list(rows), notice
        self.marks.clear()
        self.cursor = max(0, min(self.cursor, len(self.rows) - 1))
        self._changed()

    def add_rows(self, rows: Iterable[T]) -> None:
        """Put more of them at the end."""
        self.rows.extend(rows)
        self._changed()

    def _changed(self) -> None:
        self.virtual_size = Size(1, len(self.rows))
        self.grow_to(self._most)
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.Moved())

    # How it is moved through

    def action_cursor(self, by: int) -> None:
        self.cursor = max(0, min(self.cursor + by, len(self.rows) - 1))
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.Moved())

    def action_page(self, pages: int) -> None:
        self.action_cursor(pages * max(1, self.size.height - 1))

    def action_choose(self) -> None:
        self.post_message(self.Chosen())

    def mark(self) -> None:
        """Mark the row under the cursor or take its mark away, and go to the next."""
        if self._marking and self.rows:
            self.marks ^= {self.cursor}
            self.action_cursor(1)

    def mark_all(self) -> None:
        """Mark all rows; when all are, none."""
        every = set(range(len(self.rows)))
        self.marks = set() if self.marks == every else every
        self.refresh()
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        at = None if offset is None else offset.y + self.scroll_offset.y
        if at is not None and at < len(self.rows):
            self.action_cursor(at - self.cursor)
            if event.chain == 2:
                self.action_choose()

    def on_resize(self) -> None:
        self._scroll_to_cursor()

    def _scroll_to_cursor(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if height and self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif height and self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    # How it is drawn

    def render_line(self, y: int) -> Strip:
        at, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        base = self.rich_style
        if at < len(self.rows):
            style = self._part("cursor") if at == self.cursor else base
            mark = (MARK if at in self.marks else " ") if self._marking else ""
            text = mark + self._draw(self.rows[at], max(0, width - len(mark)))
            return Strip([Segment(text, style)]).adjust_cell_length(width, style)
        if y == 0:
            text = show.clip(self._notice, width)
            return Strip([Segment(text, self._part("faint"))]).adjust_cell_length(width, base)
        return Strip.blank(width, base)

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"row-list--{name}")
