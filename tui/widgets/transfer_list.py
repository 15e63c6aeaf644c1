"""The rows of the transfer panel: a window of the queue drawn line by line, never a widget a row.

It knows nothing of the queue: it is shown snapshots, and says which rows it wants.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from transfers.model import Row, Snapshot
from tui import format as show
from tui import slow_line
from tui.key_map import bindings
from tui.keys import Where
from tui.widgets.transfer_row import Part, columns, fast_parts, slow_parts

EMPTY = "No transfers. Mark files and press F5 or c, or drag them to the other pane."
_MARGIN = 10  # rows asked for beyond a screenful on each side, at least


class TransferList(ScrollView, can_focus=True, inherit_bindings=False):
    """A cursor, marks and as many rows as there are jobs; only changed lines are drawn again."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.JOBS)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row--plain",
        "row--dim",
        "row--good",
        "row--busy",
        "row--warning",
        "row--bad",
        "row--loud",
        "row--bar",
        "row--bar-done",
        "row--bar-bad",
        "row--cursor",
    }
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TransferList {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
        & > .row--plain { color: $foreground; }
        & > .row--dim { color: $text-muted; }
        & > .row--good { color: $text-success; }
        & > .row--busy { color: $text-accent; }
        & > .row--warning { color: $text-warning; }
        & > .row--bad { color: $text-error; text-style: bold; }
        & > .row--loud { color: $text-error; text-style: bold reverse; }
        & > .row--bar { color: $accent; background: $boost; }
        & > .row--bar-done { color: $success-darken-2; }
        & > .row--bar-bad { color: $error-darken-1; background: $boost; }
        & > .row--cursor { background: $panel; color: $foreground; }
        &:focus > .row--cursor {
            background: $primary; color: $button-color-foreground; text-style: bold;
        }
        &:focus:nocolor > .row--cursor { text-style: bold reverse; }
        &:focus:ansi > .row--cursor { text-style: bold reverse; }
    }
    """

    class Wanted(Message):
        """Rows outside what was shown last have come into view."""

    class Moved(Message):
        """Another job is under the cursor, or what it says has changed."""

    def __init__(self, *, ascii_only: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.ascii_only = ascii_only
        self.count = 0
        self.cursor = 0
        self._empty = EMPTY
        self.marks: dict[int, None] = {}  # ids, in the order they were marked
        self._rows: dict[int, Row] = {}  # by position
        self._follow: int | None = None  # the job under the cursor
        self._slow = slow_line.is_slow(os.environ)

    # What it is shown ------------------------------------------------------------------------

    def window(self) -> tuple[int, int]:
        """The first position and how many it wants to be shown, with some to scroll into."""
        margin = max(self.size.height, _MARGIN)
        first = max(0, self.scroll_offset.y - margin)
        return first, self.scroll_offset.y - first + self.size.height + margin

    def show_snapshot(self, snapshot: Snapshot, empty: str = EMPTY) -> list[int]:
        """Take in a window of the queue and draw the lines that differ: how many cells of each.

        `empty`: what is said while there is no job.
        """
        if empty != self._empty:
            self._empty = empty
            self.refresh()
        before, old_count = self._rows, self.count
        self._rows = {snapshot.first + at: row for at, row in enumerate(snapshot.rows)}
        self.count = snapshot.count
        self._keep_cursor()
        if self.count != old_count:
            self.virtual_size = Size(1, self.count)
            self.refresh()
            drawn = [self.row_width] * self.size.height
        else:
            top, lines = self.scroll_offset.y, range(self.size.height)
            drawn = [self._refresh_difference(y, before.get(top + y)) for y in lines]
        self.post_message(self.Moved())
        return [cells for cells in drawn if cells]

    def current(self) -> Row | None:
        return self._rows.get(self.cursor)

    def targets(self) -> tuple[int, ...]:
        """The ids that a command is for: the marked ones, else the one under the cursor."""
        if self.marks:
            return tuple(self.marks)
        row = self.current()
        return () if row is None else (row.job.id,)

    def unmark(self) -> None:
        self.mark_only(())

    def mark_only(self, jobs: Iterable[int]) -> None:
        """Have these marked, and no others."""
        self.marks = dict.fromkeys(jobs)
        self.refresh()
        self.post_message(self.Moved())

    def start_again(self) -> None:
        """What is shown next are other jobs: back to the top, nothing marked."""
        self._rows, self._follow, self.cursor = {}, None, 0
        self.scroll_to(y=0, animate=False)
        self.unmark()

    # How it is drawn -------------------------------------------------------------------------

    @property
    def row_width(self) -> int:
        """Cells of a line; the scroll bar, where there is one, is beside it, not over its end."""
        return self.scrollable_content_region.width

    def render_line(self, y: int) -> Strip:
        position, width = self.scroll_offset.y + y, self.row_width
        if position >= self.count:
            empty = self._empty if y == 0 and not self.count else ""
            parts: Iterable[Part] = ((show.fit(f" {empty}", width), "dim"),)
        elif (row := self._rows.get(position)) is None:
            parts = ((show.fit(" …", width), "dim"),)
        else:
            parts = (*self._fast(row, width), *slow_parts(row, columns(width)))
        cursor = self.count > 0 and position == self.cursor
        base = self.get_component_rich_style("row--cursor") if cursor else self.rich_style
        segments = [Segment(text, base if cursor else self._style(role)) for text, role in parts]
        return Strip(segments).simplify().adjust_cell_length(width, base)

    def _style(self, role: str) -> Style:
        return self.get_component_rich_style(f"row--{role}")

    def _fast(self, row: Row, width: int) -> tuple[Part, ...]:
        marked = row.job.id in self.marks
        return fast_parts(row, columns(width), marked=marked, ascii_only=self.ascii_only)

    def _refresh_difference(self, y: int, old: Row | None) -> int:
        """How many cells from the left differ and are drawn."""
        new, width = self._rows.get(self.scroll_offset.y + y), self.row_width
        at, cells = columns(width), 0
        if new == old:
            return 0
        if new is None or old is None or slow_parts(new, at) != slow_parts(old, at):
            cells = width
        elif self._fast(new, width) != self._fast(old, width):
            cells = at.fast
        if cells:
            self.refresh(Region(0, y, cells, 1))
        return cells

    # How it is moved through -----------------------------------------------------------------

    def action_cursor(self, by: int) -> None:
        self._move_to(self.cursor + by)

    def action_page(self, pages: int) -> None:
        self._move_to(self.cursor + pages * max(1, self.size.height - 1))

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(self.count - 1)

    def action_mark(self) -> None:
        row = self.current()
        if row is not None:
            if row.job.id in self.marks:
                del self.marks[row.job.id]
            else:
                self.marks[row.job.id] = None
            self._refresh_position(self.cursor)
            self._move_to(self.cursor + 1)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and (at := self.scroll_offset.y + offset.y) < self.count:
            self._move_to(at)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._ask_for_rows()

    def on_resize(self) -> None:
        self._ask_for_rows()

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self._refresh_position(self.cursor)

    def _move_to(self, position: int) -> None:
        old, self.cursor = self.cursor, max(0, min(position, self.count - 1))
        row = self.current()
        self._follow = None if row is None else row.job.id
        self._refresh_position(old)
        self._refresh_position(self.cursor)
        self._scroll_to_cursor()
        self.post_message(self.Moved())

    def _keep_cursor(self) -> None:
        """Stay on the same job when the queue was reordered or cleared around it."""
        at = self.cursor
        row = self._rows.get(at)
        if self._follow is not None and (row is None or row.job.id != self._follow):
            at = next((i for i, r in self._rows.items() if r.job.id == self._follow), at)
        at = max(0, min(at, self.count - 1))
        if at != self.cursor:
            old, self.cursor = self.cursor, at
            self._refresh_position(old)
            self._refresh_position(at)
            self.call_after_refresh(self._scroll_to_cursor)
        if (row := self.current()) is not None:
            self._follow = row.job.id

    def _scroll_to_cursor(self) -> None:
        top = self.scroll_offset.y
        to = slow_line.top_for(self.cursor, top, max(1, self.size.height), slow=self._slow)
        if to != top:
            self.scroll_to(y=to, animate=False)

    def _refresh_position(self, position: int) -> None:
        y = position - self.scroll_offset.y
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _ask_for_rows(self) -> None:
        top = self.scroll_offset.y
        bottom = min(self.count, top + self.size.height) - 1
        if bottom >= top and (top not in self._rows or bottom not in self._rows):
            self.post_message(self.Wanted())
