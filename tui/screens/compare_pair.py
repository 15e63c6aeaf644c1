"""All about one pair of a comparison: both sides, and what told that they differ."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from providers.errors import ProviderError
from providers.extras import Property
from providers.text import printable
from transfers.mirror.model import Pair
from tui import format as show
from tui import pair_text
from tui.comparing import Compare, told
from tui.facts import row
from tui.screens.dialog import CANCEL, Choice, Dialog, Says, line
from tui.widgets.row_list import RowList

View: TypeAlias = Callable[[], Awaitable[None]]
"""Shows what is inside one of the two."""

_AROUND = 11  # rows of the screen that are not for the list
_MOST = 20  # rows of the list


class ComparePairScreen(Dialog[None]):
    """`known`: the facts of both sides. What cannot be is None: a side that has no file, contents
    that are not two."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f3", "choose('left')", show=False)]
    DEFAULT_CSS = """
    ComparePairScreen #value { height: 2; }
    ComparePairScreen #contents { height: auto; max-height: 3; }
    """

    def __init__(
        self,
        pair: Pair,
        known: Sequence[Property],
        contents: Compare | None,
        left: View | None,
        right: View | None,
    ) -> None:
        offers = [Choice("contents", "c", "Compare contents")] if contents else []
        offers += [Choice("left", "v", "View left")] if left else []
        offers += [Choice("right", "V", "View right")] if right else []
        offers.append(Choice(CANCEL, "escape", "Close"))
        super().__init__(pair_text.name(pair), offers, focus="facts")
        self.pair = pair
        self.known = known
        self.contents = contents
        self.views = {"left": left, "right": right}

    def body(self) -> ComposeResult:
        why = f": {self.pair.why}" if self.pair.why else ""
        yield line(f"{self.pair.mark}{why}", "strong")
        yield RowList[Property](row, id="facts")
        yield Static("", id="value", classes="dim", markup=False)
        yield Says(id="contents")

    @property
    def facts(self) -> RowList[Property]:
        return self.query_one("#facts", RowList)

    def on_mount(self) -> None:
        self.facts.show_rows(self.known)

    def on_resize(self) -> None:
        self.facts.grow_to(min(_MOST, self.size.height - _AROUND))

    def on_row_list_moved(self) -> None:
        fact = self.facts.current
        text = "" if fact is None else printable(fact.value)
        self.query_one("#value", Static).update(text)

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            self.dismiss(None)
        elif choice == "contents" and self.contents is not None:
            self.run_worker(self._compare(self.contents), group="compare", exclusive=True)
        elif (view := self.views.get(choice)) is not None:
            self.run_worker(self._view(view), group="view", exclusive=True)

    async def _view(self, view: View) -> None:
        try:
            await view()
        except ProviderError as error:
            self._say(str(error), "bad")

    async def _compare(self, contents: Compare) -> None:
        def report(count: int) -> None:
            if self.is_attached:
                self._say(f"The contents are compared … {show.size(count)} are equal")

        self._say("The contents are compared …")
        try:
            finding = await contents(report)
        except ProviderError as error:
            self._say(f"The contents were not compared. {error.path}: {error.what}.", "bad")
        else:
            self._say(told(finding), "strong")

    def _say(self, text: str, classes: str = "dim") -> None:
        self.query_one("#contents", Says).say(text, classes)
