"""The name of a new link, what it leads to, and whether it is a symbolic or a hard one."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from providers.records import dataclass
from providers.text import printable
from tui.screens.dialog import CANCEL, Choice, Dialog, Tick, line
from tui.screens.prompt import Check

_KEPT = "Kept as it is written; seen from the link's folder, it need not exist."
_SHARED = "One file with both names, until the last is deleted; on one disk only."


@dataclass(frozen=True, slots=True)
class NewLink:
    """What was asked for."""

    name: str
    target: str
    hard: bool = False


class NewLinkScreen(Dialog[NewLink | None]):
    """`target`: what is offered at first. `check` says what is wrong with a name; `hard`: whether
    the place has hard links as well."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f3", "hard", show=False)]

    def __init__(self, target: str, check: Check, *, hard: bool = False) -> None:
        choices = [Choice("ok", "enter", "Make it"), Choice(CANCEL, "escape", "Cancel")]
        super().__init__("New link" if hard else "New symbolic link", choices, focus="name")
        self.target = target
        self.check = check
        self.hard = hard

    def body(self) -> ComposeResult:
        yield line("Name of the link")
        yield Input(id="name", compact=True)
        yield line("Leads to", "gap")
        yield Input(printable(self.target), id="target", compact=True)
        if self.hard:
            yield Tick("F3", "a hard link: one more name of that file", id="hard")
        yield Static("", id="wrong", classes="bad", markup=False)
        yield Static(_KEPT, id="note", classes="dim", markup=False)

    def on_mount(self) -> None:
        for tick in self.query(Tick):
            self.watch(tick, "value", self._note, init=False)

    def _note(self, hard: bool) -> None:
        self.query_one("#note", Static).update(_SHARED if hard else _KEPT)

    def action_hard(self) -> None:
        for tick in self.query(Tick):
            tick.action_tick()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_choose("ok")

    def chosen(self, choice: str) -> None:
        if choice != "ok":
            self.dismiss(None)
            return
        name, target = self._text("name"), self._text("target")
        if target == printable(self.target):
            target = self.target
        wrong = self.check(name) or ("" if target else "What is it to lead to?")
        self.query_one("#wrong", Static).update(printable(wrong))
        if not wrong:
            hard = any(tick.value for tick in self.query(Tick))
            self.dismiss(NewLink(name, target, hard))

    def _text(self, id: str) -> str:
        return self.query_one(f"#{id}", Input).value
