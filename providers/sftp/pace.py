"""How large the next request is to be: large on a fast line, and on a slow one small enough that
it is seen to move, and that the server answers in time (faults.md B5)."""

from __future__ import annotations

import time
from collections.abc import Callable

_FIRST = 32 << 10  # bytes: every server takes that much
_SMALLEST = 4 << 10
_LARGEST = 1 << 20
_SOON = 0.5  # seconds for one request: the next may be larger
_LATE = 4.0  # seconds for one request: the next is smaller


class Pace:
    """Learns from request to request of one session. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._size = _FIRST
        self._last = clock()

    def begin(self) -> None:
        """Count from now on: nothing was under way before."""
        self._last = self._clock()

    def size(self, most: int) -> int:
        """Bytes of the next request, `most` at the most."""
        return min(self._size, most)

    def passed(self) -> None:
        """Another request has been answered."""
        now = self._clock()
        took, self._last = now - self._last, now
        if took < _SOON:
            self._size = min(self._size * 2, _LARGEST)
        elif took > _LATE:
            self._size = max(self._size // 2, _SMALLEST)
