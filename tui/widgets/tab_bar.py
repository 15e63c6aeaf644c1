"""The line above a pane with its tabs; not there while there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from tui.tabs import Piece, laid_out


class TabBar(Widget):
    """A click brings a tab to the front."""

    DEFAULT_CSS = "TabBar { height: 1; display: none; &.-many { display: block; } }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tab-bar--front"}

    class Picked(Message):
        """The tab with this number, from 0."""

        def __init__(self, tab: int) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self) -> None:
        super().__init__()
        self._titles: Sequence[str] = ()
        self._at = 0

    def show(self, titles: Sequence[str], at: int) -> None:
        self._titles, self._at = titles, at
        self.set_class(len(titles) > 1, "-many")
        self.refresh()

    @property
    def _pieces(self) -> list[Piece]:
        return laid_out(self._titles, self._at, self.size.width)

    def render(self) -> Text:
        front = self.get_component_rich_style("tab-bar--front", partial=True)
        text = Text(no_wrap=True, end="")
        for piece in self._pieces:
            text.append(piece.text, front if piece.tab == self._at else "")
        return text

    def on_click(self, event: events.Click) -> None:
        under = [piece for piece in self._pieces if piece.left <= event.x]
        if under and event.x < under[-1].left + cell_len(under[-1].text):
            self.post_message(self.Picked(under[-1].tab))
