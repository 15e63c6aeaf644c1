"""What a file was before, or which files of a folder are deleted: to bring back, copy, remove."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import ClassVar, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from providers import location
from providers.base import Place
from providers.errors import ProviderError
from providers.extras import Revision
from providers.records import dataclass
from tui import revisions
from tui.enquiry import Read
from tui.screens.dialog import CANCEL, Choice, Dialog, Says, line
from tui.widgets.row_list import RowList


class Act(StrEnum):
    """What can be done with a revision."""

    BRING_BACK = "back"
    COPY = "copy"
    DELETE = "delete"
    VERSIONS = "versions"  # of a deleted file: answers the dialog


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an act: a sentence, and whether the list is another one by that."""

    said: str
    changed: bool = False


Do: TypeAlias = Callable[[Act, Revision, Revision | None], Awaitable[Done]]
"""Carries out an act on a revision; the other is what the file has now, None where that was not
read. Raises ProviderError."""

_AROUND = 11  # rows of the screen that are not for the list
_MOST = 16  # rows of the list
_WRITTEN = "The transfer is done: the file has other content by that."
_OF_FILE = (
    Choice(Act.BRING_BACK, "enter", "Bring back"),
    Choice(Act.COPY, "c", "Copy across"),
    Choice(Act.DELETE, "x", "Delete for good", dangerous=True),
    Choice(CANCEL, "escape", "Close"),
)
_OF_FOLDER = (
    Choice(Act.BRING_BACK, "enter", "Bring back"),
    Choice(Act.VERSIONS, "v", "Its versions"),
    Choice(CANCEL, "escape", "Close"),
)


class VersionsScreen(Dialog[Revision | None]):
    """Answers the deleted file whose versions are wanted, or None.

    `read` hands over the revisions; `folder`: they are of several files, each deleted.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "choose('back')", "Bring back", show=False),
        Binding("f5", "choose('copy')", "Copy", show=False),
        Binding("f8,delete", "choose('delete')", "Delete", show=False),
        Binding("ctrl+r", "reread", "Read again", show=False),
    ]
    DEFAULT_CSS = "VersionsScreen #says { height: auto; max-height: 4; }"

    def __init__(self, place: Place, read: Read[Revision], do: Do, *, folder: bool) -> None:
        title = "Deleted files" if folder else "Versions"
        super().__init__(title, _OF_FOLDER if folder else _OF_FILE, focus="rows")
        self.place = place
        self.read = read
        self.do = do
        self.folder = folder
        self._busy = False

    def body(self) -> ComposeResult:
        yield line(location.show(self.place), "strong")
        yield RowList[Revision](self._row, id="rows")
        yield Static("", id="what", classes="dim", markup=False)
        yield Says(id="says")

    def _row(self, revision: Revision, width: int) -> str:
        return revisions.row(revision, width, time.time(), named=self.folder)

    @property
    def rows(self) -> RowList[Revision]:
        return self.query_one("#rows", RowList)

    def on_mount(self) -> None:
        self.action_reread()

    def on_resize(self) -> None:
        self.rows.grow_to(min(_MOST, self.size.height - _AROUND))

    # Reading

    def action_reread(self) -> None:
        self.run_worker(self._read(), group="read", exclusive=True)

    def note(self, written: Sequence[Place]) -> None:
        """Take in what transfers have written just now."""
        if self.place in written:
            self.run_worker(self._read(_WRITTEN), group="read", exclusive=True)

    async def _read(self, said: str = "") -> None:
        self._say(said)
        self.doing("reading …")
        taken = 0

        def take(page: Sequence[Revision], anew: bool) -> None:
            nonlocal taken
            taken = len(page) if anew else taken + len(page)
            (self.rows.show_rows if anew else self.rows.add_rows)(page)
            self.doing(f"reading … {taken:,} so far")

        try:
            await self.read(take)
        except ProviderError as error:
            self._say(f"{said} {error}".strip(), "bad")
            return
        finally:
            self.doing("")
        if not taken:
            none = "No file of this folder is deleted." if self.folder else "It has no versions."
            self.rows.show_rows((), notice=none)

    def _say(self, text: str, classes: str = "dim") -> None:
        self.query_one(Says).say(text, classes)

    def on_row_list_moved(self) -> None:
        revision = self.rows.current
        text = "" if revision is None else revisions.described(revision)
        self.query_one("#what", Static).update(text)

    # Doing

    def on_row_list_chosen(self) -> None:
        self.action_choose(Act.BRING_BACK)

    def chosen(self, choice: str) -> None:
        revision = self.rows.current
        if choice == CANCEL:
            self.dismiss(None)
        elif choice not in self.choices or self._busy:
            return
        elif revision is None:
            self._say("There is none to choose.")
        elif choice == Act.VERSIONS:
            self.dismiss(revision)
        else:
            self.run_worker(self._do(Act(choice), revision), group="do")

    async def _do(self, act: Act, revision: Revision) -> None:
        self._busy = True
        now = next((each for each in self.rows.rows if each.current), None)
        try:
            done = await self.do(act, revision, now)
        except ProviderError as error:
            self._say(str(error), "bad")
        else:
            self._say(done.said)
            if done.changed:
                self.run_worker(self._read(done.said), group="read", exclusive=True)
        finally:
            self._busy = False
