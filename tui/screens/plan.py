"""A copy or move before its first byte: what it will do, file by file, changed and approved."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Static

from providers import location
from providers.records import replace
from providers.text import printable
from transfers.model import Policy
from transfers.plan import THERE, Meets, as_entry
from tui import format as show
from tui import planning
from tui.planning import Choices, Plan
from tui.screens.conflict import compare
from tui.screens.dialog import CANCEL, Choice, Dialog, Says, line
from tui.widgets.row_list import RowList

_MOST = 16  # rows of the list
_AROUND = 14  # rows of the screen that neither the list nor the summary has
_DECISIONS = {"skip": None, "overwrite": Policy.OVERWRITE, "rename": Policy.RENAME}
_DECISIONS |= {"newer": Policy.NEWER, "ask": Policy.ASK}
_IF_THERE = {
    Policy.ASK: "ask about each",
    Policy.SKIP: "leave it as it is",
    Policy.OVERWRITE: "overwrite it",
    Policy.RENAME: "keep both",
    Policy.NEWER: "overwrite it if the new one is newer",
    Policy.DIFFERENT: "overwrite it if size or time differ",
}
_BLOCKED = "Something that is no file, or no folder, has the name that this one needs there."


class PlanRows(RowList[int]):
    """Approved by Enter alone: a double click on a row is none."""

    def on_click(self, event: events.Click) -> None:
        if event.chain > 1:
            event.prevent_default()


class PlanScreen(Dialog[Choices | None]):
    """The choices that were approved, or None. `command` makes the shell's line for some; it raises
    ValueError with a sentence where there is none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,insert", "choose('mark')", show=False),
        Binding("ctrl+a", "mark_all", show=False),
    ]
    DEFAULT_CSS = """
    PlanScreen #says { height: auto; max-height: 4; }
    PlanRows { scrollbar-gutter: stable; }
    PlanScreen #policy { width: auto; }
    """

    def __init__(
        self,
        plan: Plan,
        choices: Choices,
        command: Callable[[Choices], str],
        *,
        quiet: float = 0.0,
    ) -> None:
        self.plan = plan
        self.decided = choices
        self.command = command
        self.shown: Meets | None = None  # the kind of rows that the list has; None: all
        super().__init__(_title(choices), self._offers(), focus="rows", quiet=quiet)

    def _offers(self) -> list[Choice]:
        """As many as fill their rows: what cannot be done is not offered."""
        there = not THERE.isdisjoint(self.plan.tallies)
        offers = [Choice("go", "enter", _title(self.decided)), Choice("skip", "s", "Leave out")]
        if there:
            offers += [Choice("policy", "e", "If there…"), Choice("ask", "a", "Ask")]
            offers += [Choice("overwrite", "o", "Overwrite"), Choice("rename", "r", "Keep both")]
            offers += [Choice("filter", "f", "Filter")]
        if there and self.plan.movable:
            offers += [Choice("newer", "n", "If newer"), Choice("mark", "space", "Mark")]
        elif self.plan.movable:
            offers += [Choice("filter", "f", "Filter")]
        if self.plan.movable:
            offers += [Choice("move", "m", "Copy or move")]
        return [*offers, Choice("command", "y", "Command line"), Choice(CANCEL, "escape", "Drop")]

    # What is shown

    def body(self) -> ComposeResult:
        more = len(self.plan.sources) - 1
        others = f"  and {more:,} more" if more else ""
        yield line(f"from {location.show(self.plan.sources[0])}{others}", "dim")
        yield line(f"to   {location.show(self.plan.target)}")
        yield Static("", id="summary", markup=False, classes="gap")
        yield Says(id="room")
        yield Static("", id="policy", markup=False)
        yield Static("", id="heading", markup=False, classes="dim gap")
        yield PlanRows(self._row, marking=True, id="rows")
        yield Static("", id="what", markup=False, classes="dim")
        yield Says(id="says")

    @property
    def rows(self) -> RowList[int]:
        return self.query_one(PlanRows)

    def on_mount(self) -> None:
        self._filter(None)
        self._changed()
        self.on_resize()

    def on_resize(self) -> None:
        around = _AROUND + len(self.plan.tallies) + len(self.choices) // 4
        self.rows.grow_to(min(_MOST, self.size.height - around))
        self._show_heading()

    def _row(self, at: int, width: int) -> str:
        return planning.row_text(self.plan, self.decided, at, width)

    def _changed(self) -> None:
        """Show anew what depends on the choices."""
        plan, choices = self.plan, self.decided
        lines = [planning.summary(plan, choices, meets) for meets in plan.tallies]
        self.query_one("#summary", Static).update("\n".join(lines))
        self._show_room()
        policy = self.query_one("#policy", Static)
        policy.display = not THERE.isdisjoint(plan.tallies)
        said = f" What is there already: {_IF_THERE[choices.policy]}"
        policy.update(Content.assemble(("e", "bold underline"), said))
        title = _title(choices)
        self.query_one("#frame").border_title = Content(self._heading(title))
        self.query_one("#go", Button).label = Choice("go", "enter", title).content()
        self.rows.refresh()
        self.on_row_list_moved()

    def _heading(self, verb: str) -> str:
        total = planning.total(self.plan, self.decided)
        noun = "file" if total.count == 1 else "files"
        return f"{verb} {total.count:,} {noun}, {show.size(total.size)}"

    def _show_room(self) -> None:
        free, needed = self.plan.free, planning.total(self.plan, self.decided).size
        if free is None:
            text, classes = "", "dim"
        elif planning.too_large(self.plan, self.decided):
            text = f"It will not fit: {show.size(needed)} are needed, {show.size(free)} are free."
            classes = "bad"
        else:
            text, classes = f"{show.size(free):>32} are free there", "dim"
        self.query_one("#room", Says).say(text, classes)

    def _show_heading(self) -> None:
        width = max(0, self.rows.size.width - 2)
        name = "Name" if self.shown is None else f"Name ({self.shown} only)"
        text = planning.columns(name, "Size", "There", "Then", width)
        self.query_one("#heading", Static).update(f" {text}")

    def on_row_list_moved(self) -> None:
        at = self.rows.current
        self.query_one("#what", Static).update("" if at is None else printable(self._what(at)))

    def _what(self, at: int) -> str:
        """What is known of a row beyond its columns."""
        row = self.plan.rows[at]
        if row.meets is Meets.LEFT_OUT:
            return row.job.note
        if row.meets is Meets.BLOCKED:
            return _BLOCKED
        if row.there is None or row.meets not in THERE:
            return ""
        size, when = show.size(row.there.size), show.when(row.there.modified, time.time())
        return f"there: {size or 'size ?'}, {when.strip()}. {compare(as_entry(row.job), row.there)}"

    # What is decided

    def on_row_list_chosen(self) -> None:
        self.action_choose("go")

    def action_mark_all(self) -> None:
        self.rows.mark_all()

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            self.dismiss(None)
        elif choice == "go":
            self.dismiss(self.decided)
        elif choice in _DECISIONS:
            self._decide(_DECISIONS[choice])
        elif choice == "policy":
            self._next_policy()
        elif choice == "move":
            self.decided = replace(self.decided, move=not self.decided.move)
            self._changed()
        elif choice == "mark":
            self.rows.mark()
        elif choice == "filter":
            self._next_filter()
        else:
            self._copy_command()

    def _decide(self, decision: Policy | None) -> None:
        edits = planning.decided(self.plan, self.decided.edits, self.rows.targets, decision)
        self.decided = replace(self.decided, edits=edits)
        marked = bool(self.rows.marks)
        self.rows.marks.clear()
        self._changed()
        if not marked:
            self.rows.action_cursor(1)

    def _next_policy(self) -> None:
        order = list(_IF_THERE)
        after = order[(order.index(self.decided.policy) + 1) % len(order)]
        self.decided = replace(self.decided, policy=after)
        self._changed()

    def _next_filter(self) -> None:
        kinds = [None, *self.plan.tallies]
        self._filter(kinds[(kinds.index(self.shown) + 1) % len(kinds)])

    def _filter(self, meets: Meets | None) -> None:
        self.shown = meets
        self.rows.show_rows(planning.filtered(self.plan, meets))
        self._show_heading()

    def _copy_command(self) -> None:
        says = self.query_one("#says", Says)
        try:
            text = self.command(self.decided)
        except ValueError as reason:
            says.say(str(reason), "bad")
            return
        self.app.copy_to_clipboard(text)
        says.say(f"In the clipboard, if the terminal lets us: {text}")


def _title(choices: Choices) -> str:
    return "Move" if choices.move else "Copy"
