"""Something to know: one sentence and what to do next."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.screens.dialog import Choice, Dialog, line


class MessageScreen(Dialog[None]):
    """Says `sentence` and `advice`; any way out of it is the same."""

    def __init__(self, title: str, sentence: str, advice: str = "") -> None:
        super().__init__(title, [Choice("close", "enter", "Close")], focus="close", tone="warning")
        self.sentence = sentence
        self.advice = advice

    def body(self) -> ComposeResult:
        yield line(self.sentence)
        if self.advice:
            yield line(self.advice, "dim gap")

    def chosen(self, choice: str) -> None:
        self.dismiss(None)
