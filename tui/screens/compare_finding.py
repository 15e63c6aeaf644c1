"""What a comparison has found, in rows that come while it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import ClassVar, TypeAlias

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static
from textual.worker import Worker

from providers import location
from providers.errors import ProviderError
from transfers.mirror.model import Action, Mark
from transfers.scan import ScanCancelled
from tui import format as show
from tui import pair_text
from tui.background import in_thread, instead
from tui.comparison import DIFFERING, Comparison
from tui.pair_table import PairTable
from tui.pair_text import Part
from tui.screens.dialog import Choice, Dialog, Says
from tui.widgets.filter_input import FilterInput
from tui.widgets.pair_list import PairList
from tui.widgets.spoken_line import SpokenLine

Found: TypeAlias = tuple[PairTable, tuple[str, ...]]
"""All pairs with their last marks, and what a person should know."""
Find: TypeAlias = Callable[
    [Callable[[], PairTable], Callable[[int], None], Callable[[], bool]], Awaitable[Found]
]
"""Asks for a table, anew after a sign-in, and fills it from a thread; tells how many were compared;
is asked whether to stop. Raises ProviderError, ScanCancelled."""

_LOOK_SECONDS = 0.2  # between looks at what was found meanwhile
_MANY = 20_000  # pairs from which they are filtered in a thread
_AROUND, _AROUND_SHORT = 8, 5  # rows of the screen for neither the list nor the choices
_TALL = 20  # rows from which there is room for all choices
_WIDEST, _GUTTER = 140, 4  # cells of the frame, of which its edges take some
_ALL, _DIFFERING = "all", "what differs"
STOPPED = "Not all was compared, so nothing can be run. Ctrl+R compares again."


class CompareFinding(Dialog[bool]):
    """Compares, where `comparison` is not complete yet, and shows and filters what is found.

    `in_short`: the choices that a low screen keeps. `wants_words`: see `SpokenLine`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", show=False),
        Binding("M", "show_kind(-1)", show=False),
        Binding("ctrl+r", "again", show=False),
    ]
    DEFAULT_CSS = """
    CompareFinding {
        & > #frame { width: 100%; max-width: 140; }
        #sides, #heading { height: 1; }
        #remarks { height: 2; }
        #what { height: 2; }
        #totals { height: 1; }
        FilterInput { display: none; }
        PairList { scrollbar-gutter: stable; }
    }
    CompareFinding.short #heading { display: none; }
    CompareFinding.short #what, CompareFinding.short #remarks { height: 1; }
    """

    def __init__(
        self,
        comparison: Comparison,
        find: Find,
        choices: Sequence[Choice],
        *,
        in_short: frozenset[str],
        wants_words: Callable[[], bool],
    ) -> None:
        super().__init__("Compare", choices, focus="rows")
        self.comparison = comparison
        self.find = find
        self.in_short = in_short
        self.wants_words = wants_words
        self.kind: Mark | str = _DIFFERING
        self.count = 0  # compared so far
        self._stop: threading.Event | None = None  # of what is being compared
        self._shown = comparison.table  # what the rows are of
        self._asked = comparison.table  # what they are about to be of
        self._described: tuple[PairTable, int | None] = (comparison.table, None)
        self._chooser: Worker[None] | None = None
        self._choosing = object()  # another one for each choice of rows
        self._seen = 0  # pairs that are among the rows, or were left out of them

    # What is shown

    def body(self) -> ComposeResult:
        yield Static("", id="sides", classes="strong", markup=False)
        yield Static("", id="heading", classes="dim", markup=False)
        yield PairList(self._parts, id="rows")
        yield FilterInput(placeholder="part of a name, or *.txt", compact=True)
        yield Says(id="remarks")
        yield Static("", id="what", classes="dim", markup=False)
        yield Static("", id="totals", classes="strong", markup=False)
        yield SpokenLine(self.wants_words)

    @property
    def rows(self) -> PairList:
        return self.query_one(PairList)

    @property
    def comparing(self) -> bool:
        return self._stop is not None

    def on_mount(self) -> None:
        self.set_interval(_LOOK_SECONDS, self._look)
        if self.comparison.complete:
            self._refilter()
        else:
            self.action_again()

    def dismiss(self, result: bool | None = None) -> AwaitComplete:
        """Nothing that is under way meets the screen without what is on it."""
        self._stop = None
        self.workers.cancel_node(self)
        return super().dismiss(result)

    def on_resize(self) -> None:
        short = self.size.height < _TALL
        for choice in self.choices:
            self.query_one(f"#{choice}").display = not short or choice in self.in_short
        around = (_AROUND_SHORT if short else _AROUND) + self._choice_rows(0)
        around += self.wants_words() + self.query_one(FilterInput).display
        around += self.query_one(Says).display * (1 if short else 2)
        self.rows.take(self.size.height - around)
        self._show_heads()

    def _choice_rows(self, width: int) -> int:
        if self.size.height < _TALL:
            return len(self.in_short) // 2
        return super()._choice_rows(min(self.size.width, _WIDEST) - _GUTTER)

    def _parts(self, at: int, width: int) -> list[Part]:
        action = self.comparison.action(at) if self._fits else Action.SKIP
        return pair_text.parts(self._shown[at], action, width, time.time())

    @property
    def _fits(self) -> bool:
        """Whether the rows are of what is compared; those of before stand a moment longer."""
        return self._shown is self.comparison.table

    @property
    def positions(self) -> Sequence[int]:
        """Those of the pairs that are shown."""
        return self.rows.rows if self._fits else ()

    @property
    def position(self) -> int | None:
        """That of the pair under the cursor."""
        return self.rows.current if self._fits else None

    def _show_heads(self) -> None:
        width = max(0, self.rows.size.width - 1)
        half = max(0, (width - 3) // 2)
        left, right = (
            show.clip_left(location.show(side.place), half)
            for side in (self.comparison.left, self.comparison.right)
        )
        self.query_one("#sides", Static).update(f"{show.fit(left, half)} → {right}")
        self.query_one("#heading", Static).update(pair_text.heading(width, self._only()))

    def _only(self) -> str:
        return "" if self.kind == _DIFFERING else f" ({self.kind})"

    def changed(self) -> None:
        """Show anew what depends on what was found and decided."""
        self.query_one("#totals", Static).update(self._totals())
        self.rows.refresh()

    def _totals(self) -> str:
        comparison = self.comparison
        same = f"{comparison.count(Mark.SAME):,} the same"
        if comparison.complete and all(sort.mark is Mark.SAME for sort, _ in comparison.tallies()):
            return f"Nothing differs: {same}."
        return f"{pair_text.totals(comparison.totals())}   {same}"

    def _remark(self, text: str, classes: str = "") -> None:
        """Say what holds for all of it, until it is compared again."""
        self.query_one(Says).say(text, classes)
        self.on_resize()

    def say(self, text: str, classes: str = "") -> None:
        what = self.query_one("#what", Static)
        what.set_classes(classes)
        what.update(text)

    def on_row_list_moved(self) -> None:
        """More rows below say nothing about the one that the cursor is on."""
        if (self._shown, self.position) != self._described:
            self.describe()

    def describe(self) -> None:
        """Tell of the row under the cursor."""
        at, now = self.position, time.time()
        self._described = (self._shown, at)
        if at is None:
            return
        pair = self.comparison.table[at]
        self.say(pair_text.described(pair, now), "dim")
        words = pair_text.words(
            pair, self.comparison.action(at), self.rows.cursor, len(self.rows.rows), now
        )
        self.query_one(SpokenLine).tell(self.rows, self.rows.cursor, words)

    # Comparing

    def action_again(self) -> None:
        """Compare anew; of what was decided, only what is to be left alone stays so."""
        if self._stop is not None:
            self._stop.set()
        instead(self, self._compare, "compare")

    async def _compare(self) -> None:
        stop = self._stop = threading.Event()
        self._remark("")
        try:
            found = await self.find(self.comparison.begin, self._report, stop.is_set)
        except ScanCancelled:
            self._end(stop, STOPPED)
        except ProviderError as error:
            self._end(stop, str(error), "bad")
        else:
            self.comparison.settle(*found)
            self._end(stop, ". ".join(self.comparison.remarks))
        finally:
            stop.set()

    def _report(self, count: int) -> None:
        """In the thread that compares."""
        self.count = count

    def _end(self, stop: threading.Event, said: str, classes: str = "") -> None:
        if self._stop is stop:
            self._stop = None
            self.doing("")
            self._remark(said, classes)
            self._refilter()

    def _look(self) -> None:
        """Show what was found meanwhile."""
        if not self.comparing:
            return
        if self.comparison.table is not self._asked:
            self._refilter()
        if not self._fits:
            return
        self.doing(f"{self.count:,} compared …  Esc stops")
        self.comparison.catch_up()
        end = len(self._shown)
        found = self._chosen(self._seen)
        self._seen = max(end, found[-1] + 1 if found else 0)
        if found:
            self.rows.add_rows(found)
        self.changed()

    # Which of them are shown

    @property
    def text(self) -> str:
        return self.query_one(FilterInput).value

    @property
    def choosing(self) -> bool:
        """Whether the rows are about to be others: keys may be meant for those already."""
        return self._chooser is not None and not self._chooser.is_finished

    def _marks(self) -> Sequence[Mark]:
        if isinstance(self.kind, Mark):
            return (self.kind,)
        return tuple(Mark) if self.kind == _ALL else DIFFERING

    def _chosen(self, start: int = 0) -> list[int]:
        return self.comparison.chosen(self._marks(), self.text, start)

    def _refilter(self) -> None:
        """Choose the rows anew; where that takes long, in a thread."""
        self._chooser = instead(self, self._choose, "filter")

    async def _choose(self) -> None:
        table = self._asked = self.comparison.table
        marks, text, end = self._marks(), self.text, len(table)
        mine = self._choosing = object()
        choose = partial(self.comparison.chosen, marks, text, wanted=lambda: self._choosing is mine)
        found = await in_thread(choose) if end > _MANY else choose()
        self._shown, self._seen = table, max(end, found[-1] + 1 if found else 0)
        self.rows.show_rows(found, notice=self._notice(text))
        self._show_heads()
        self.changed()

    def _notice(self, text: str) -> str:
        """What is said where no row is."""
        if text:
            return f"no name has “{text}” in it"
        return "nothing yet" if self.comparing else "nothing of this kind"

    def action_show_kind(self, by: int) -> None:
        """Show the next kind that there is: what differs, each mark, all."""
        found = {sort.mark for sort in self.comparison.table.sorts}
        kinds = [_DIFFERING, *(mark for mark in Mark if mark in found), _ALL]
        at = kinds.index(self.kind) if self.kind in kinds else 0
        self.kind = kinds[(at + by) % len(kinds)]
        self._refilter()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._refilter()

    def on_filter_input_left(self, event: FilterInput.Left) -> None:
        event.stop()
        field = self.query_one(FilterInput)
        if not event.kept:
            field.value = ""
        field.display = bool(field.value)
        self.set_focus(self.rows)  # at once: the next key is meant for them already
        self.on_resize()

    def on_filter_input_moved(self, event: FilterInput.Moved) -> None:
        event.stop()
        self.rows.action_cursor(event.by)

    def action_filter(self) -> None:
        """Let the person type what the names shown must contain."""
        field = self.query_one(FilterInput)
        field.display = True
        self.set_focus(field)
        self.on_resize()
