"""Small files of a person's own: trusted only when nobody else can read them, replaced whole."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 5.0  # seconds: a change takes milliseconds, unless its process was stopped in it
_LOOK_SECONDS = 0.01
_TAKEN = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})


class NotPrivate(Exception):
    """A file that cannot be trusted. `why` goes on behind what it is called."""

    def __init__(self, why: str, advice: str) -> None:
        super().__init__(why)
        self.why = why
        self.advice = advice


def read_private(path: Path) -> bytes:
    """What the file holds; looked at and read as one and the same file (faults.md F4).

    Raises NotPrivate for a link, for what is no regular file (a pipe would be waited for), and for
    a file that others may read; FileNotFoundError, OSError.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        fd = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        if path.is_symlink():
            raise _link() from error
        raise
    with os.fdopen(fd, "rb") as file:
        _require_private(path, os.fstat(fd).st_mode)
        return file.read()


def _require_private(path: Path, mode: int) -> None:
    if path.is_symlink():  # it was followed where the system cannot refuse to
        raise _link()
    if not stat.S_ISREG(mode):
        raise NotPrivate("is not a file of its own", "Move it away.")
    if os.name != "nt" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise NotPrivate("may be read by others", f"Run: chmod 600 {path}")


def _link() -> NotPrivate:
    return NotPrivate("is a link", "Put the file itself there.")


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """No other process or thread that asks for the same is let in for the length of the block.

    For reading, changing and writing `path` in one. The lock is a file beside it that stays there;
    the system frees it when its holder ends. Raises OSError, TimeoutError after PATIENCE.
    """
    fd = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(fd)
        yield
    finally:
        os.close(fd)


def _wait_for(fd: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _lock(fd)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            if time.monotonic() > deadline:
                why = "another Wharfie is changing it, and does not come to an end"
                raise TimeoutError(errno.ETIMEDOUT, why) from error
        time.sleep(_LOOK_SECONDS)


def write_private(path: Path, content: bytes) -> None:
    """Replace what `path` holds: whole-old or whole-new, mode 0600. Raises OSError.

    A link to the file (dotfiles kept elsewhere) stays one.
    """
    import tempfile  # a start writes none

    path = path.resolve()
    fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
