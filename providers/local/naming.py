"""Giving a file a name that nothing has yet: never over something, as each system can.

Three ways, the best first. One call that refuses a taken name (Linux, macOS, Windows); a hard link,
which refuses it too, where a disk knows no such call (NFS, some FUSE); a look and a rename where
there are no hard links either.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from providers.local.durable import sync_directory

WINDOWS = os.name == "nt"

# Two numbers on macOS. EINVAL: this disk does not know the flag (renameat2(2)).
_UNSUPPORTED = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_NO_EXCLUSIVE_RENAME = _UNSUPPORTED | {errno.EINVAL, errno.EPERM}
_NO_HARD_LINKS = _UNSUPPORTED | {errno.EPERM, errno.EACCES, errno.EMLINK, errno.EXDEV}
# The call, its flag for "never over something", and its word for the working directory:
# renameat2(2) and <fcntl.h> of Linux, renameatx_np(2) and <sys/fcntl.h> of macOS.
_CALLS = {"linux": ("renameat2", 1, -100), "darwin": ("renameatx_np", 4, -2)}

ExclusiveRename = Callable[[str, str, int | None], None]


def _find_exclusive_rename() -> ExclusiveRename | None:
    if sys.platform not in _CALLS:
        return None
    name, flag, here = _CALLS[sys.platform]
    try:
        import ctypes

        call = getattr(ctypes.CDLL(None, use_errno=True), name)
    except (ImportError, OSError, AttributeError):  # a small Python, an older C library
        return None
    number, text = ctypes.c_int, ctypes.c_char_p
    call.argtypes = [number, text, number, text, ctypes.c_uint]
    call.restype = number

    def rename(source: str, target: str, directory: int | None) -> None:
        at = here if directory is None else directory
        if call(at, os.fsencode(source), at, os.fsencode(target), flag) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), source, None, target)

    return rename


exclusive_rename = _find_exclusive_rename()
"""Renames unless the name is taken, in one step; None where the system has no such call."""


def move_to_new_name(source: str, target: str, directory: int | None = None) -> None:
    """Give a file the name `target`, never over something. Raises FileExistsError, OSError.

    Both are relative to the open `directory`, if given. Where it takes a hard link, a crash between
    the two steps leaves both names on the same file, which `finish` recognises.
    """
    if WINDOWS:
        os.rename(source, target)  # refuses a taken name there
        return
    if _renamed_exclusively(source, target, directory):
        return
    try:
        os.link(source, target, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _look_and_rename(source, target, directory)
        return
    if os.path.dirname(source) != os.path.dirname(target):  # a power cut may take both names
        sync_directory(os.path.dirname(target) or os.curdir, directory)
    os.unlink(source, dir_fd=directory)


def move_to_free_name(source: str, target: str, directory: int | None = None) -> None:
    """As `move_to_new_name`, for what cannot have two names: directories and links."""
    if not _renamed_exclusively(source, target, directory):
        _look_and_rename(source, target, directory)


def _renamed_exclusively(source: str, target: str, directory: int | None) -> bool:
    """False where the system, or this disk, has no such call. Raises FileExistsError, OSError."""
    if exclusive_rename is None:
        return False
    try:
        exclusive_rename(source, target, directory)
    except OSError as error:
        if error.errno not in _NO_EXCLUSIVE_RENAME:
            raise
        return False
    return True


def _look_and_rename(source: str, target: str, directory: int | None) -> None:
    """The last resort: something made in between by another program would be replaced."""
    try:
        os.stat(target, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(source, target, src_dir_fd=directory, dst_dir_fd=directory)
        return
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
