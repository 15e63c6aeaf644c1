"""The label that follows the pointer while files are dragged."""

from __future__ import annotations

from textual.geometry import Offset
from textual.timer import Timer
from textual.widgets import Static

from providers.text import printable

_STEP_SECONDS = 0.08  # between two steps: each costs some kilobytes of a slow line
_BESIDE = Offset(2, 1)  # cells: never under the pointer


class DragGhost(Static):
    """It never has the mouse: what is captured must be laid out, or its events are lost."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    DragGhost {
        position: absolute; overlay: screen; constrain: inside inside; display: none;
        width: auto; max-width: 60; height: 1; padding: 0 1;
        background: $accent; color: $background; text-style: bold;
        &:nocolor { text-style: bold reverse; }
        &:ansi { text-style: bold reverse; }
    }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._wanted: tuple[str, Offset] = ("", Offset())
        self._step: Timer | None = None

    def follow(self, label: str, pointer: Offset) -> None:
        """Show `label` beside `pointer`, now or in a moment."""
        self._wanted = (printable(label), pointer)
        if not self.display:
            self.display = True
            self._move()
        elif self._step is None:
            self._step = self.set_timer(_STEP_SECONDS, self._move)

    def vanish(self) -> None:
        """Show nothing."""
        self._stop_step()
        self.display = False

    def _move(self) -> None:
        self._stop_step()
        label, pointer = self._wanted
        self.absolute_offset = pointer + _BESIDE
        self.update(label, layout=False)
        self.refresh(layout=True)

    def _stop_step(self) -> None:
        if self._step is not None:
            self._step.stop()
            self._step = None
