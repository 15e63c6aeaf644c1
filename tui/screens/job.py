"""All about one transfer, while it goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import TypeAlias

from textual.app import ComposeResult
from textual.widgets import Static

from providers.errors import ProviderError
from providers.extras import Property
from providers.text import printable
from transfers.history import History
from transfers.model import Row
from tui.clipboard import text_for_clipboard
from tui.facts import row
from tui.job_facts import job_facts
from tui.screens.dialog import CANCEL, Choice, Dialog, Says
from tui.widgets.row_list import RowList
from tui.widgets.transfer_row import name

Ask: TypeAlias = Callable[[], Awaitable[tuple[Row | None, History]]]
"""The job as it is now (None: it is gone), and what befell it. Raises ProviderError."""

_AROUND, _AROUND_SHORT = 9, 6  # rows of the screen that are not for the list
_TALL = 20  # rows
_MOST = 26  # rows of the list


class Leave(StrEnum):
    """Where a person goes from here."""

    BACK = "back"
    TO_TARGET = "to target"
    TO_SOURCE = "to source"


class JobScreen(Dialog[Leave]):
    """Shows `first` until `ask` has answered; asks again every `interval` seconds."""

    DEFAULT_CSS = """
    JobScreen #value { height: 3; }
    JobScreen.short #value { height: 2; }
    JobScreen #wrong { height: auto; max-height: 3; }
    """

    def __init__(self, first: Row, ask: Ask, *, interval: float = 1.0) -> None:
        choices = [
            Choice("copy", "c", "Copy"),
            Choice("target", "o", "Folder"),
            Choice("source", "O", "Source"),
            Choice(CANCEL, "escape", "Close"),
        ]
        super().__init__(f"{name(first)}", choices, focus="facts")
        self._row = first
        self._ask = ask
        self._interval = interval

    def body(self) -> ComposeResult:
        yield RowList[Property](row, id="facts")
        yield Static("", id="value", classes="strong", markup=False)
        yield Says(id="wrong")
        yield Says(id="says")

    @property
    def facts(self) -> RowList[Property]:
        return self.query_one("#facts", RowList)

    def on_mount(self) -> None:
        self._show(job_facts(self._row, History()))
        self.set_interval(self._interval, self._look)
        self._look()

    def on_resize(self) -> None:
        around = _AROUND if self.size.height >= _TALL else _AROUND_SHORT
        self.facts.grow_to(min(_MOST, self.size.height - around))

    def _look(self) -> None:
        self.run_worker(self._told(), group="job", exclusive=True)

    async def _told(self) -> None:
        wrong = ""
        try:
            found, history = await self._ask()
        except ProviderError as error:
            wrong = str(error)
        else:
            if found is None:
                wrong = "It is no longer in the queue: this is how it was last."
            else:
                self._show(job_facts(found, history))
        self.query_one("#wrong", Says).say(wrong, "bad")

    def _show(self, known: Sequence[Property]) -> None:
        """Only when something differs; the cursor stays on the fact it is on."""
        if known == self.facts.rows:
            return
        on = self.facts.current
        self.facts.show_rows(known)
        names = [fact.name for fact in known]
        if on is not None and on.name in names:
            self.facts.action_cursor(names.index(on.name) - self.facts.cursor)

    def on_row_list_moved(self) -> None:
        fact = self.facts.current
        text = "" if fact is None else printable(fact.value)
        self.query_one("#value", Static).update(text, layout=False)

    def on_row_list_chosen(self) -> None:
        self.action_choose("copy")

    def chosen(self, choice: str) -> None:
        fact = self.facts.current
        if choice == "copy":
            if fact is not None:
                self.app.copy_to_clipboard(text_for_clipboard(fact.value))
                self.query_one("#says", Says).say(f"copied: {fact.name}")
        else:
            leaves = {"target": Leave.TO_TARGET, "source": Leave.TO_SOURCE}
            self.dismiss(leaves.get(choice, Leave.BACK))
