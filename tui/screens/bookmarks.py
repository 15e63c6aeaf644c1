"""Bookmarks, and the places one was at last: gone to, added, named, put in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from providers.base import Place
from providers.errors import ProviderError
from providers.records import dataclass
from providers.sites import Sites
from tui import bookmarks
from tui import format as fmt
from tui.background import in_thread
from tui.bookmarks import Bookmark, BookmarksFile
from tui.screens.dialog import CANCEL, Choice, Dialog, Says
from tui.screens.prompt import PromptScreen
from tui.widgets.row_list import RowList

_AROUND = 9  # rows of the screen that are not for the list
_MOST = 16  # rows of the list
_NAME = 24  # cells, at most a third of the row
_RECENT = "recent"


@dataclass(frozen=True, slots=True)
class Row:
    """A bookmark, or an address one was at (`name` is "")."""

    name: str
    address: str

    @property
    def bookmark(self) -> Bookmark:
        return Bookmark(self.name, self.address)


@dataclass(frozen=True, slots=True)
class Way:
    """Where to go."""

    place: Place
    new_tab: bool = False


class BookmarksScreen(Dialog[Way | None]):
    """Where to go. `here`: what a bookmark is made of; None where nothing is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f8,delete", "choose('remove')", show=False),
        Binding("f2", "choose('rename')", show=False),
        Binding("K,shift+up", "choose('up')", show=False),
        Binding("J,shift+down", "choose('down')", show=False),
    ]
    DEFAULT_CSS = "BookmarksScreen #says { height: auto; max-height: 3; }"

    def __init__(
        self, file: BookmarksFile, sites: Sites | None, here: Place | None, recent: Sequence[str]
    ) -> None:
        choices = [
            Choice("go", "enter", "Go"),
            Choice("tab", "t", "In a new tab"),
            Choice("add", "a", "Add here"),
            Choice("rename", "r", "Rename"),
            Choice("remove", "x", "Remove"),
            Choice("up", "K", "Move up"),
            Choice("down", "J", "Move down"),
            Choice(CANCEL, "escape", "Close"),
        ]
        super().__init__("Bookmarks", choices, focus="rows")
        self.file = file
        self.sites = sites
        self.here = here
        self.recent = recent
        self._busy = False

    def body(self) -> ComposeResult:
        yield RowList[Row](_drawn, notice="None yet: a keeps the folder shown.", id="rows")
        yield Says(id="says")

    @property
    def rows(self) -> RowList[Row]:
        return self.query_one("#rows", RowList)

    def on_mount(self) -> None:
        self._change(None)

    def on_resize(self) -> None:
        self.rows.grow_to(min(_MOST, self.size.height - _AROUND))

    def on_row_list_chosen(self) -> None:
        self.action_choose("go")

    def chosen(self, choice: str) -> None:
        row = self.rows.current
        if choice == CANCEL:
            self.dismiss(None)
        elif choice == "add":
            self._add()
        elif row is not None and choice in ("go", "tab"):
            self._go(row, new_tab=choice == "tab")
        elif row is not None and not row.name:
            self._say("That is a place you were at, no bookmark.")
        elif row is not None:
            self._do(choice, row)

    def _do(self, choice: str, row: Row) -> None:
        if choice == "rename":
            self.run_worker(self._rename(row), group="asking")
        elif choice == "remove":
            self._change(lambda: self.file.remove(row.bookmark))
        else:
            self._move(row, -1 if choice == "up" else 1)

    def _go(self, row: Row, *, new_tab: bool) -> None:
        try:
            self.dismiss(Way(bookmarks.place_of(row.address, self.sites), new_tab))
        except ProviderError as error:
            self._say(str(error), "bad")

    def _add(self) -> None:
        if self.here is None:
            self._say("The pane shows no folder to keep. Open one first.", "bad")
            return
        try:
            address = bookmarks.address_of(self.here, self.sites)
        except ProviderError as error:
            self._say(str(error), "bad")
            return
        if any(row.name and row.address == address for row in self.rows.rows):
            self._say("This folder is among them already.")
            return
        self.run_worker(self._add_named(address), group="asking")

    async def _add_named(self, address: str) -> None:
        usual = address.rstrip("/").rpartition("/")[2] or address
        name = await self.app.push_screen_wait(
            PromptScreen("Add a bookmark", "Name", usual, _wrong)
        )
        if name:
            self._change(lambda: self.file.add(Bookmark(name, address)), to=Row(name, address))

    async def _rename(self, row: Row) -> None:
        prompt = PromptScreen("Rename the bookmark", "Name", row.name, _wrong)
        name = await self.app.push_screen_wait(prompt)
        if name:
            to = Row(name, row.address)
            self._change(lambda: self.file.rename(row.bookmark, name), to=to)

    def _move(self, row: Row, by: int) -> None:
        at = self.rows.cursor + by
        if 0 <= at < len(self.rows.rows) and (other := self.rows.rows[at]).name:
            self._change(lambda: self.file.swap(row.bookmark, other.bookmark), to=row)

    # The file

    def _change(self, work: Callable[[], None] | None, to: Row | None = None) -> None:
        if not self._busy:
            self._busy = True
            self.run_worker(self._changed(work, to), group="file")

    async def _changed(self, work: Callable[[], None] | None, to: Row | None) -> None:
        """Do `work`, show what the file says, and put the cursor on `to`."""
        try:
            if work is not None:
                await in_thread(work)
            found = await in_thread(self.file.read)
        except ProviderError as error:
            if work is None:
                self._show([])
            self._say(str(error), "bad")
            return
        finally:
            self._busy = False
        self._show([Row(each.name, each.address) for each in found.all])
        if to in self.rows.rows:
            self.rows.action_cursor(self.rows.rows.index(to) - self.rows.cursor)
        self._say("\n".join(found.complaints), "bad")

    def _show(self, rows: list[Row]) -> None:
        kept = {row.address for row in rows}
        self.rows.show_rows([*rows, *(Row("", each) for each in self.recent if each not in kept)])

    def _say(self, text: str, classes: str = "dim") -> None:
        self.query_one(Says).say(text, classes)


def _drawn(row: Row, width: int) -> str:
    name = min(_NAME, width // 3)
    shown = fmt.fit(row.name or _RECENT, name)
    return f"{shown}  {fmt.clip_left(row.address, max(0, width - name - 2))}"


def _wrong(name: str) -> str | None:
    return None if name.strip() else "A bookmark needs a name."
