"""The rows of a directory, drawn line by line: a hundred thousand cost no more than ten."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Offset, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from providers.base import Entry, Kind
from providers.names import is_temporary
from providers.records import dataclass
from tui import format as show
from tui import slow_line
from tui.details import Told
from tui.found import relative
from tui.key_map import bindings
from tui.keys import Where
from tui.row_signs import NO_SIGNS, Signs
from tui.rows import NO_ROWS, Rows

_SIZE_WIDTH = 9
_SHORT_WHEN = 11  # "today 14:03" or "2026-11-22"
_DATE = 10
_ROOM_FOR_SIZE, _ROOM_FOR_WHEN, _ROOM_FOR_TIME = 24, 36, 60  # cells of the whole list
MARK = "*"
PARENT = ".."


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0: not shown. A cell before each column and one after the last are free."""

    name: int
    size: int
    modified: int


def columns(width: int) -> Columns:
    """How a list of `width` cells is divided."""
    size = _SIZE_WIDTH if width >= _ROOM_FOR_SIZE else 0
    modified = 0
    if width >= _ROOM_FOR_WHEN:
        modified = show.WHEN_WIDTH if width >= _ROOM_FOR_TIME else _SHORT_WHEN
    taken = 2 + (size + 1 if size else 0) + (modified + 2 if modified else 0)
    return Columns(max(0, width - taken), size, modified)


def when(unix: float | None, width: int, now: float) -> str:
    """A time in `width` cells: the short form keeps the time of today's, the date of others."""
    full = show.when(unix, now)
    if width >= show.WHEN_WIDTH:
        return full
    text = full.strip()
    return (text if text.startswith("today") else text[:_DATE]).rjust(width)


def label(entry: Entry, name: str | None = None) -> str:
    """A name with what it is: "src/", "current → v2" (not yet safe for a terminal)."""
    name = entry.name if name is None else name
    if entry.kind is Kind.DIR:
        return f"{name}/"
    if entry.kind is Kind.LINK:
        return f"{name} → {entry.target or ''}".rstrip()
    return name


class FileList(ScrollView, can_focus=True):
    """Entries with a cursor and marks. Marks belong to paths: they survive sorting and reading.

    `held` is the path the cursor stays on when rows change; None keeps it on the first row.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.LIST)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "file-list--directory",
        "file-list--link",
        "file-list--other",
        "file-list--faint",
        "file-list--marked",
        "file-list--cursor",
        "file-list--target",
        *(f"file-list--{role}" for role in ("good", "warning", "bad")),
    }
    ALLOW_SELECT = False
    ALLOW_MAXIMIZE = False

    cursor: reactive[int] = reactive(0, repaint=False, init=False)
    signs: reactive[Signs] = reactive(NO_SIGNS, init=False)  # what a comparison found

    class Chosen(Message):
        """Enter or a double click on a row; None is the row of the parent."""

        def __init__(self, entry: Entry | None) -> None:
            super().__init__()
            self.entry = entry

    class Seen(Message):
        """Other rows are in sight than before."""

    class MarksChanged(Message):
        """Other entries are marked than before."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = NO_ROWS
        self.told: Mapping[str, Told] = {}  # by path: rows of which more is known than was listed
        self.measured: Mapping[str, int] = {}  # by path: bytes in folders that were added up
        self.start: str | None = None  # rows are named by their way from there, not by a name
        self.marks: dict[str, Entry] = {}
        self.held: str | None = None
        self.dragged = False  # what began as a press here was a drag: its end is no click
        self._lit: int | None = None  # the row that takes what is dragged
        self._has_parent = False
        self._notice = ""
        self._slow = slow_line.is_slow(os.environ)

    # What is shown

    def show_rows(self, rows: Iterable[Entry], *, has_parent: bool, notice: str = "") -> None:
        """Replace the rows. `notice` is said where no entry is."""
        self.rows, self._has_parent, self._notice = Rows.of(rows), has_parent, notice
        notices = 1 if notice and not self.rows else 0
        self.virtual_size = Size(self.size.width, self._count + notices)
        where = self._index_of(self.held)
        self.set_reactive(FileList.cursor, self._clamp(self.cursor if where is None else where))
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.Seen())

    def tell(self, told: Mapping[str, Told]) -> None:
        """Show what is known of some rows by now."""
        self.told = told
        self.refresh()

    def measure(self, path: str, size: int) -> None:
        """Show how many bytes are in a folder."""
        self.measured = {**self.measured, path: size}
        self._marks_changed()  # what is marked comes to another sum

    def known(self, entry: Entry) -> Entry:
        """`entry` with all that is known of it."""
        told = self.told.get(entry.path)
        return entry if told is None else told.known

    def named(self, entry: Entry) -> str:
        """What a row is called."""
        return entry.name if self.start is None else relative(entry.path, self.start)

    @property
    def in_sight(self) -> list[Entry]:
        """The entries on the screen, as they were listed."""
        first = self.scroll_offset.y - self._has_parent
        rows = self.rows[max(0, first) : max(0, first + self.size.height)]
        return [told.listed if (told := self.told.get(e.path)) else e for e in rows]

    def jump(self, anchor: str | None) -> None:
        """Put the cursor on `anchor`, now or once it is there; None: on the first row."""
        self.held = anchor
        self.set_reactive(FileList.cursor, self._index_of(anchor) or 0)
        self._scroll_to_cursor()
        self.refresh()

    @property
    def current(self) -> Entry | None:
        """The entry under the cursor; None on the row of the parent and in an empty list."""
        return self._entry(self.cursor)

    def hold(self) -> None:
        """Let the cursor stay on the entry it is on, whatever is read from now on."""
        entry = self.current
        self.held = None if entry is None else entry.path

    @property
    def _count(self) -> int:
        return len(self.rows) + self._has_parent

    def _entry(self, index: int) -> Entry | None:
        index -= self._has_parent
        return self.known(self.rows[index]) if 0 <= index < len(self.rows) else None

    def _index_of(self, path: str | None) -> int | None:
        if path is None:
            return 0
        at = self.cursor - self._has_parent
        if 0 <= at < len(self.rows) and self.rows[at].path == path:
            return self.cursor
        found = self.rows.position(path)
        return None if found is None else found + self._has_parent

    def _clamp(self, index: int) -> int:
        return max(0, min(index, self._count - 1))

    # The cursor

    def action_cursor(self, by: int) -> None:
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        self._go(self.cursor + by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(self._count - 1)

    def action_enter(self) -> None:
        if self._count:
            self.post_message(self.Chosen(self.current))

    def go_to(self, position: int) -> None:
        """Put the cursor on the row at `position` in `rows`."""
        self._go(position + self._has_parent)

    def _go(self, index: int) -> None:
        self.cursor = self._clamp(index)
        self.hold()

    def watch_cursor(self, old: int, new: int) -> None:
        self.refresh_line(old)
        self.refresh_line(new)
        self._scroll_to_cursor()

    def _scroll_to_cursor(self) -> None:
        height, top = self.size.height, self.scroll_offset.y
        if height:
            to = slow_line.top_for(self.cursor, top, height, slow=self._slow)
            if to != top:
                self.scroll_to(y=to, animate=False, force=True)

    # Marks

    def action_mark(self) -> None:
        if (entry := self.current) is not None:
            self._toggle(entry)
            self.refresh_line(self.cursor)
            self.post_message(self.MarksChanged())
        self.action_cursor(1)

    def action_mark_all(self) -> None:
        self.mark(self.rows)

    def action_invert(self) -> None:
        for entry in self.rows:
            self._toggle(entry)
        self._marks_changed()

    def mark(self, entries: Iterable[Entry], marked: bool = True) -> None:
        """Mark entries, or take their marks away."""
        for entry in entries:
            if marked:
                self.marks[entry.path] = entry
            else:
                self.marks.pop(entry.path, None)
        self._marks_changed()

    def keep_marks(self, again: Mapping[str, Entry | None]) -> None:
        """Drop the marks of what is None: it was looked for in a later listing, and is gone."""
        if self.marks:
            for path in self.marks.keys() & again.keys():
                if (entry := again[path]) is None:
                    del self.marks[path]
                else:
                    self.marks[path] = entry
            self._marks_changed()

    def clear_marks(self) -> None:
        self.marks.clear()
        self._marks_changed()

    def _toggle(self, entry: Entry) -> None:
        if self.marks.pop(entry.path, None) is None:
            self.marks[entry.path] = entry

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged())

    # Mouse and size

    def row_at(self, at: Offset) -> int | None:
        """The row at that place of the screen; None where there is none."""
        row = at.y - self.content_region.y + self.scroll_offset.y
        return row if self.content_region.contains_point(at) and row < self._count else None

    def entry_at(self, row: int) -> Entry | None:
        """What stands in a row; None in that of the parent."""
        return self._entry(row)

    def light(self, row: int | None) -> None:
        """Show that what is dragged goes into the folder in this row; None: into no row's."""
        if row != self._lit:
            self._lit = row
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        index = None if offset is None else offset.y + self.scroll_offset.y
        if index is None or index >= self._count or self.dragged:
            return
        self._go(index)
        entry = self.current
        if event.ctrl and entry is not None:
            self._toggle(entry)
            self._marks_changed()
        elif event.chain == 2:
            self.action_enter()

    def on_resize(self) -> None:
        self._scroll_to_cursor()
        self.post_message(self.Seen())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Seen())

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    # Drawing

    def render_line(self, y: int) -> Strip:
        index, width = y + self.scroll_offset.y, self.size.width
        base = self.rich_style
        if index < self._count:
            return self._row(self._entry(index), index, width, base)
        if self._notice and not self.rows and index == self._count:
            text = " " + show.clip(self._notice, max(0, width - 2))
            return Strip([Segment(text, base + self._part("faint"))]).adjust_cell_length(
                width, base
            )
        return Strip.blank(width, base)

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"file-list--{name}", partial=True)

    def _row(self, entry: Entry | None, index: int, width: int, base: Style) -> Strip:
        marked = entry is not None and entry.path in self.marks
        over = Style.null()
        if marked:
            over += self._part("marked")
        if index == self.cursor:
            over += self._part("cursor")
        if index == self._lit:
            over += self._part("target")
        name_style = base + self._kind_style(entry) + over
        faint = base + self._part("faint") + over
        widths = columns(width)
        name = PARENT if entry is None else label(entry, self.named(entry))
        sign, role = self.signs.drawn(entry)
        room = max(0, widths.name - len(sign))
        text = show.clip_middle(name, room)
        text += " " * (room - cell_len(text))
        strip = Strip(
            [
                Segment(MARK if marked else " ", name_style),
                Segment(sign, base + self._part(role) + over),
                Segment(text, name_style),
                Segment(self._facts(entry, widths), faint),
            ]
        )
        return strip.simplify().adjust_cell_length(width, base + over)

    def _kind_style(self, entry: Entry | None) -> Style:
        if entry is None or entry.kind is Kind.DIR:
            return self._part("directory")
        if entry.kind is Kind.LINK:
            return self._part("link")
        if entry.kind is Kind.OTHER or is_temporary(entry.name):
            return self._part("other")
        return Style.null()

    def _facts(self, entry: Entry | None, widths: Columns) -> str:
        if entry is None:
            return ""
        text = ""
        if widths.size:
            size = entry.size if entry.kind is Kind.FILE else self.measured.get(entry.path)
            text += " " + show.fit(show.size(size), widths.size, "right")
        if widths.modified:
            text += "  " + when(entry.modified, widths.modified, time.time())
        return text
