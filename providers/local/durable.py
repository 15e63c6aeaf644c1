"""Making bytes and names last.

Systems differ here; each difference is one function, whose fallback a test forces.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import cache

WINDOWS = os.name == "nt"

_UNSUPPORTED = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})  # two numbers on macOS
# Directories of these file systems cannot be synced, or may be written but not read.
_NO_DIRECTORY_SYNC = _UNSUPPORTED | {errno.EINVAL, errno.EBADF, errno.EACCES, errno.EPERM}
_NO_FULL_SYNC = _UNSUPPORTED | {errno.EINVAL, errno.ENOTTY, errno.ENODEV}


def _find_full_sync() -> Callable[[int], object] | None:
    """macOS: fsync stops at the drive's cache, F_FULLFSYNC does not (fsync(2) there)."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    command = getattr(fcntl, "F_FULLFSYNC", None)
    return None if command is None else lambda descriptor: fcntl.fcntl(descriptor, command)


_full_sync = _find_full_sync()
_data_sync: Callable[[int], None] | None = getattr(os, "fdatasync", None)


def sync_file(descriptor: int) -> None:
    """Return once the file's bytes, size, time and mode are on the disk. Raises OSError."""
    if _full_sync is not None:
        try:
            _full_sync(descriptor)
            return
        except OSError as error:  # network and FAT disks refuse it
            if error.errno not in _NO_FULL_SYNC:
                raise
    os.fsync(descriptor)


def sync_data(descriptor: int) -> None:
    """Return once the file's bytes and size are on the disk. Raises OSError."""
    if _data_sync is not None and _full_sync is None:
        _data_sync(descriptor)
    else:
        sync_file(descriptor)


def sync_directory(path: str, directory: int | None = None) -> None:
    """Return once the names in a directory are on the disk, where the system can. Raises OSError.

    `path` is relative to the open `directory`, if given. Windows has no such call; NTFS journals
    its names.
    """
    if WINDOWS:
        return
    try:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        descriptor = os.open(path, flags, dir_fd=directory)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_DIRECTORY_SYNC:
            raise


@cache
def new_file_mode() -> int:
    """The permission bits a new file gets when nobody asks for others.

    The umask can only be read by setting it; for that moment it is the strictest.
    """
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
