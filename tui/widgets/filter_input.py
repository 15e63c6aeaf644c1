"""The line of a pane in which a filter is typed."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterInput(Input):
    """Arrows go to the list, Enter and Tab keep what was typed, Esc drops it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(False)", show=False),
        Binding("enter,tab", "leave(True)", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
    ]

    class Left(Message):
        """The person is done; `kept` tells whether the filter stays."""

        def __init__(self, kept: bool) -> None:
            super().__init__()
            self.kept = kept

    class Moved(Message):
        """An arrow key: for the cursor of the list."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def action_leave(self, kept: bool) -> None:
        self.post_message(self.Left(kept))

    def action_move(self, by: int) -> None:
        self.post_message(self.Moved(by))
