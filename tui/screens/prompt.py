"""One line of text, checked while it is typed: a new name, a path, a pattern."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.widgets import Input, Static
from textual.widgets.input import Selection

from providers.text import printable
from tui.screens.dialog import CANCEL, Choice, Dialog, line

Check = Callable[[str], str | None]
"""The sentence that says what is wrong with a text; None when it will do."""


class PromptScreen(Dialog[str | None]):
    """The text, or None. `select_stem` selects a name up to its extension, for renaming.

    `value` is shown made safe; left as it was, it is answered unchanged.
    """

    def __init__(
        self,
        title: str,
        label: str,
        value: str = "",
        check: Check | None = None,
        select_stem: bool = False,
    ) -> None:
        choices = [Choice("ok", "enter", "OK"), Choice(CANCEL, "escape", "Cancel")]
        super().__init__(title, choices, focus="text")
        self.label = label
        self.value = value
        self.check = check
        self.select_stem = select_stem

    def body(self) -> ComposeResult:
        yield line(self.label)
        yield Input(printable(self.value), id="text", compact=True, select_on_focus=False)
        yield Static("", id="wrong", classes="bad", markup=False)

    def on_mount(self) -> None:
        text = self.query_one(Input)
        stem = text.value.rfind(".") if self.select_stem else -1
        text.selection = Selection(0, stem if stem > 0 else len(text.value))

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.value != printable(self.value):
            self._complaint(self._answer())

    def on_input_submitted(self) -> None:
        self.action_choose("ok")

    def chosen(self, choice: str) -> None:
        answer = self._answer()
        if choice != "ok":
            self.dismiss(None)
        elif self._complaint(answer) is None:
            self.dismiss(answer)

    def _answer(self) -> str:
        typed = self.query_one(Input).value
        return self.value if typed == printable(self.value) else typed

    def _complaint(self, answer: str) -> str | None:
        wrong = self.check(answer) if self.check else None
        self.query_one("#wrong", Static).update(printable(wrong or ""))
        return wrong
