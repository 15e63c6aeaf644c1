"""Removing a tree through descriptors, so that a link swapped in leads nowhere (faults.md D9)."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator

from providers.base import Kind
from providers.errors import NotFound, ProviderError, WrongKind
from providers.local.entries import kind_of
from providers.local.faults import system_errors, to_provider_error
from providers.local.folder import BY_DESCRIPTOR, NO_FOLLOW, OPEN_FLAGS, Identity, identity_of
from providers.records import dataclass

Result = ProviderError | None
Removal = Generator[Result, None, None]

_READ_FLAGS = os.O_RDONLY | NO_FOLLOW | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_ATTEMPTS = 3  # at an entry that turns from a directory into something else and back


def remove_tree(path: str) -> Removal:
    """Remove what stands at `path` and all below it, deepest first; links are never followed.

    Yields None for each entry that was removed (or was gone already), the error for each that was
    not. Closing the generator stops it. However deep the tree, few descriptors are used.
    """
    if not BY_DESCRIPTOR:
        return _remove_by_path(path)
    return _Remover(path).results()


@dataclass(slots=True)
class _Level:
    """A directory on the way down. `left`: the names in it that are still to be removed."""

    name: str
    identity: Identity
    left: list[str]


class _Remover:
    """One walk. `_here` is the directory it is in: the only one that is open."""

    def __init__(self, path: str) -> None:
        self._above, name = os.path.split(path)
        self._levels = [_Level("", (0, 0), [name])]
        self._here = -1

    def results(self) -> Removal:
        """See `remove_tree`."""
        try:
            with system_errors(self._above):
                self._here = os.open(self._above or os.curdir, OPEN_FLAGS)
                self._levels[0].identity = identity_of(os.fstat(self._here))
            while self._levels[0].left or len(self._levels) > 1:
                if self._levels[-1].left:
                    yield from self._take(self._levels[-1].left.pop())
                else:
                    yield self._leave()
        except ProviderError as error:
            yield error
        finally:
            if self._here >= 0:
                os.close(self._here)

    def _take(self, name: str) -> Removal:
        """Remove an entry of the directory we are in, or go down into it."""
        error: OSError | None = None
        for _ in range(_ATTEMPTS):
            try:
                info = os.stat(name, dir_fd=self._here, follow_symlinks=False)
                if stat.S_ISDIR(info.st_mode):
                    refused = self._enter(name)
                    if refused is not None:
                        yield self._remove_unread(name, refused)
                    return
                os.unlink(name, dir_fd=self._here)
            except FileNotFoundError:
                pass
            except OSError as changed:  # it may have become something else since it was looked at
                error = changed
                continue
            yield None
            return
        yield to_provider_error(self._path(name), error or OSError())

    def _enter(self, name: str) -> OSError | None:
        """Go down into a directory. Returns why it may not be read, raises for all else."""
        try:
            below = os.open(name, _READ_FLAGS, dir_fd=self._here)
        except PermissionError as error:
            return error
        try:
            with os.scandir(below) as items:
                names = [item.name for item in items]
            level = _Level(name, identity_of(os.fstat(below)), names)
        except BaseException:
            os.close(below)
            raise
        os.close(self._here)
        self._here = below
        self._levels.append(level)
        return None

    def _remove_unread(self, name: str, refused: OSError) -> Result:
        """An empty directory may go unread; otherwise what kept it from being read is told."""
        try:
            os.rmdir(name, dir_fd=self._here)
        except OSError:
            return to_provider_error(self._path(name), refused)
        return None

    def _leave(self) -> Result:
        """Go up and remove the emptied directory. Raises WrongKind where that is not possible."""
        if not self._go_up():
            raise WrongKind(self._path(), "it was moved elsewhere while it was being deleted")
        emptied = self._levels.pop()
        try:
            os.rmdir(emptied.name, dir_fd=self._here)
        except FileNotFoundError:
            return None
        except OSError as error:
            return to_provider_error(self._path(emptied.name), error)
        return None

    def _go_up(self) -> bool:
        """Whether the directory above is still the one we came from."""
        try:
            above = os.open(os.pardir, OPEN_FLAGS, dir_fd=self._here)
        except OSError:
            return False
        os.close(self._here)
        self._here = above
        return identity_of(os.fstat(above)) == self._levels[-2].identity

    def _path(self, *name: str) -> str:
        return os.path.join(self._above, *(level.name for level in self._levels[1:]), *name)


def _remove_by_path(top: str) -> Removal:
    """As `remove_tree`, where directories cannot be opened: each is looked at right before."""
    pending = [(top, False)]
    while pending:
        path, emptied = pending.pop()
        try:
            with system_errors(path):
                if kind_of(os.lstat(path)) is not Kind.DIR:
                    os.unlink(path)
                elif emptied:
                    os.rmdir(path)
                else:
                    with os.scandir(path) as items:
                        below = [(item.path, False) for item in items]
                    pending += [(path, True), *below]
                    continue
        except NotFound:
            pass
        except ProviderError as error:
            yield error
            continue
        yield None
