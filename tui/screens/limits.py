"""How fast, and how many at once: the queue's limits, changed while it runs."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input, Static

from transfers.model import SetLimits
from tui import format as show
from tui.screens.dialog import CANCEL, Choice, Dialog, line

MOST_WORKERS = 64


class LimitScreen(Dialog[SetLimits | None]):
    """The new limits; None: as they are. `rate` in bytes a second, 0 for none."""

    def __init__(self, rate: int, workers: int) -> None:
        choices = [Choice("ok", "enter", "OK"), Choice(CANCEL, "escape", "Cancel")]
        super().__init__("Limits", choices, focus="rate")
        self._rate = rate
        self._at_once = workers

    def body(self) -> ComposeResult:
        yield line("Bytes a second (500K, 10M; 0: no limit)")
        yield Input(show.rate_typed(self._rate), id="rate", compact=True)
        yield line(f"Files at once (1 to {MOST_WORKERS})", "gap")
        yield Input(str(self._at_once), id="workers", compact=True)
        yield Static("", id="wrong", classes="bad", markup=False)

    def on_input_changed(self) -> None:
        self._limits()

    def on_input_submitted(self) -> None:
        self.action_choose("ok")

    def chosen(self, choice: str) -> None:
        if choice != "ok":
            self.dismiss(None)
        elif (limits := self._limits()) is not None:
            self.dismiss(limits)

    def _limits(self) -> SetLimits | None:
        """What was typed, or None with the reason shown."""
        rate, workers = (self.query_one(f"#{name}", Input).value for name in ("rate", "workers"))
        wrong, limits = "", None
        try:
            limits = SetLimits(rate=show.read_rate(rate), workers=_workers(workers))
        except ValueError as error:
            wrong = str(error)
        self.query_one("#wrong", Static).update(wrong)
        return limits


def _workers(text: str) -> int:
    number = int(text) if text.strip().isdecimal() else 0
    if not 1 <= number <= MOST_WORKERS:
        raise ValueError(f"between 1 and {MOST_WORKERS} files at once")
    return number
