"""The last line: the keys that matter now, as many as fit. Each can be clicked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.widget import Widget

from tui.key_map import BarItem, fitting

_GAP = 2


class KeyBar(Widget):
    """Not Textual's Footer: that needs 100 columns for ten keys, and costs 200 ms a Tab."""

    DEFAULT_CSS = "KeyBar { height: 1; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key"}

    def __init__(self) -> None:
        super().__init__()
        self._items: Sequence[BarItem] = ()

    def show(self, items: Sequence[BarItem]) -> None:
        if items != self._items:
            self._items = items
            self.refresh()

    @property
    def shown(self) -> list[BarItem]:
        return fitting(self._items, self.size.width - 1, _GAP)

    def render(self) -> Text:
        key = self.get_component_rich_style("key-bar--key", partial=True)
        text = Text(" ", no_wrap=True, end="")
        for index, item in enumerate(self.shown):
            text.append(" " * _GAP if index else "")
            text.append(item.key, key)
            text.append(f" {item.label}")
        return text

    def on_click(self, event: events.Click) -> None:
        left = 1
        for item in self.shown:
            if left <= event.x < left + item.width:
                self.app.simulate_key(item.press)
            left += item.width + _GAP
