"""Our own files: names that last, and nobody else's business."""

from __future__ import annotations

import logging
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LOG = logging.getLogger("wharfie.queue")


def keep_private(path: Path, descriptor: int) -> None:
    """Have the open file at `path` readable and writable by its owner only, however it came here.

    Where the disk has no modes, or the file is another's, the log says so. Windows: nothing.
    """
    if not hasattr(os, "fchmod") or not os.fstat(descriptor).st_mode & _OTHERS:
        return
    try:
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        _LOG.warning("others may read %s: its mode cannot be changed (%s)", path, error.strerror)


def sync_directory(directory: Path) -> None:
    """Have the names in `directory` survive a power cut, where the system can (not Windows)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def keep_as(path: Path, other: Path) -> None:
    """Let the file at `path` be at `other`, too, so that `path` can be replaced in one step."""
    try:
        os.link(path, other)
    except OSError:  # no hard links here
        part = other.with_name(f"{other.name}.part")
        with suppress(FileNotFoundError):
            part.unlink()
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as copy, path.open("rb") as original:
            shutil.copyfileobj(original, copy)
            copy.flush()
            os.fsync(copy.fileno())
        part.replace(other)
