"""A folder held open: what is done in it happens there, wherever its path may lead meanwhile.

The door against a link swapped in for a directory (faults.md D3): the way down to the folder is
walked by descriptors that never follow a link, and names in it are used relative to it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from providers.base import Kind
from providers.errors import InvalidName, WrongKind
from providers.local.durable import sync_directory
from providers.local.entries import kind_of
from providers.local.faults import system_errors
from providers.local.naming import move_to_free_name, move_to_new_name
from providers.records import dataclass

Identity = tuple[int, int]
"""Device and inode."""

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
# O_PATH (Linux) needs no right to read the folder: one that may only be written to is enough.
OPEN_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | _DIRECTORY | getattr(os, "O_CLOEXEC", 0)
BY_DESCRIPTOR = bool(_DIRECTORY and NO_FOLLOW) and (
    {os.open, os.stat, os.unlink, os.rmdir, os.rename, os.link, os.symlink} <= os.supports_dir_fd
)
"""Whether this system uses names relative to an open folder: Windows does not."""

_NOT_A_DIRECTORY = frozenset({errno.ENOTDIR, errno.ELOOP, errno.EMLINK})  # O_NOFOLLOW met a link


def identity_of(info: os.stat_result) -> Identity:
    return (info.st_dev, info.st_ino)


@dataclass(frozen=True, slots=True)
class Folder:
    """Names are single components. Methods raise OSError, and WrongKind without a descriptor."""

    path: str
    identity: Identity
    descriptor: int | None  # None: used by its path, which is looked at before each step

    def look(self, name: str) -> os.stat_result | None:
        """What stands at `name`, a link itself; None when nothing does."""
        try:
            return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open(self, name: str, flags: int) -> int:
        return os.open(self._at(name), flags, 0o600, dir_fd=self.descriptor)

    def unlink(self, name: str) -> None:
        """Remove a file or link. Nothing there is success."""
        try:
            os.unlink(self._at(name), dir_fd=self.descriptor)
        except FileNotFoundError:
            return

    def make_link(self, name: str, target: str) -> None:
        """Make a symbolic link, never over something. Raises FileExistsError."""
        directory = os.path.isdir(os.path.join(self.path, target))  # Windows has two kinds of links
        at = self._at(name)
        os.symlink(target, at, target_is_directory=directory, dir_fd=self.descriptor)

    def add_name(self, existing: str, name: str) -> None:
        """Give the file at the path `existing` another name, never over something; a link there is
        not followed where the system can leave it. Raises FileExistsError."""
        follows = os.link not in os.supports_follow_symlinks
        os.link(existing, self._at(name), dst_dir_fd=self.descriptor, follow_symlinks=follows)

    def name_new(self, name: str, other: str) -> None:
        """Give a file the name `other`, never over something; `name` may be a whole path.

        Raises FileExistsError.
        """
        move_to_new_name(self._at(name), self._at(other), self.descriptor)

    def name_free(self, name: str, other: str) -> None:
        """As `name_new`, for directories and links."""
        move_to_free_name(self._at(name), self._at(other), self.descriptor)

    def name_over(self, name: str, other: str) -> None:
        """Give a file the name `other`, in place of what stands there."""
        source, target = self._at(name), self._at(other)
        os.replace(source, target, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def sync(self) -> None:
        sync_directory(self.path if self.descriptor is None else ".", self.descriptor)

    def _at(self, name: str) -> str:
        if self.descriptor is not None:
            return name
        if identity_of(os.stat(self.path)) != self.identity:
            raise WrongKind(self.path, "another folder has taken its place")
        return os.path.join(self.path, name)


@contextmanager
def open_folder(path: str, within: str = "") -> Iterator[Folder]:
    """The folder `path`, for as long as the block runs.

    Links at or above `within` are followed, never below it; without `within`, all are. Raises
    WrongKind for one below it, NotFound, Denied, InvalidName for a path outside `within`.
    """
    with system_errors(path):
        names = _below(path, within) if within else []
    if not BY_DESCRIPTOR:
        yield _open_by_path(path, within, names)
        return
    with system_errors(path):
        descriptor = _walk(within if names else path, names)
        info = os.fstat(descriptor)
    try:
        yield Folder(path, identity_of(info), descriptor)
    finally:
        os.close(descriptor)


def _below(path: str, within: str) -> list[str]:
    """The names that lead from `within` down to `path`."""
    relative = os.path.relpath(path, within)
    if relative == os.curdir:
        return []
    names = relative.split(os.sep)
    if os.pardir in names:
        raise InvalidName(path, "it is not in the folder that was chosen")
    return names


def _walk(top: str, names: list[str]) -> int:
    descriptor = os.open(top, OPEN_FLAGS)
    here = top
    for name in names:
        here = os.path.join(here, name)
        try:
            below = os.open(name, OPEN_FLAGS | NO_FOLLOW, dir_fd=descriptor)
        except OSError as error:
            if error.errno in _NOT_A_DIRECTORY:
                raise _refusal(here, name, descriptor) from error
            raise
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def _refusal(path: str, name: str, above: int) -> WrongKind:
    try:
        kind = kind_of(os.stat(name, dir_fd=above, follow_symlinks=False))
    except OSError:
        kind = Kind.OTHER
    return _link_in_the_way(path) if kind is Kind.LINK else WrongKind(path, "is not a directory")


def _link_in_the_way(path: str) -> WrongKind:
    return WrongKind(
        path,
        "a link is where a directory is needed",
        advice="Links below the chosen folder are not followed: remove it, or open what it leads "
        "to and copy there.",
    )


def _open_by_path(path: str, within: str, names: list[str]) -> Folder:
    here = within
    for name in names:
        here = os.path.join(here, name)
        with system_errors(path):
            kind = kind_of(os.lstat(here))
        if kind is Kind.LINK:
            raise _link_in_the_way(here)
    with system_errors(path):
        info = os.stat(path)
    if kind_of(info) is not Kind.DIR:
        raise WrongKind(path, "is not a directory")
    return Folder(path, identity_of(info), None)
