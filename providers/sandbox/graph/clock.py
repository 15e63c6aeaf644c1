"""The emulator's time: it can be set forward, and can stand still, so that a test decides."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

_FIRST_DAY = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


class Clock:
    """Runs on from `start` (the true time, unless given), or stands still there."""

    def __init__(self, start: datetime | None = None, *, running: bool = True) -> None:
        self._start = start or datetime.now(UTC)
        self._began = time.monotonic() if running else None
        self._set_forward = timedelta()
        self._lock = threading.Lock()

    @classmethod
    def standing_still(cls) -> Clock:
        """At the same moment in each run; only `advance` moves it."""
        return cls(_FIRST_DAY, running=False)

    def now(self) -> datetime:
        """In UTC."""
        passed = 0.0 if self._began is None else time.monotonic() - self._began
        with self._lock:
            return self._start + self._set_forward + timedelta(seconds=passed)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._set_forward += timedelta(seconds=seconds)


def stamp(moment: datetime) -> str:
    """As Graph writes a time: whole seconds, which is also all that it stores."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_stamp(text: str) -> datetime:
    """Raises ValueError when it is no ISO 8601 time with a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC).replace(microsecond=0)
