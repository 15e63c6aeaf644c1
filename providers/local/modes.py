"""Permission bits, set on the thing itself: never through a link."""

from __future__ import annotations

import errno
import os

from providers.base import Kind
from providers.errors import NotFound, WrongKind
from providers.local.entries import kind_of
from providers.local.faults import system_errors
from providers.local.folder import NO_FOLLOW, Folder, open_folder

_READ = os.O_RDONLY | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_NAME_ONLY = getattr(os, "O_PATH", 0)
_OPEN_FILES = "/proc/self/fd"


def set_mode(path: str, mode: int, within: str) -> None:
    """See `providers.extras.Moder`."""
    above, name = os.path.split(path)
    with open_folder(above, within) as folder, system_errors(path):
        found = folder.look(name)
        if found is None:
            raise NotFound(path)
        kind = kind_of(found)
        if kind is Kind.LINK:
            raise WrongKind(path, "is a link: what it leads to is not changed", advice="")
        if folder.descriptor is None or kind is Kind.OTHER:
            os.chmod(os.path.join(folder.path, name), mode)  # a moment remains after the look
        else:
            _set(folder, name, mode)


def _set(folder: Folder, name: str, mode: int) -> None:
    try:
        descriptor = folder.open(name, _READ)
    except PermissionError:
        _set_unread(folder, name, mode)
        return
    try:
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _set_unread(folder: Folder, name: str, mode: int) -> None:
    """Its owner may not read it, but may change that."""
    if not _NAME_ONLY or not os.path.isdir(_OPEN_FILES):
        os.chmod(name, mode, dir_fd=folder.descriptor)  # a moment remains after the look
        return
    descriptor = folder.open(name, _NAME_ONLY | NO_FOLLOW)
    try:
        if kind_of(os.fstat(descriptor)) is Kind.LINK:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        os.chmod(f"{_OPEN_FILES}/{descriptor}", mode)
    finally:
        os.close(descriptor)
