"""One owner of a queue: a lock the system frees when its holder dies. No PID files."""

from __future__ import annotations

import os
import sys
from pathlib import Path


class QueueInUse(Exception):
    """Another Wharfie holds this queue."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"Another Wharfie is using the queue in {directory}. Close it first, or give this "
            "one a home of its own with WHARFIE_HOME."
        )


class QueueSilent(QueueInUse):
    """Another process holds this queue, and does not answer: it is stopped, or hangs.

    `pid`: its number, where the system tells it.
    """

    def __init__(self, pid: int | None = None) -> None:
        number = f" (pid {pid})" if pid else ""
        go_on = f" (kill -CONT {pid})" if pid else ""
        end = f" (kill -KILL {pid})" if pid else ""
        Exception.__init__(
            self,
            f"The process that works the queue{number} does not answer. If somebody stopped it, "
            f"let it go on{go_on}; else end it{end} and try again. The queue is kept.",
        )
        self.pid = pid


class QueueLock:
    """Held from construction to `release` (or the end of the process)."""

    def __init__(self, directory: Path) -> None:
        fd = os.open(directory / "queue.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(fd)
        except OSError as error:
            os.close(fd)
            raise QueueInUse(directory) from error
        self._fd: int | None = fd

    def release(self) -> None:
        """Let go. A second time does nothing."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
