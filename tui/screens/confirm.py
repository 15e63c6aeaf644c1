"""Yes or no, asked before something that matters."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from tui.screens.dialog import CANCEL, Choice, Dialog, line


class ConfirmScreen(Dialog[bool]):
    """True only when `action` was chosen. A `dangerous` one is never what Enter does at first."""

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        action: str,
        dangerous: bool = False,
        quiet: float = 0.0,
    ) -> None:
        super().__init__(
            title,
            [Choice("yes", "y", action, dangerous), Choice(CANCEL, "n", "Cancel")],
            focus=CANCEL if dangerous else "yes",
            tone="danger" if dangerous else "plain",
            quiet=quiet,
        )
        self.lines = tuple(lines)

    def body(self) -> ComposeResult:
        for text in self.lines:
            yield line(text)

    def chosen(self, choice: str) -> None:
        self.dismiss(choice == "yes")
