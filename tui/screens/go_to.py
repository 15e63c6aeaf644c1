"""Where to go: a path or an address, which Tab completes from the folders that it leads through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import ClassVar, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input, Static
from textual.widgets.input import Selection
from textual.worker import Worker

from providers.base import Entry, Place
from providers.errors import ProviderError
from providers.text import printable
from tui import completion
from tui import format as fmt
from tui.background import instead
from tui.completion import Candidate
from tui.enquiry import Take
from tui.screens.dialog import CANCEL, Choice, Dialog, Says, line
from tui.widgets.row_list import RowList

Read: TypeAlias = Callable[[Place, Take[Entry], Callable[[Entry], bool], int], Awaitable[None]]
"""Lists a folder until that is enough. Raises ProviderError."""
Means: TypeAlias = Callable[[Place, str], Place]
"""The place that a text means where a place is shown. Raises ProviderError."""

_AROUND = 10  # rows of the screen that are not for candidates
_ROWS = 10  # of candidates
_MOST = 2000  # candidates


class PathInput(Input):
    """Tab completes, an arrow down goes to the candidates."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "screen.choose('complete')", show=False),
        Binding("down", "screen.candidates", show=False),
    ]


class Candidates(RowList[Candidate]):
    """An arrow up from the first leads back to the field."""

    class Left(Message):
        """Back to the field."""

    def action_cursor(self, by: int) -> None:
        if by == -1 and self.cursor == 0:
            self.post_message(self.Left())
        super().action_cursor(by)


class GoToScreen(Dialog[Place | None]):
    """The place, or None. `here` is what the pane shows; `sites` are names that "name:" goes to.

    `proposed`: what stands there at first, where it is not the path of `here`.
    """

    DEFAULT_CSS = "GoToScreen #says { height: auto; max-height: 3; }"

    def __init__(
        self, here: Place, sites: Sequence[str], means: Means, read: Read, proposed: str = ""
    ) -> None:
        choices = [
            Choice("go", "enter", "Go"),
            Choice("complete", "tab", "Complete"),
            Choice(CANCEL, "escape", "Cancel"),
        ]
        super().__init__("Go to", choices, focus="text")
        self.here = here
        self.proposed = proposed
        self.sites = sites
        self.means = means
        self.read = read
        self._meant = {printable(here.path): here}  # what stood for a place when it was put there
        self._folder: tuple[str, str] | None = None  # the text read of, and how names there begin
        self._found: list[Candidate] = []
        self._reading: Worker[None] | None = None

    def body(self) -> ComposeResult:
        yield line("Path, address (sftp://user@host/path) or site:path")
        shown = printable(self.proposed or self.here.path)
        yield PathInput(shown, id="text", compact=True, select_on_focus=False)
        yield Static("", id="wrong", classes="bad", markup=False)
        yield Candidates(lambda each, width: fmt.fit(each.text, width), id="rows")
        yield Says(id="says")

    @property
    def field(self) -> Input:
        return self.query_one("#text", Input)

    @property
    def rows(self) -> Candidates:
        return self.query_one(Candidates)

    def on_mount(self) -> None:
        self.rows.display = False
        self.field.selection = Selection(0, len(self.field.value))

    def on_resize(self) -> None:
        self.rows.grow_to(max(2, min(_ROWS, self.size.height - _AROUND)))

    # What is typed

    def on_input_changed(self) -> None:
        self._stop()
        text = self.field.value
        self.query_one("#wrong", Static).update(printable(self._complaint(text)))
        folder, part = completion.parted(text, self.sites)
        self._show(self._known(folder, part) or [])

    def on_input_submitted(self) -> None:
        self.action_choose("go")

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            if not self._stop():
                self.dismiss(None)
        elif choice == "complete":
            self._complete()
        elif not self._complaint(self.field.value):
            self.dismiss(self._place(self.field.value))

    def _complaint(self, text: str) -> str:
        try:
            self._place(text)
        except ProviderError as error:
            return str(error)
        return ""

    def _place(self, text: str) -> Place:
        """What `text` means. Raises ProviderError."""
        if text in self._meant:
            return self._meant[text]
        folder, part = completion.parted(text, self.sites)
        base = self._meant.get(folder) or self._meant.get(folder[:-1])
        return self.means(self.here, text) if base is None else self.means(base, part)

    # Completing

    def _complete(self) -> None:
        self.set_focus(self.field)
        folder, part = completion.parted(self.field.value, self.sites)
        found = self._known(folder, part)
        if found is not None:
            self._go_on(folder, part, found)
        elif not self._complaint(self.field.value):
            self._reading = instead(self, partial(self._read, folder, part), "reading")

    async def _read(self, folder: str, part: str) -> None:
        place = self._place(folder)
        found: list[Candidate] = self._sites(folder)
        self.doing("reading …")

        def take(page: Sequence[Entry], anew: bool) -> None:
            if anew:
                found[:] = self._sites(folder)
            each = (completion.candidate(place.endpoint, entry) for entry in page)
            found.extend(one for one in each if completion.begins(one.text, part))
            self._show(completion.fitting(found, part))

        def fits(entry: Entry) -> bool:
            return completion.begins(completion.candidate(place.endpoint, entry).text, part)

        try:
            await self.read(place, take, fits, _MOST)
        except ProviderError as error:
            self._say(str(error), "bad")
            return
        finally:
            self.doing("")
        if len(found) >= _MOST:
            self._say(f"There are more than {_MOST:,}: type more of the name.")
            return
        self._folder, self._found = (folder, part), found
        self._go_on(folder, part, completion.fitting(found, part))

    def _sites(self, folder: str) -> list[Candidate]:
        return [] if folder else [Candidate(f"{site}:") for site in self.sites]

    def _known(self, folder: str, part: str) -> list[Candidate] | None:
        """What fits of what was read; None where that is another folder, or only a part of it."""
        if self._folder is None or self._folder[0] != folder:
            return None
        if not completion.begins(part, self._folder[1]):
            return None
        return completion.fitting(self._found, part)

    def _go_on(self, folder: str, part: str, found: list[Candidate]) -> None:
        longer = completion.common(found, part)
        if not found:
            self._say(f"Nothing there begins with “{part}”." if part else "Nothing is in there.")
        elif len(found) == 1:
            self._put(folder, found[0])
        elif longer != part:
            self._write(folder + longer)
        else:
            self._show(found)
            self.action_candidates()

    def _put(self, folder: str, chosen: Candidate) -> None:
        text = folder + chosen.text
        if chosen.place is not None:
            self._meant[text] = chosen.place
        self._write(text)

    def _write(self, text: str) -> None:
        self.field.value = text
        self.field.cursor_position = len(text)
        self.set_focus(self.field)

    def _stop(self) -> bool:
        """Give up what is being read; whether there was anything."""
        if self._reading is None or self._reading.is_finished:
            return False
        self._reading.cancel()
        self.doing("")
        return True

    # Candidates

    def _show(self, found: Iterable[Candidate]) -> None:
        rows = list(found)
        self._say("")
        self.rows.display = bool(rows)
        self.rows.show_rows(rows[:_MOST])
        self.rows.grow_to(max(2, min(_ROWS, self.size.height - _AROUND)))

    def action_candidates(self) -> None:
        if self.rows.rows:
            self.set_focus(self.rows)

    def on_row_list_chosen(self) -> None:
        if (chosen := self.rows.current) is not None:
            folder, _ = completion.parted(self.field.value, self.sites)
            self._put(folder, chosen)

    def on_candidates_left(self) -> None:
        self.set_focus(self.field)

    def _say(self, text: str, classes: str = "dim") -> None:
        self.query_one(Says).say(text, classes)
