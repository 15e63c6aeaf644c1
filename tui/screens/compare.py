"""Two folders compared: what differs, and what is to be done about each of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, TypeAlias

from textual.binding import Binding, BindingType
from textual.widgets import Button
from textual.worker import Worker

from providers.records import replace
from providers.text import printable
from transfers.mirror.model import Action, By, Keep, Pair, Wish
from tui import pair_text
from tui.background import instead
from tui.comparison import Comparison
from tui.screens.compare_finding import STOPPED, CompareFinding, Find
from tui.screens.compare_help import CompareHelpScreen
from tui.screens.dialog import CANCEL, Choice
from tui.widgets.pair_list import PairList

LookInto: TypeAlias = Callable[[Pair], Awaitable[None]]

_CHOICES = (
    Choice("go", "enter", "Run"),
    Choice("tick", "space", "Tick"),
    Choice("all", "a", "All or none"),
    Choice("way", "<>", "Direction"),
    Choice("delete", "f8", "Delete"),
    Choice("filter", "/", "Filter"),
    Choice("show", "m", "Show kind"),
    Choice("details", "d", "Details"),
    Choice("prune", "x", "Delete: off"),
    Choice("keep", "k", "To: trash"),
    Choice("by", "c", "By: size+time"),
    Choice(CANCEL, "escape", "Close"),
)
_IN_SHORT = frozenset({"go", "tick", "show", CANCEL})
_KEEPS = {Keep.TRASH: "To: trash", Keep.BACKUP: "To: backup", Keep.NOWHERE: "For good"}
_AT_ONCE = 5_000  # rows ticked before keys are looked at
_BY = {"size-mtime": "By: size+time", "digest": "By: digest"}


class CompareScreen(CompareFinding):
    """True: what `comparison` has decided is to be done. It is found first, where it is not yet.

    `keeps`: where what is deleted can go, the usual one first. `look_into` shows all about a pair.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+a", "choose('all')", show=False),
        Binding("f1,question_mark", "help", show=False),
    ]

    def __init__(
        self,
        comparison: Comparison,
        find: Find,
        look_into: LookInto,
        *,
        keeps: Sequence[Keep],
        wants_words: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(comparison, find, _CHOICES, in_short=_IN_SHORT, wants_words=wants_words)
        self.look_into = look_into
        self.keeps = tuple(keeps)
        self._ticking: Worker[None] | None = None
        self._does = {
            "all": self._all_or_none,
            "filter": self.action_filter,
            "show": self._next_kind,
            "details": self._details,
            "prune": self._prune,
            "keep": self._next_keep,
            "by": self._next_criteria,
        }

    def on_mount(self) -> None:
        self._show_options()

    def _show_options(self) -> None:
        wish = self.comparison.wish
        labels = {
            "prune": "Delete: on" if wish.delete else "Delete: off",
            "keep": _KEEPS[wish.keep],
            "by": _BY[wish.criteria.by],
        }
        for id, label in labels.items():
            key = self.choices[id].key
            self.query_one(f"#{id}", Button).label = Choice(id, key, label).content()
        self.query_one("#prune").set_class(wish.delete, "dangerous")

    # What is decided

    def on_pair_list_asked(self, event: PairList.Asked) -> None:
        event.stop()
        self.action_choose(event.what)

    def on_row_list_chosen(self) -> None:
        self.action_choose("go")

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            self._leave()
        elif choice == "go":
            self._go()
        elif choice in ("tick", "right", "left", "way", "delete"):
            self._decide(choice)
        else:
            self._does[choice]()

    def _leave(self) -> None:
        """Esc stops a comparison first. Again, it does not even wait for a place to answer."""
        if self._stop is not None and not self._stop.is_set():
            self._stop.set()
        else:
            self.dismiss(False)

    def _go(self) -> None:
        if self.comparing:
            self.say("It is still being compared. Enter runs it once all is known.")
        elif not self.comparison.complete:
            self.say(STOPPED)
        elif self._ticking is not None and not self._ticking.is_finished:
            self.say("Rows are still being ticked. Enter runs them once all are.")
        elif all(
            not tally.count
            for action, tally in self.comparison.totals().items()
            if action is not Action.SKIP
        ):
            self.say("Nothing is ticked: there is nothing to do.")
        else:
            self.dismiss(True)

    def _decide(self, what: str) -> None:
        at = self.position
        if at is None or self._rows_change():
            return
        comparison, action = self.comparison, self.comparison.action(at)
        if what == "tick":
            done = comparison.tick_all(at, action is Action.SKIP)
        else:
            done = comparison.decide_all(at, self._wanted(what, at, action))
        self.changed()
        if not done:
            self.say(pair_text.refusal(comparison.table[at], what), "warning")
        elif what == "tick":
            self.rows.action_cursor(1)
        else:
            self.describe()

    def _wanted(self, what: str, at: int, action: Action) -> Action:
        if what == "delete":
            left = self.comparison.table[at].right is None
            return Action.DELETE_LEFT if left else Action.DELETE_RIGHT
        if what == "way":
            return Action.LEFT if action is Action.RIGHT else Action.RIGHT
        return Action.RIGHT if what == "right" else Action.LEFT

    def _all_or_none(self) -> None:
        """Tick all that is shown; when all is, nothing of it."""
        if not self._rows_change():
            self._ticking = instead(self, self._tick_shown, "ticking")

    def _rows_change(self) -> bool:
        """Whether other rows are about to be shown; a person is told to wait for them."""
        if self.choosing:
            self.say("Other rows are about to be shown: nothing was done yet.")
        return self.choosing

    async def _tick_shown(self) -> None:
        """Some at a time: a million take seconds."""
        comparison, table = self.comparison, self.comparison.table
        can = [at for at in self.positions if len(table.sort(at).allowed) > 1]
        ticked = any(comparison.action(at) is Action.SKIP for at in can)
        for start in range(0, len(can), _AT_ONCE):
            if table is not comparison.table:
                return  # it is compared again
            for at in can[start : start + _AT_ONCE]:
                comparison.tick(at, ticked)
            self.changed()
            await asyncio.sleep(0)

    def _prune(self) -> None:
        wish = self._wish(delete=not self.comparison.wish.delete)
        on = "Once all is copied, what only the right has is deleted."
        said = f"{on} {_becomes(wish)}" if wish.delete else "What only the right has stays."
        self.say(said, "warning")

    def _next_keep(self) -> None:
        at = self.keeps.index(self.comparison.wish.keep)
        self.say(_becomes(self._wish(keep=self.keeps[(at + 1) % len(self.keeps)])), "warning")

    def _wish(self, **changes: Any) -> Wish:
        self.comparison.wish = replace(self.comparison.wish, **changes)
        self._show_options()
        self.changed()
        return self.comparison.wish

    def _next_criteria(self) -> None:
        criteria = self.comparison.wish.criteria
        by: By = "digest" if criteria.by == "size-mtime" else "size-mtime"
        self._wish(criteria=replace(criteria, by=by))
        self.action_again()

    def _details(self) -> None:
        if (at := self.position) is not None:
            pair = self.comparison.table[at]
            self.run_worker(self.look_into(pair), group="details", exclusive=True)

    def _next_kind(self) -> None:
        self.action_show_kind(1)

    def action_help(self) -> None:
        self.app.push_screen(CompareHelpScreen())


def _becomes(wish: Wish) -> str:
    """What becomes of files that are deleted, as a sentence."""
    if wish.keep is Keep.TRASH:
        return "Files that are deleted go to the trash."
    if wish.keep is Keep.BACKUP:
        return f"Files that are deleted are kept in {printable(wish.backup)}, by date."
    return "Files that are deleted are gone for good."
