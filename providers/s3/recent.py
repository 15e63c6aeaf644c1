"""What was seen to stand at an address a moment ago, so that it is not asked for twice at once.

A service that is not Amazon may not heed conditions: what is to be replaced is looked at before it
is (`uploads.py`). The queue has just looked, as a rule.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

SECONDS = 0.5
_MOST = 1000


class Recent:
    """Thread-safe. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, tuple[float, str | None]] = OrderedDict()

    def saw(self, path: str, version: str | None) -> None:
        """None: nothing stands there."""
        with self._lock:
            self._seen.pop(path, None)
            self._seen[path] = (self._clock(), version)
            if len(self._seen) > _MOST:
                self._seen.popitem(last=False)

    def take(self, path: str) -> tuple[str | None] | None:
        """What was seen, once; None where that is too long ago."""
        with self._lock:
            found = self._seen.pop(path, None)
        if found is None or self._clock() > found[0] + SECONDS:
            return None
        return (found[1],)
