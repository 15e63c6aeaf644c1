"""Leaving while transfers run: what is to become of them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from providers.records import dataclass
from tui.screens.dialog import CANCEL, Choice, Dialog, Tick, line


class Leave(StrEnum):
    """How to leave."""

    KEEP = "keep"  # all go on in the background
    FINISH = "finish"  # what runs is finished, nothing more is started
    STOP = "stop"  # what runs is stopped; with a background process: all are paused


_BACKGROUND = (
    Choice(Leave.KEEP, "k", "Keep running in the background"),
    Choice(Leave.FINISH, "f", "Finish current files, then stop"),
    Choice(Leave.STOP, "p", "Pause and stop"),
    Choice(CANCEL, "escape", "Stay"),
)
_HERE_ONLY = (Choice(Leave.STOP, "y", "Stop and quit"), Choice(CANCEL, "escape", "Stay"))


@dataclass(frozen=True, slots=True)
class QuitAnswer:
    """`remember`: do not ask again. Only keeping and stopping can be remembered."""

    leave: Leave
    remember: bool = False


class QuitScreen(Dialog[QuitAnswer | None]):
    """What to do with `count` transfers; None: stay. Quitting once more answers `again`.

    `background`: the queue can outlive the screen. `resting` jobs are paused or wait for a person.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "tick", "Do not ask", show=False)]

    def __init__(self, count: int, resting: int, *, background: bool) -> None:
        choices = _BACKGROUND if background else _HERE_ONLY
        super().__init__("Quit?", choices, focus=choices[0].id)
        self.count = count
        self.resting = resting
        self.background = background

    def body(self) -> ComposeResult:
        yield line(f"{counted(self.count)} not finished.")
        if self.resting:
            words = "is paused or waits" if self.resting == 1 else "are paused or wait"
            yield line(f"{self.resting:,} more {words} for an answer.", "dim")
        if self.background:
            yield Tick("d", "do not ask again (for k and p)", id="remember")
        else:
            yield line("They stay in the queue; those not paused go on at the next start.")

    def again(self) -> None:
        """Whoever presses Ctrl+Q twice wants out: by the way that costs the least."""
        self.dismiss(QuitAnswer(Leave.KEEP if self.background else Leave.STOP))

    def action_tick(self) -> None:
        for tick in self.query(Tick):
            tick.action_tick()

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            self.dismiss(None)
            return
        remember = any(tick.value for tick in self.query(Tick)) and choice != Leave.FINISH
        self.dismiss(QuitAnswer(Leave(choice), remember))


def counted(jobs: int) -> str:
    return f"{jobs:,} {'transfer is' if jobs == 1 else 'transfers are'}"
