"""One side of the screen: a place, its entries, and how they are looked at."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from providers.base import Kind, Place
from providers.records import replace
from providers.text import printable
from tui.key_map import bindings, key_for
from tui.keys import Where
from tui.sign_in import Connections, SignIn
from tui.widgets.file_list import FileList
from tui.widgets.filter_input import FilterInput
from tui.widgets.jump_input import JumpInput
from tui.widgets.pane_foot import PaneFoot
from tui.widgets.pane_going import PaneGoing
from tui.widgets.path_bar import ColumnHeader, PathBar
from tui.widgets.tab_bar import TabBar


class FilePane(PaneGoing):
    """What keys and the mouse do in a pane; see its bases for what it shows and how it reads."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.PANE)
    ALLOW_MAXIMIZE = False

    class Activated(Message):
        """This pane is the one that keys act on from now on."""

        def __init__(self, pane: FilePane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, start: Place, connections: Connections, sign_in: SignIn, id: str) -> None:
        super().__init__(start, connections, sign_in, id)
        self._start = start

    def compose(self) -> ComposeResult:
        yield TabBar()
        yield PathBar()
        yield ColumnHeader()
        yield FileList()
        yield FilterInput(placeholder="part of a name, or *.txt", compact=True)
        yield JumpInput()
        yield PaneFoot()

    def on_mount(self) -> None:
        self._begin()
        self.open(self._start, typed=True)

    # Keys

    def action_refresh(self) -> None:
        self.post_message(self.Said(""))
        if self.search is None:
            self.reread()
        else:
            self.search_below(self.search, kept=True)

    def back(self) -> None:
        """Stop reading, else show all names again."""
        if not self.stop_reading() and self.view.filter:
            self._look(replace(self.view, filter=""))

    @on(FileList.Chosen)
    def _chosen(self, event: FileList.Chosen) -> None:
        event.stop()
        entry = event.entry
        if entry is None:
            self.action_parent()
        elif self.search is not None and entry.kind is not Kind.DIR:
            folder = self.provider.parent(entry.path)
            self.open(Place(self.place.endpoint, folder), focus=entry.path)
        elif entry.kind in (Kind.DIR, Kind.LINK):
            self.open(Place(self.place.endpoint, entry.path))
        else:
            look, copy = (key_for(self.screen, name) for name in ("view", "copy"))
            said = f"“{printable(entry.name)}” is not a folder."
            self.post_message(self.Said(f"{said} {look} looks into it, {copy} copies it."))

    def action_parent(self) -> None:
        if self.parent_path is not None:
            self.open(Place(self.place.endpoint, self.parent_path), focus=self.place.path)

    def on_descendant_focus(self) -> None:
        self.post_message(self.Activated(self))

    def start_jump(self) -> None:
        """Let the person type letters of the name that the cursor is to go to."""
        self.query_one(JumpInput).start()

    def on_click(self, event: events.Click) -> None:
        if not isinstance(self.screen.focused, Input):
            self.list.focus()
