"""The last line of the transfer panel: the queue as a whole, or what a person must hear instead."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from providers.text import printable
from tui import format as show
from tui.widgets.totals import Standing, total_parts
from tui.widgets.transfer_row import Part


class TotalLine(Widget):
    """Drawn by itself: nothing of it is laid out anew when a number changes."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("total--plain", "total--dim", "total--good", "total--busy", "total--warning"),
        *("total--bad", "total--bar", "total--bar-done"),
    }
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TotalLine {
        height: 1; padding: 0 1; background: $panel;
        & > .total--plain { color: $foreground; }
        & > .total--dim { color: $text-muted; }
        & > .total--good { color: $text-success; }
        & > .total--busy { color: $text-accent; }
        & > .total--warning { color: $text-warning; text-style: bold; }
        & > .total--bad { color: $text-error; text-style: bold; }
        & > .total--bar { color: $accent; background: $boost; }
        & > .total--bar-done { color: $success-darken-2; }
    }
    """

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._now: Standing | None = None
        self._said = ""
        self._drawn: tuple[Part, ...] = ()

    def show(self, now: Standing) -> None:
        """Show how the queue stands; trouble of its own comes before that."""
        self._now = now
        self._redraw()

    def say(self, sentence: str) -> None:
        """Say `sentence` instead; "" shows the queue again."""
        self._said = printable(sentence)
        self._redraw()

    def on_resize(self) -> None:
        self._redraw()

    def _redraw(self) -> None:
        parts = self._parts()
        if parts != self._drawn:
            self._drawn = parts
            self.refresh()

    def _parts(self) -> tuple[Part, ...]:
        if self._said:
            return ((self._said, "bad"),)
        if self._now is None:
            return ()
        if self._now.queue.notice:
            return ((printable(self._now.queue.notice), "bad"),)
        return total_parts(self._now, self.size.width)

    def render_line(self, y: int) -> Strip:
        width, left = self.size.width, self.size.width
        base = self.rich_style
        segments: list[Segment] = []
        for text, role in self._drawn if y == 0 else ():
            shown = show.clip(text, left)
            segments.append(Segment(shown, self.get_component_rich_style(f"total--{role}")))
            left -= segments[-1].cell_length
            if shown != text:
                break
        return Strip(segments).adjust_cell_length(width, base)
