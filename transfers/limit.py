"""How fast bytes may move: a token bucket that every transfer shares. The clock is passed in."""

from __future__ import annotations

import threading
from collections.abc import Callable

_BURST_SECONDS = 0.25


class Limiter:
    """At most `rate` bytes a second over all transfers; 0 for no limit. Thread-safe."""

    def __init__(self, clock: Callable[[], float], rate: int = 0) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rate = rate
        self._free_at = clock()  # when everything taken so far is paid for

    @property
    def rate(self) -> int:
        return self._rate

    def set_rate(self, rate: int) -> None:
        with self._lock:
            self._rate = rate
            self._free_at = self._clock()

    def at_once(self, most: int) -> int:
        """How many bytes may move in one piece, where `most` would."""
        with self._lock:
            return most if self._rate <= 0 else min(most, int(self._rate * _BURST_SECONDS))

    def take(self, count: int) -> float:
        """Take `count` bytes; returns the seconds to wait before moving the next ones."""
        with self._lock:
            if self._rate <= 0:
                return 0.0
            now = self._clock()
            self._free_at = max(self._free_at, now - _BURST_SECONDS) + count / self._rate
            return max(0.0, self._free_at - now)
