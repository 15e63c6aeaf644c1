"""The entries of a folder, a million as well as ten: added to by one thread, read by others.

A `Table` takes them in, in blocks that are packed when they are full; `Rows` are some of them in an
order, and make an entry when it is asked for. Whoever shows rows asks for those in sight.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import overload

from providers.base import Entry
from tui.packed import Block, Loose, pack

BLOCK = 1 << 10  # entries
_REMEMBERED = 1000  # paths
_FEW = 8  # paths up to which blocks are looked at for each


class Table:
    """All entries that were read of one folder. Only one thread adds to it."""

    def __init__(self) -> None:
        self.blocks: list[Block] = [Loose()]
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, page: Iterable[Entry]) -> None:
        page = iter(page)
        while more := list(islice(page, BLOCK - len(self.blocks[-1]))):
            last = self.blocks[-1]
            assert isinstance(last, Loose)
            last.extend(more)
            if len(last) == BLOCK:
                self.blocks[-1] = pack(last)
                self.blocks.append(Loose())
            self._count += len(more)

    def entry(self, index: int) -> Entry:
        return self.blocks[index // BLOCK][index % BLOCK]

    def name(self, index: int) -> str:
        return self.blocks[index // BLOCK].name(index % BLOCK)

    def size(self, index: int) -> int | None:
        return self.blocks[index // BLOCK].size(index % BLOCK)

    def modified(self, index: int) -> float | None:
        return self.blocks[index // BLOCK].modified(index % BLOCK)

    def is_directory(self, index: int) -> bool:
        return self.blocks[index // BLOCK].is_directory(index % BLOCK)


class Rows(Sequence[Entry]):
    """Entries of `table`: those at `order`, in that order. It never changes."""

    def __init__(self, table: Table, order: Sequence[int]) -> None:
        self.table = table
        self.order = order

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Rows:
        """`entries` themselves where they are rows already."""
        if isinstance(entries, Rows):
            return entries
        table = Table()
        table.extend(entries)
        return cls(table, range(len(table)))

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> list[Entry]: ...
    def __getitem__(self, at: int | slice) -> Entry | list[Entry]:
        if isinstance(at, slice):
            return [self.table.entry(index) for index in self.order[at]]
        return self.table.entry(self.order[at])

    def __iter__(self) -> Iterator[Entry]:
        if isinstance(self.order, range):
            blocks = self.table.blocks[: 1 + len(self) // BLOCK]
            return islice((entry for block in blocks for entry in block), len(self))
        return map(self.table.entry, self.order)

    def position(self, path: str) -> int | None:
        """Where in this order the entry at `path` is; None when it is not among these."""
        index = self.indexes((path,)).get(path)
        if index is None or isinstance(self.order, range):
            return index
        with suppress(ValueError):
            return self.order.index(index)
        return None

    def indexes(self, paths: Collection[str]) -> dict[str, int]:
        """Where in the table those of `paths` are that it has; not all of them need be shown."""
        found: dict[str, int] = {}
        for number, block in enumerate(self.table.blocks if paths else ()):
            if len(paths) > _FEW or any(map(block.may_hold, paths)):
                first = number * BLOCK
                found |= {path: at for at, path in enumerate(block.paths(), first) if path in paths}
        return found

    def names(self) -> Iterator[str]:
        """In this order, without making entries."""
        return map(self.table.name, self.order)

    def again(self, paths: Collection[str]) -> dict[str, Entry | None]:
        """What is at each of `paths`; None: nothing that was read."""
        found = self.indexes(paths)
        return {path: self.table.entry(found[path]) if path in found else None for path in paths}


NO_ROWS = Rows(Table(), range(0))


class Paths(Container[str]):
    """The paths of all that was read with `rows`. What was asked last is remembered."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known: dict[object, bool] = {}

    def __contains__(self, path: object) -> bool:
        if path not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[path] = isinstance(path, str) and bool(self._rows.indexes((path,)))
        return self._known[path]
