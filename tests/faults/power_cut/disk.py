"""A disk that knows what was synced: what it may hold after a power cut at any call of a record.

Bytes of a file last from its sync on, names of a directory from that directory's. What else was
written or named before the cut may be there or not, name by name in each directory's own order.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tests.faults.power_cut.recording import Call


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a file. `data` None: it is cut to `at` bytes, or (`at` None) timed."""

    ended: int
    at: int | None = None
    data: bytes | None = None
    modified: int = 0  # nanoseconds


@dataclass(eq=False, slots=True)
class File:
    """`lasting` bytes, and what was done to them since."""

    lasting: list[Change] = field(default_factory=list)
    pending: list[Change] = field(default_factory=list)
    identity: tuple[int, int] | None = None  # device and inode on the recorded disk

    def sync(self, before: int) -> None:
        self.lasting += [change for change in self.pending if change.ended < before]
        self.pending = [change for change in self.pending if change.ended >= before]


@dataclass(eq=False, slots=True)
class Directory:
    """`names` as a process sees them; `first` as they were; `namings` what was done since."""

    first: dict[str, Node] = field(default_factory=dict)
    names: dict[str, Node] = field(default_factory=dict)
    namings: list[Naming] = field(default_factory=list)
    identity: tuple[int, int] | None = None

    def sync(self, before: int) -> None:
        for naming in self.namings:
            naming.lasts |= naming.ended < before


Node: TypeAlias = File | Directory


@dataclass(eq=False, slots=True)
class Naming:
    """What one call did to names, in one or two directories: all of it or nothing."""

    ended: int
    changes: list[tuple[Directory, str, Node | None]]
    lasts: bool = False


@dataclass(slots=True)
class Opened:
    node: Node
    offset: int = 0


class Disk:
    """The folder `top`, beginning as `root` says. `apply` calls in the order they took effect.

    `made`: every file and directory that a call made, in that order.
    """

    def __init__(self, top: Path, root: Directory) -> None:
        self._top = top
        self._opened: dict[int, Opened] = {}
        self.root = copy.deepcopy(root)
        self.made: list[Node] = []

    def apply(self, call: Call) -> None:
        """Raises NotImplementedError for a call that this disk does not know."""
        _APPLY.get(call.name, _ignore)(self, call)

    def files(self, below: Directory | None = None) -> Iterator[tuple[str, File]]:
        """Every name of a file that a process would see now."""
        for name, node in (below or self.root).names.items():
            if isinstance(node, Directory):
                yield from self.files(node)
            else:
                yield name, node

    # What calls are about ------------------------------------------------------------------------

    def file(self, call: Call) -> File | None:
        opened = self._opened.get(_number(call.arguments[0]))
        return opened.node if opened is not None and isinstance(opened.node, File) else None

    def place(self, where: str, path: bytes) -> tuple[Directory, str] | None:
        """The directory that `path` names something in, and the name; None when it is not here.

        `where` is the descriptor that a relative path begins at.
        """
        text = os.fsdecode(path)
        here: Node | None
        if text.startswith("/"):
            if not Path(text).is_relative_to(self._top):
                return None
            parts, here = Path(text).relative_to(self._top).parts, self.root
        else:
            opened = self._opened.get(_number(where))
            parts, here = Path(text).parts, opened.node if opened is not None else None
        for part in parts[:-1]:
            here = here.names.get(part) if isinstance(here, Directory) else None
        return (here, parts[-1] if parts else ".") if isinstance(here, Directory) else None

    def node(self, where: str, path: bytes) -> Node | None:
        found = self.place(where, path)
        if found is None:
            return None
        directory, name = found
        return directory if name == "." else directory.names.get(name)

    def name(self, call: Call, *changes: tuple[tuple[Directory, str] | None, Node | None]) -> None:
        """Carry out what a call does to names; those of other disks are left alone."""
        here = [(*place, node) for place, node in changes if place is not None]
        naming = Naming(call.ended, here)
        for directory, name, node in here:
            if node is None:
                directory.names.pop(name, None)
            else:
                directory.names[name] = node
            if naming not in directory.namings:
                directory.namings.append(naming)

    def open(self, call: Call, where: str, flags: str) -> None:
        place = self.place(where, call.strings[0])
        node = self.node(where, call.strings[0])
        if node is None and place is not None and "O_CREAT" in flags:
            node = File()
            self.made.append(node)
            self.name(call, (place, node))
        if node is None:
            self._opened.pop(call.result, None)
            return
        if "O_APPEND" in flags:
            raise NotImplementedError(call.name, flags)
        self._opened[call.result] = Opened(node)
        if isinstance(node, File) and "O_TRUNC" in flags:
            node.pending.append(Change(call.ended, 0))

    def close(self, descriptor: int) -> None:
        self._opened.pop(descriptor, None)

    def duplicate(self, descriptor: int, other: int) -> None:
        if descriptor in self._opened:
            self._opened[other] = self._opened[descriptor]
        else:
            self._opened.pop(other, None)

    def seek(self, descriptor: int, offset: int) -> None:
        if descriptor in self._opened:
            self._opened[descriptor].offset = offset

    def write(self, call: Call, at: int | None = None) -> None:
        opened, file = self._opened.get(_number(call.arguments[0])), self.file(call)
        if opened is None or file is None:
            return
        data = call.strings[0][: call.result]
        file.pending.append(Change(call.ended, opened.offset if at is None else at, data))
        if at is None:
            opened.offset += call.result

    def sync(self, call: Call) -> None:
        opened = self._opened.get(_number(call.arguments[0]))
        if opened is not None:
            opened.node.sync(call.began)


def as_it_is(folder: Path) -> Directory:
    """What stands in `folder`, all of it lasting."""
    directory = Directory(identity=identity_of(folder))
    for path in folder.iterdir():
        if path.is_dir():
            directory.first[path.name] = as_it_is(path)
            continue
        times = Change(0, modified=path.stat().st_mtime_ns)
        data = Change(0, 0, path.read_bytes())
        directory.first[path.name] = File([data, times], identity=identity_of(path))
    directory.names = dict(directory.first)
    return directory


def identity_of(path: Path) -> tuple[int, int]:
    info = path.stat()
    return info.st_dev, info.st_ino


# The calls ----------------------------------------------------------------------------------------


def _number(argument: str) -> int:
    return int(argument) if argument.isdigit() else -1


def _ignore(disk: Disk, call: Call) -> None:
    return


def _openat(disk: Disk, call: Call) -> None:
    disk.open(call, call.arguments[0], call.arguments[2])


def _open(disk: Disk, call: Call) -> None:
    disk.open(call, "", call.arguments[1])


def _fcntl(disk: Disk, call: Call) -> None:
    if call.arguments[1].startswith("F_DUPFD"):
        disk.duplicate(_number(call.arguments[0]), call.result)


def _dup(disk: Disk, call: Call) -> None:
    disk.duplicate(_number(call.arguments[0]), call.result)


def _ftruncate(disk: Disk, call: Call) -> None:
    if (file := disk.file(call)) is not None:
        file.pending.append(Change(call.ended, _number(call.arguments[1])))


def _utimensat(disk: Disk, call: Call) -> None:
    where = call.arguments[0]
    node = disk.node(where, call.strings[0]) if call.strings else disk.file(call)
    if isinstance(node, File):
        node.pending.append(Change(call.ended, modified=[0, *call.times][-1]))


def _rename(disk: Disk, call: Call) -> None:
    """Two paths, each perhaps after the descriptor it begins at."""
    source, target = _ends(disk, call)
    moved = source[0].names.get(source[1]) if source is not None else None
    if moved is None and target is not None:
        raise NotImplementedError("something came from another disk")
    disk.name(call, (source, None), (target, moved))


def _link(disk: Disk, call: Call) -> None:
    source, target = _ends(disk, call)
    disk.name(call, (target, source[0].names[source[1]] if source is not None else None))


_Ends: TypeAlias = tuple[tuple[Directory, str] | None, tuple[Directory, str] | None]


def _ends(disk: Disk, call: Call) -> _Ends:
    at = [number for number, argument in enumerate(call.arguments) if argument == "$"]
    from_, to = (call.arguments[number - 1] if number else "" for number in at)
    return disk.place(from_, call.strings[0]), disk.place(to, call.strings[1])


def _unlink(disk: Disk, call: Call) -> None:
    disk.name(call, (disk.place(call.arguments[0], call.strings[0]), None))


def _mkdir(disk: Disk, call: Call) -> None:
    made = Directory()
    disk.made.append(made)
    disk.name(call, (disk.place(call.arguments[0], call.strings[0]), made))


def _write(disk: Disk, call: Call) -> None:
    disk.write(call)


def _pwrite(disk: Disk, call: Call) -> None:
    disk.write(call, _number(call.arguments[3]))


def _unknown(disk: Disk, call: Call) -> None:
    if disk.file(call) is not None or (call.strings and disk.place("", call.strings[-1])):
        raise NotImplementedError(call.name)


_APPLY: dict[str, Callable[[Disk, Call], None]] = {
    "open": _open,
    "openat": _openat,
    "close": lambda disk, call: disk.close(_number(call.arguments[0])),
    "fcntl": _fcntl,
    "lseek": lambda disk, call: disk.seek(_number(call.arguments[0]), call.result),
    "write": _write,
    "pwrite64": _pwrite,
    "ftruncate": _ftruncate,
    "fsync": Disk.sync,
    "fdatasync": Disk.sync,
    "utimensat": _utimensat,
    **dict.fromkeys(("dup", "dup2", "dup3"), _dup),
    **dict.fromkeys(("rename", "renameat", "renameat2"), _rename),
    **dict.fromkeys(("link", "linkat"), _link),
    **dict.fromkeys(("unlink", "unlinkat", "rmdir"), _unlink),
    **dict.fromkeys(("mkdir", "mkdirat"), _mkdir),
    **dict.fromkeys(("writev", "pwritev", "truncate", "fallocate", "copy_file_range"), _unknown),
    **dict.fromkeys(("sendfile", "utimes", "utime", "symlink", "symlinkat"), _unknown),
}
