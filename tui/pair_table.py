"""The pairs that a comparison found, a million as well as ten: one thread adds, others read.

Pairs stand in groups that are compressed when they are full, and are made again when they are
asked for. What totals and filters need of each stands beside them in columns.
"""

from __future__ import annotations

import marshal
import zlib
from array import array
from collections.abc import Iterable, Iterator
from itertools import compress
from typing import Any, TypeAlias

from providers.base import Entry, Kind, no_digests
from providers.records import dataclass
from transfers.mirror import planning
from transfers.mirror.model import Action, Mark, Pair

_GROUP = 64  # pairs compressed together: a screenful is unpacked in some ms
_KEPT = 32  # groups that were unpacked last
_KINDS = tuple(Kind)
_MARKS = tuple(Mark)

_Group: TypeAlias = list[Pair]


@dataclass(frozen=True, slots=True)
class Sort:
    """What pairs have in common of which the same can be done. `allowed`: what a person may choose,
    what a mirror does first."""

    mark: Mark
    folder: bool
    allowed: tuple[Action, ...]


def sort_of(pair: Pair) -> Sort:
    return Sort(pair.mark, planning.is_folder(pair), planning.allowed(pair))


@dataclass(slots=True)
class Tally:
    """How many pairs, and the bytes of their files on either side."""

    count: int = 0
    left: int = 0
    right: int = 0

    def add(self, left: int, right: int, sign: int = 1) -> None:
        self.count += sign
        self.left += sign * left
        self.right += sign * right


class PairTable:
    """`sorts` are all that occur, `tallies` what each comes to; `sort_at` has one byte a pair, its
    place in them."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self.sorts: list[Sort] = []
        self.tallies: list[Tally] = []
        self.sort_at = bytearray()
        self.left_sizes = array("q")  # bytes; 0 where none is known
        self.right_sizes = array("q")
        self._holders = array("q")  # where the folder is that a pair is in; its own place: nowhere
        self._folders: dict[tuple[str, ...], int] = {}
        self._groups: list[_Group | bytes] = [[]]
        self._places: dict[Sort, int] = {}
        self._unpacked: dict[int, _Group] = {}
        self.extend(pairs)

    def __len__(self) -> int:
        return len(self.sort_at)

    def extend(self, pairs: Iterable[Pair]) -> None:
        """Only one thread does."""
        for pair in pairs:
            last = self._groups[-1]
            assert isinstance(last, list)
            last.append(pair)
            if len(last) == _GROUP:
                self._groups[-1] = _packed(last)
                self._groups.append([])
            at, sort = len(self.sort_at), sort_of(pair)
            if sort.folder:
                self._folders[pair.relative] = at
            self._holders.append(self._folders.get(pair.relative[:-1], at))
            left, right, place = _size(pair.left), _size(pair.right), self._place(sort)
            self.tallies[place].add(left, right)
            self.left_sizes.append(left)
            self.right_sizes.append(right)
            self.sort_at.append(place)

    def _place(self, sort: Sort) -> int:
        if sort not in self._places:
            self.tallies.append(Tally())
            self.sorts.append(sort)
            self._places[sort] = len(self.sorts) - 1
        return self._places[sort]

    def __getitem__(self, at: int) -> Pair:
        number = at // _GROUP
        group = self._groups[number]
        if isinstance(group, list):
            return group[at % _GROUP]
        return self._made(number, group)[at % _GROUP]

    def _made(self, number: int, group: bytes) -> _Group:
        found = self._unpacked.get(number)
        if found is None:
            found = _unpacked(group)
            if len(self._unpacked) >= _KEPT:
                self._unpacked.clear()
            self._unpacked[number] = found
        return found

    def __iter__(self) -> Iterator[Pair]:
        for group in list(self._groups):
            yield from list(group) if isinstance(group, list) else _unpacked(group)

    def sort(self, at: int) -> Sort:
        return self.sorts[self.sort_at[at]]

    def above(self, at: int) -> Iterator[int]:
        """Where the folders are that it is in, the innermost first; those that are pairs."""
        while (above := self._holders[at]) != at:
            yield above
            at = above

    def below(self, at: int) -> list[int]:
        """Where all is that is below the folder at `at`: it comes after that."""
        count = len(self)
        inside = bytearray(count)
        inside[at] = 1
        for each, above in enumerate(self._holders[at + 1 : count], at + 1):
            inside[each] = inside[above]
        return list(compress(range(at + 1, count), inside[at + 1 :]))

    def positions(self, marks: Iterable[Mark], start: int = 0, end: int | None = None) -> list[int]:
        """Where pairs with one of `marks` are, from `start` on, before `end`."""
        wanted = frozenset(marks)
        chosen = bytes(sort.mark in wanted for sort in self.sorts).ljust(256, b"\0")
        part = bytes(self.sort_at[start:end])
        return list(compress(range(start, start + len(part)), part.translate(chosen)))


def _size(entry: Entry | None) -> int:
    size = 0 if entry is None or entry.kind is not Kind.FILE else entry.size or 0
    return size if 0 <= size < 1 << 62 else 0


def _packed(group: _Group) -> bytes:
    rows = [
        (
            *(pair.relative, _MARKS.index(pair.mark), _plain(pair.left), _plain(pair.right)),
            *(pair.left_path, pair.right_path, pair.why),
        )
        for pair in group
    ]
    return zlib.compress(marshal.dumps(rows), 1)


def _plain(entry: Entry | None) -> tuple[Any, ...] | None:
    if entry is None:
        return None
    facts = (entry.path, entry.name, _KINDS.index(entry.kind), entry.size, entry.modified)
    return (*facts, entry.mode, entry.target, entry.version, dict(entry.digests) or None)


def _unpacked(group: bytes) -> _Group:
    rows: list[Any] = marshal.loads(zlib.decompress(group))
    return [
        Pair(relative, _MARKS[mark], _entry(left), _entry(right), left_path, right_path, why)
        for relative, mark, left, right, left_path, right_path, why in rows
    ]


def _entry(facts: tuple[Any, ...] | None) -> Entry | None:
    if facts is None:
        return None
    path, name, kind, size, modified, mode, target, version, digests = facts
    told = digests or no_digests()
    return Entry(path, name, _KINDS[kind], size, modified, mode, target, version, told)
