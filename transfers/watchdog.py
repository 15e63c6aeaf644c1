"""When a running job's connections are to be cut: it does not stop, or hardly moves. Pure."""

from __future__ import annotations

from providers.records import dataclass
from transfers.control import Control

STOP_SECONDS = 4.0  # after a stop was asked for, its connections are cut, and so again
LOOK_SECONDS = 1.0  # between two looks at what runs


@dataclass(frozen=True, slots=True)
class LowSpeed:
    """Below `rate` bytes a second for `seconds` a transfer counts as stuck (faults.md B5)."""

    rate: int = 1024
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class _Mark:
    at: float
    moved: int
    napped: float


LOW_SPEED = LowSpeed()


class Watch:
    """Looks at one run again and again. Times are monotonic, in seconds."""

    def __init__(self, low_speed: LowSpeed) -> None:
        self._low_speed = low_speed
        self._mark: _Mark | None = None
        self._cut_at: float | None = None

    def cut(self, control: Control, now: float) -> bool:
        """Whether what the run waits for is to be cut off now."""
        if control.stop_asked is not None:
            return self._overdue(control, control.stop_asked, now)
        return self._stuck(control, now)

    def _overdue(self, control: Control, asked: float, now: float) -> bool:
        last = asked if self._cut_at is None else max(asked, self._cut_at)
        if now - last < STOP_SECONDS:
            return False
        self._cut_at = now
        return True

    def _stuck(self, control: Control, now: float) -> bool:
        if not control.moving:
            self._mark = None
            return False
        here = _Mark(now, control.gauge.moved + control.gauge.reread, control.napped)
        mark = self._mark or here
        enough = self._low_speed.rate * self._low_speed.seconds
        if here.moved < mark.moved or here.moved - mark.moved >= enough:
            mark = here
        self._mark = mark
        if now - mark.at - (here.napped - mark.napped) < self._low_speed.seconds:
            return False
        self._mark = here
        return True
