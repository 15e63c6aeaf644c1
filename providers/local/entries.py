"""What the system says about a file, as an Entry."""

from __future__ import annotations

import os
import stat

from providers.base import Entry, Kind

_JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT: a directory link of Windows


def kind_of(info: os.stat_result) -> Kind:
    """The kind. A junction is a link: nothing may be deleted through it."""
    if stat.S_ISLNK(info.st_mode) or getattr(info, "st_reparse_tag", 0) == _JUNCTION:
        return Kind.LINK
    if stat.S_ISREG(info.st_mode):
        return Kind.FILE
    return Kind.DIR if stat.S_ISDIR(info.st_mode) else Kind.OTHER


def version_of(info: os.stat_result) -> str:
    """Changes when the file is written, replaced or is another one."""
    return f"{info.st_dev}:{info.st_ino}:{info.st_size}:{info.st_mtime_ns}"


def entry_of(path: str, name: str, info: os.stat_result) -> Entry:
    kind = kind_of(info)
    return Entry(
        path=path,
        name=name,
        kind=kind,
        size=info.st_size if kind is Kind.FILE else None,
        modified=info.st_mtime,
        mode=stat.S_IMODE(info.st_mode),
        target=_target(path) if kind is Kind.LINK else None,
        version=version_of(info),
    )


def entry_of_item(item: os.DirEntry[str]) -> Entry:
    """An item of a listing; one that vanished or may not be looked at is still an entry."""
    try:
        info = _look(item)
    except OSError:
        return Entry(path=item.path, name=item.name, kind=_listed_kind(item))
    return entry_of(item.path, item.name, info)


def _look(item: os.DirEntry[str]) -> os.stat_result:
    # Windows leaves device and inode out of a listing, and a version needs them.
    return os.lstat(item.path) if os.name == "nt" else item.stat(follow_symlinks=False)


def _listed_kind(item: os.DirEntry[str]) -> Kind:
    try:
        if item.is_symlink():
            return Kind.LINK
        if item.is_dir(follow_symlinks=False):
            return Kind.DIR
        return Kind.FILE if item.is_file(follow_symlinks=False) else Kind.OTHER
    except OSError:
        return Kind.OTHER


def _target(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None
