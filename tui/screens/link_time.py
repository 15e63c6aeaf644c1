"""For how long a link to a file is to hold."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input, Static

from tui import links
from tui.screens.dialog import CANCEL, Choice, Dialog, line

_NAMES = {"1h": "1 hour", "1d": "1 day", "7d": "7 days"}
_ANYBODY = "Whoever has the link can read the file without signing in, until then."


class LinkTimeScreen(Dialog[int | None]):
    """The seconds, or None. `longest`: the most seconds that the place grants."""

    def __init__(self, path: str, longest: float) -> None:
        self.usual = links.usual(longest)
        keys = ("f2", "f3", "f4")
        choices = [Choice("ok", "enter", "OK")]
        choices += [
            Choice(f"for-{text}", key, _NAMES.get(text, text))
            for key, text in zip(keys, self.usual, strict=False)
        ]
        choices.append(Choice(CANCEL, "escape", "Cancel"))
        super().__init__("Link to the clipboard", choices, focus="time")
        self.path = path
        self.longest = longest

    def body(self) -> ComposeResult:
        yield line(self.path, "strong")
        most = links.typed_for(self.longest)
        yield line(f"For how long (30m, 12h, 3d; {most} at most)", "gap")
        yield Input(self.usual[0], id="time", compact=True)
        yield Static("", id="wrong", classes="bad", markup=False)
        yield line(_ANYBODY, "dim")

    def on_input_changed(self) -> None:
        self._seconds()

    def on_input_submitted(self) -> None:
        self.action_choose("ok")

    def chosen(self, choice: str) -> None:
        if choice.startswith("for-"):
            self.dismiss(links.read_seconds(choice.removeprefix("for-"), float("inf")))
        elif choice != "ok":
            self.dismiss(None)
        elif (seconds := self._seconds()) is not None:
            self.dismiss(seconds)

    def _seconds(self) -> int | None:
        """What was typed, or None with the reason shown."""
        wrong, seconds = "", None
        try:
            seconds = links.read_seconds(self.query_one("#time", Input).value, self.longest)
        except ValueError as error:
            wrong = str(error)
        self.query_one("#wrong", Static).update(wrong)
        return seconds
