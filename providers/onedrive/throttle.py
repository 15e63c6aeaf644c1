"""One account's rest: when the service names a time, nobody asks it anything before that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from providers.errors import Throttled

_LONGEST = 86_400.0  # seconds: as the queue, which asks again after a day


class Rest:
    """Thread-safe. `clock` is monotonic, in seconds."""

    def __init__(self, endpoint: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._lock = threading.Lock()
        self._until = 0.0

    def note(self, told: Throttled) -> None:
        """The service named a time, or did not."""
        if told.retry_after is not None:
            with self._lock:
                seconds = min(told.retry_after, _LONGEST)
                self._until = max(self._until, self._clock() + seconds)

    def check(self, path: str) -> None:
        """Raise Throttled, with what is left of it, while the rest lasts."""
        with self._lock:
            left = self._until - self._clock()
        if left > 0:
            what = "the service asked to slow down"
            raise Throttled(path, what, retry_after=left, endpoint=self._endpoint)
