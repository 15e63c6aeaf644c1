"""The page of the viewer, drawn line by line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import ClassVar, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.viewing.rows import Row

_WHEEL = 3  # rows
_LOOKS = frozenset({"control", "faint", "found", "comment", "keyword", "string", "number", "name"})


class Page(Protocol):
    """What is in sight, and how it is moved through; see `tui.viewing`."""

    @property
    def gutter(self) -> int: ...
    @property
    def sideways(self) -> int: ...
    @property
    def at_end(self) -> bool: ...
    @property
    def offset(self) -> int: ...
    @property
    def where(self) -> str: ...
    def resize(self, width: int, height: int) -> None: ...
    def grown(self) -> None: ...
    def forgot(self, count: int) -> None: ...
    def rows(self) -> list[Row]: ...
    def move(self, by: int) -> None: ...
    def move_sideways(self, by: int) -> None: ...
    def to_start(self) -> None: ...
    def to_end(self) -> None: ...


class ViewerBody(Widget, can_focus=True):
    """Shows `page`. Tells `Scrolled` whenever a person moved, or its size changed."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"viewer--{look}" for look in _LOOKS}
    DEFAULT_CSS = """
    ViewerBody {
        height: 1fr; background: $background; color: $foreground;
        & > .viewer--control { color: $error; }
        & > .viewer--faint { color: $secondary; }
        & > .viewer--found { background: $accent; color: $background; text-style: bold; }
        & > .viewer--comment { color: $secondary; text-style: italic; }
        & > .viewer--keyword { color: $primary; text-style: bold; }
        & > .viewer--string { color: $success; }
        & > .viewer--number { color: $accent; }
        & > .viewer--name { color: $primary; }
        &:nocolor > .viewer--found, &:ansi > .viewer--found {
            background: $background; color: $foreground; text-style: bold reverse;
        }
    }
    """

    class Scrolled(Message):
        """Another part of the page is in sight, or may be."""

    def __init__(self) -> None:
        super().__init__()
        self.page: Page | None = None
        self._rows: list[Row] = []

    def show(self, page: Page) -> None:
        """Show another page, from where it is."""
        self.page = page
        page.resize(self.size.width, self.size.height)
        self.changed()

    def changed(self) -> None:
        """Draw the page again: what is in sight may be something else."""
        self._rows = [] if self.page is None else self.page.rows()
        self.refresh()

    def move(self, rows: int) -> None:
        if self.page is not None:
            self.page.move(rows)
            self._moved()

    def move_pages(self, pages: int) -> None:
        self.move(pages * max(1, self.size.height - 1))

    def move_sideways(self, steps: int) -> None:
        if self.page is not None:
            self.page.move_sideways(steps)
            self._moved()

    def _moved(self) -> None:
        self.changed()
        self.post_message(self.Scrolled())

    def on_resize(self, event: events.Resize) -> None:
        if self.page is not None:
            self.page.resize(event.size.width, event.size.height)
            self._moved()

    def on_mouse_scroll_down(self) -> None:
        self.move(_WHEEL)

    def on_mouse_scroll_up(self) -> None:
        self.move(-_WHEEL)

    # How it is drawn

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        if self.page is None or y >= len(self._rows):
            return Strip.blank(width, base)
        row, gutter = self._rows[y], self.page.gutter
        strip = Strip(self._segments(row, base))
        if not self.page.sideways:
            return strip.crop(0, width).adjust_cell_length(width, base)
        left = gutter + self.page.sideways
        rest = strip.crop(left, left + width - gutter)
        return Strip.join([strip.crop(0, gutter), rest]).adjust_cell_length(width, base)

    def _segments(self, row: Row, base: Style) -> Iterator[Segment]:
        at = 0
        for run in row.runs:
            yield Segment(row.text[at : at + run.length], base + self._style(run.look))
            at += run.length
        yield Segment(row.text[at:], base)

    def _style(self, look: str) -> Style:
        if look in _LOOKS:
            return self.get_component_rich_style(f"viewer--{look}", partial=True)
        return _colours(look) if look else Style.null()


@lru_cache(maxsize=4096)
def _colours(look: str) -> Style:
    """ "#rrggbb on #rrggbb" """
    return Style.parse(look)
