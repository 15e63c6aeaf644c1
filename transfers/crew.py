"""Threads that work one task after the other: to start one for each small file takes too long."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

_IDLE_SECONDS = 2.0  # after that a thread with nothing to do is gone


class Crew:
    """As many threads as there are tasks at once. Thread-safe."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0  # threads that wait, and have no task coming

    def start(self, task: Callable[[], None]) -> None:
        """Have `task` worked at once, by a thread that is free or a new one. It raises nothing."""
        with self._lock:
            self._tasks.put(task)
            if self._idle:
                self._idle -= 1
                return
        threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._tasks.empty():
                        self._idle -= 1
                        return
                continue
            task()
            del task
            with self._lock:
                self._idle += 1
