"""The line of a pane in which letters of a name are typed; the cursor goes there meanwhile."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui import fuzzy
from tui.background import in_thread, instead
from tui.ordering import Abandoned
from tui.rows import NO_ROWS, Rows
from tui.widgets.file_list import FileList

_MANY = 5_000  # rows from which they are looked through in a thread


class JumpInput(Input):
    """Enter opens what was found, Tab stays on it, Esc goes back to where the cursor was."""

    DEFAULT_CSS = "JumpInput { display: none; &.-there { display: block; } }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", show=False),
        Binding("enter", "take(True)", show=False),
        Binding("tab", "take(False)", show=False),
        Binding("down,ctrl+n", "other(1)", show=False),
        Binding("up,ctrl+p", "other(-1)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(placeholder="letters of a name", compact=True)
        self._from: str | None = None
        self._found: list[int] = []
        self._at = 0
        self._in = NO_ROWS
        self._opens = False  # once the rows are looked through

    @property
    def _list(self) -> FileList:
        assert self.parent is not None
        return self.parent.query_one(FileList)

    def start(self) -> None:
        """Take letters from now on."""
        self._from, self._found, self._opens = self._list.held, [], False
        self.value = ""
        self.add_class("-there")
        self.screen.set_focus(self)

    def leave(self) -> None:
        """Be gone; the cursor stays."""
        if self.has_focus:
            self._list.focus()
        self.remove_class("-there")
        self.workers.cancel_node(self)

    def arrive(self) -> None:
        """Another folder is shown: what is being typed is for that one.

        A field that went would leave the rest of a name to the pane, whose letters act on files.
        """
        if not self.has_focus:
            self.leave()
            return
        self._from, self._in, self._found = self._list.held, NO_ROWS, []
        self.call_after_refresh(self._look)

    # Looking

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._look()

    def _look(self) -> None:
        rows = self._list.rows
        if len(rows) < _MANY:
            self._take_found(rows, fuzzy.best(self.value, rows.names()))
        else:
            instead(self, partial(self._look_in_thread, rows, self.value), "looking")

    async def _look_in_thread(self, rows: Rows, value: str) -> None:
        self._in = NO_ROWS
        with suppress(Abandoned):
            found = await in_thread(
                lambda: fuzzy.best(value, rows.names(), lambda: self.value == value)
            )
            self._take_found(rows, found)

    def _take_found(self, rows: Rows, found: list[int]) -> None:
        self._in, self._found, self._at = rows, found, 0
        self.set_class(bool(self.value) and not found, "-none")
        self._go()
        if self._opens:
            self.action_take(True)

    def _go(self) -> None:
        if not self._found:
            self._list.jump(self._from)
        elif self._in is self._list.rows:
            self._list.go_to(self._found[self._at])

    # Keys

    def action_other(self, by: int) -> None:
        """The next that fits less, or the one before."""
        if self._in is not self._list.rows:
            self._look()
        elif self._found:
            self._at = (self._at + by) % len(self._found)
            self._go()

    def action_take(self, opens: bool) -> None:
        if opens and self.value and self._in is not self._list.rows:
            self._opens = True
            self._look()
            return
        found = bool(self._found)
        self.leave()
        if opens and found:
            self._list.action_enter()

    def action_give_up(self) -> None:
        self.leave()
        self._list.jump(self._from)
