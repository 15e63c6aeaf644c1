"""One owner of a queue: a lock the system frees when its holder dies. No PID files."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from providers.text import printable
from transfers.journal_error import JournalError

# What a lock that another holds says: POSIX and BSD flock(2), Windows' _locking.
_TAKEN = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES})

NO_LOCKS = (
    "Its disk may have no locks, as some network disks: put WHARFIE_HOME on a local disk, or start "
    "the disk's lock service."
)


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
    """Held from construction to `release` (or the end of the process).

    Raises QueueInUse when another has it, JournalError when there can be none in `directory`: a
    queue that two might write is not worked at all (faults.md D11).
    """

    def __init__(self, directory: Path) -> None:
        try:
            fd = os.open(directory / "queue.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _cannot(directory, error, "Check that directory's owner and mode.") from error
        try:
            ours = try_lock(fd)
        except OSError as error:
            os.close(fd)
            raise _cannot(directory, error, NO_LOCKS) from error
        if not ours:
            os.close(fd)
            raise QueueInUse(directory)
        self._fd: int | None = fd

    def release(self) -> None:
        """Let go. A second time does nothing."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


def try_lock(fd: int) -> bool:
    """Whether the open file is locked for us, until it is closed; False: another holds it.

    Raises OSError where its disk has no locks.
    """
    try:
        _lock(fd)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


def _cannot(directory: Path, error: OSError, advice: str) -> JournalError:
    shown, why = printable(str(directory)), error.strerror or "no reason given"
    return JournalError(f"The queue in {shown} cannot be locked ({why}). {advice}")


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
