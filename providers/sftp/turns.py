"""A lock that is given to who has waited longest.

Python's own goes to whoever asks at the right moment: mostly who gave it back just now. On a slow
line one upload would keep it, while a pane that shares the connection waits for its listing.
"""

from __future__ import annotations

import threading
from collections import deque


class InTurn:
    """As `threading.Lock`, as far as paramiko uses one: `acquire` and `release`."""

    def __init__(self) -> None:
        self._guard = threading.Lock()  # held for moments only
        self._held = False
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self) -> bool:
        """Wait for its turn. Always True."""
        with self._guard:
            if not self._held:
                self._held = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:  # Ctrl-C
            self._forgo(turn)
            raise
        return True

    def release(self) -> None:
        """Hand it to the next: it is not free in between."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False

    def _forgo(self, turn: threading.Lock) -> None:
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        self.release()  # it was handed over already
