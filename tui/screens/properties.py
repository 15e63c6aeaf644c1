"""All that is known of one entry: what was listed at once, what its place adds when it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Static

from providers.errors import ProviderError
from providers.extras import Property
from providers.text import printable
from tui.clipboard import text_for_clipboard
from tui.facts import row
from tui.screens.dialog import CANCEL, Choice, Dialog, Says
from tui.widgets.row_list import RowList

Ask: TypeAlias = Callable[[], Awaitable[Sequence[Property]]]
"""All facts, with what the place adds. Raises ProviderError."""

_AROUND = 10  # rows of the screen that are not for the list
_MOST = 18  # rows of the list
_DOTS = 4
_DOT_SECONDS = 0.4


class PropertiesScreen(Dialog[None]):
    """Shows `known` until `ask` has answered; leaving the dialog gives that up."""

    DEFAULT_CSS = """
    PropertiesScreen #value { height: auto; max-height: 4; }
    PropertiesScreen #wrong { height: auto; max-height: 4; }
    """

    def __init__(self, name: str, known: Sequence[Property], ask: Ask, *, where: str) -> None:
        """`where`: the place that is asked, for the sentence meanwhile."""
        choices = [Choice("copy", "c", "Copy value"), Choice(CANCEL, "escape", "Close")]
        super().__init__(f"Properties of {name}", choices, focus="facts")
        self.known = tuple(known)
        self.ask = ask
        self.where = where
        self.told = False  # what it asked for is there, or will not come
        self._dots = 0
        self._dotting: Timer | None = None

    def body(self) -> ComposeResult:
        yield RowList[Property](row, id="facts")
        yield Static("", id="value", classes="strong", markup=False)
        yield Says(id="wrong")
        yield Says(id="says")

    @property
    def facts(self) -> RowList[Property]:
        return self.query_one("#facts", RowList)

    def on_mount(self) -> None:
        self.facts.show_rows(self.known)
        self._dotting = self.set_interval(_DOT_SECONDS, self._show_asking)
        self._show_asking()
        self.run_worker(self._ask(), group="properties")

    def on_resize(self) -> None:
        self.facts.grow_to(min(_MOST, self.size.height - _AROUND))

    async def _ask(self) -> None:
        wrong = ""
        try:
            self.facts.show_rows(await self.ask())
        except ProviderError as error:
            wrong = str(error)
        if self._dotting is not None:
            self._dotting.stop()
        self.told = True
        self.doing("")
        self.query_one("#wrong", Says).say(wrong, "bad")

    def _show_asking(self) -> None:
        self._dots = (self._dots + 1) % _DOTS
        self.doing(f"asking {self.where} {'.' * self._dots}")

    def on_row_list_moved(self) -> None:
        fact = self.facts.current
        self.query_one("#value", Static).update("" if fact is None else printable(fact.value))

    def on_row_list_chosen(self) -> None:
        self.action_choose("copy")

    def chosen(self, choice: str) -> None:
        fact = self.facts.current
        if choice != "copy":
            self.dismiss(None)
        elif fact is not None:
            self.app.copy_to_clipboard(text_for_clipboard(fact.value))
            self.query_one("#says", Says).say(f"copied: {fact.name}")
