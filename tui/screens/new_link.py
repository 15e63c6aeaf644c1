"""The name of a new symbolic link, and what it leads to."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input, Static

from providers.records import dataclass
from providers.text import printable
from tui.screens.dialog import CANCEL, Choice, Dialog, line
from tui.screens.prompt import Check

_KEPT = "Kept as it is written, and need not exist; seen from the link's own folder."


@dataclass(frozen=True, slots=True)
class NewLink:
    """What was asked for."""

    name: str
    target: str


class NewLinkScreen(Dialog[NewLink | None]):
    """`target`: what is offered at first. `check` says what is wrong with a name."""

    def __init__(self, target: str, check: Check) -> None:
        choices = [Choice("ok", "enter", "Make it"), Choice(CANCEL, "escape", "Cancel")]
        super().__init__("New symbolic link", choices, focus="name")
        self.target = target
        self.check = check

    def body(self) -> ComposeResult:
        yield line("Name of the link")
        yield Input(id="name", compact=True)
        yield line("Leads to", "gap")
        yield Input(printable(self.target), id="target", compact=True)
        yield Static("", id="wrong", classes="bad", markup=False)
        yield line(_KEPT, "dim")

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
            self.dismiss(NewLink(name, target))

    def _text(self, id: str) -> str:
        return self.query_one(f"#{id}", Input).value
