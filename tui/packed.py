"""A block of entries in a fifth of their memory: columns, and entries made when asked for.

Sizes and times stand in arrays, names in one string. What is only looked at when an entry is used
(version, digests, a link's target), or rarely differs from the rest, is compressed in groups.
"""

from __future__ import annotations

import marshal
import zlib
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, TypeAlias, overload

from providers.base import Entry, Kind, no_digests

_GROUP = 64  # entries compressed together: a screenful in any order is unpacked in some ms
_BETWEEN = "\0"  # no name that can be packed has it
_KINDS = tuple(Kind)
_UNKNOWN = -1


class Packed(Sequence[Entry]):
    """What `pack` makes. It never changes: any thread may read it."""

    __slots__ = (
        "_ends",
        "_folder",
        "_kinds",
        "_modes",
        "_names",
        "_paths",
        "_rest",
        "_sizes",
        "_times",
    )

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Raises ValueError or OverflowError for values that the columns cannot hold."""
        names = [entry.name for entry in entries]
        if any(_BETWEEN in name for name in names):
            raise ValueError
        self._names = _BETWEEN + _BETWEEN.join(names) + _BETWEEN
        self._ends = array("I", accumulate(len(name) + 1 for name in names))
        self._kinds = bytes(_KINDS.index(entry.kind) for entry in entries)
        self._sizes = array("q", [_known(entry.size) for entry in entries])
        self._modes = array("h", [_known(entry.mode) for entry in entries])
        self._times = array("d", [_time(entry.modified) for entry in entries])
        self._folder = entries[0].path.removesuffix(entries[0].name)
        self._paths = _squeezed([_odd_path(entry, self._folder) for entry in entries])
        self._rest = _squeezed([_rest(entry) for entry in entries])

    def __len__(self) -> int:
        return len(self._kinds)

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> list[Entry]: ...
    def __getitem__(self, at: int | slice) -> Entry | list[Entry]:
        if isinstance(at, slice):
            return [self[each] for each in range(len(self))[at]]
        at = range(len(self))[at]
        name = self.name(at)
        path, rest = _one(self._paths, at), _one(self._rest, at)
        return self._entry(at, name, self._folder + name if path is None else path, rest)

    def __iter__(self) -> Iterator[Entry]:
        rows = zip(self.names(), self.paths(), _all(self._rest, len(self)), strict=True)
        return (self._entry(at, *row) for at, row in enumerate(rows))

    def _entry(self, at: int, name: str, path: str, rest: Any) -> Entry:
        target, version, digests = rest or (None, None, None)
        kind, mode = _KINDS[self._kinds[at]], self._modes[at]
        return Entry(
            path,
            name,
            kind,
            self.size(at),
            self.modified(at),
            None if mode == _UNKNOWN else mode,
            target,
            version,
            digests or no_digests(),
        )

    def name(self, at: int) -> str:
        start = self._ends[at - 1] if at else 0
        return self._names[start + 1 : self._ends[at]]

    def names(self) -> list[str]:
        """Of all entries, in order."""
        return self._names[1:-1].split(_BETWEEN)

    def paths(self) -> list[str]:
        """Of all entries, in order."""
        found = [self._folder + name for name in self.names()]
        if self._paths is not None:
            odd = _all(self._paths, len(self))
            return [path or usual for path, usual in zip(odd, found, strict=True)]
        return found

    def may_hold(self, path: str) -> bool:
        """False when no entry is at `path`."""
        name = path.removeprefix(self._folder)
        return self._paths is not None or f"{_BETWEEN}{name}{_BETWEEN}" in self._names

    def may_match(self, part: str) -> bool:
        """False when no name has `part`, which is case folded, in it."""
        return part in self._names.casefold()

    def is_directory(self, at: int) -> bool:
        return _KINDS[self._kinds[at]] is Kind.DIR

    def size(self, at: int) -> int | None:
        size = self._sizes[at]
        return None if size == _UNKNOWN else size

    def modified(self, at: int) -> float | None:
        modified = self._times[at]
        return modified if modified == modified else None


class Loose(list[Entry]):
    """Entries as they came, to be read as packed ones are."""

    def name(self, at: int) -> str:
        return self[at].name

    def names(self) -> list[str]:
        return [entry.name for entry in self]

    def paths(self) -> list[str]:
        return [entry.path for entry in self]

    def may_hold(self, path: str) -> bool:
        return True

    def may_match(self, part: str) -> bool:
        return True

    def is_directory(self, at: int) -> bool:
        return self[at].kind is Kind.DIR

    def size(self, at: int) -> int | None:
        return self[at].size

    def modified(self, at: int) -> float | None:
        return self[at].modified


Block: TypeAlias = Packed | Loose


def pack(entries: Loose) -> Block:
    """`entries`, of which there are some, in little memory; where one has values out of all bounds
    (a size of 2^63), as they are."""
    try:
        return Packed(entries)
    except (OverflowError, ValueError):
        return entries


def _known(number: int | None) -> int:
    if number is None:
        return _UNKNOWN
    if number < 0:
        raise ValueError
    return number


def _time(modified: float | None) -> float:
    if modified is None:
        return float("nan")
    if modified != modified:
        raise ValueError
    return modified


def _odd_path(entry: Entry, folder: str) -> str | None:
    return None if entry.path == folder + entry.name else entry.path


def _rest(entry: Entry) -> tuple[str | None, str | None, dict[str, str] | None] | None:
    rest = (entry.target, entry.version, dict(entry.digests) or None)
    return rest if any(rest) or entry.target == "" or entry.version == "" else None


def _squeezed(values: list[Any]) -> list[bytes] | None:
    """Plain values in groups; None when there are none."""
    if all(value is None for value in values):
        return None
    groups = (values[at : at + _GROUP] for at in range(0, len(values), _GROUP))
    return [zlib.compress(marshal.dumps(group), 1) for group in groups]


def _one(groups: list[bytes] | None, at: int) -> Any:
    return None if groups is None else _group(groups[at // _GROUP])[at % _GROUP]


def _all(groups: list[bytes] | None, count: int) -> list[Any]:
    if groups is None:
        return [None] * count
    return [value for group in groups for value in _group(group)]


def _group(squeezed: bytes) -> list[Any]:
    values: list[Any] = marshal.loads(zlib.decompress(squeezed))
    return values
