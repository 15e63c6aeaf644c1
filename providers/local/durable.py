"""Making bytes and names last, and naming a file without writing over another.

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
_NO_HARD_LINKS = _UNSUPPORTED | {errno.EPERM, errno.EACCES, errno.EMLINK, errno.EXDEV}


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


def move_to_new_name(source: str, target: str, directory: int | None = None) -> None:
    """Give a file the name `target`, never over something. Raises FileExistsError, OSError.

    Both are relative to the open `directory`, if given. A hard link is the one portable call that
    fails when the name is taken. A crash between its two steps leaves both names on the same file,
    which `finish` recognises.
    """
    if WINDOWS:
        os.rename(source, target)  # refuses a taken name there
        return
    try:
        os.link(source, target, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        move_to_free_name(source, target, directory)
        return
    os.unlink(source, dir_fd=directory)


def move_to_free_name(source: str, target: str, directory: int | None = None) -> None:
    """As `move_to_new_name`, where hard links do not exist (FAT, some network disks, directories).

    Looks, then renames: something made in between by another program would be replaced.
    """
    try:
        os.stat(target, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(source, target, src_dir_fd=directory, dst_dir_fd=directory)
        return
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)


@cache
def new_file_mode() -> int:
    """The permission bits a new file gets when nobody asks for others.

    The umask can only be read by setting it; for that moment it is the strictest.
    """
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
