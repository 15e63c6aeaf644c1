"""How much may still be written on the disk of a folder."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable

from providers.base import Room

_statvfs: Callable[[str], os.statvfs_result] | None = getattr(os, "statvfs", None)


def room(path: str) -> Room:
    """See `providers.base.Measured`. A quota of one's own is not seen. Raises OSError."""
    folder = os.path.abspath(path)
    while True:
        try:
            info = os.stat(folder)
        except (FileNotFoundError, NotADirectoryError):
            pass
        else:
            if stat.S_ISDIR(info.st_mode):
                return Room(str(info.st_dev), _free(folder))
        above = os.path.dirname(folder)
        if above == folder:
            raise FileNotFoundError(path)
        folder = above


def _free(folder: str) -> int:
    if _statvfs is None:  # Windows
        return shutil.disk_usage(folder).free
    found = _statvfs(folder)
    return found.f_bavail * found.f_frsize
