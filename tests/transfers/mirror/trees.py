"""Two trees in memory for the mirror's tests, and short ways to compare them."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from providers.base import Capabilities, Entry, Kind, Place
from providers.memory import MemoryProvider, Store
from transfers.mirror.model import Mark, Pair, Side, Wish
from transfers.mirror.walking import compare

THEN = 1_600_000_001.25


class Tree(MemoryProvider):
    """A tree whose capabilities a test chooses, and which counts what it is asked.

    `lists`: what a listing tells instead of an entry.
    """

    def __init__(self, **caps: object) -> None:
        super().__init__(Store())
        self._own: Capabilities = replace(super().caps, **caps)  # type: ignore[arg-type]
        self.asked: Counter[tuple[str, str]] = Counter()
        self.lists: Callable[[Entry], Entry] = lambda entry: entry
        self.store.fail = self._count

    @property
    def caps(self) -> Capabilities:
        return self._own

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        for page in super().list_dir(path):
            yield [self.lists(entry) for entry in page]

    def _count(self, operation: str, path: str) -> None:
        self.asked[operation, path] += 1

    def put(self, path: str, data: bytes = b"x", *, modified: float = THEN) -> Tree:
        self.folder(posixpath.dirname(path))
        self.store.nodes.pop(path, None)
        self.store.add(path, Kind.FILE, data=bytearray(data), modified=modified)
        return self

    def folder(self, path: str) -> Tree:
        missing: list[str] = []
        while path not in self.store.nodes:
            missing.append(path)
            path = posixpath.dirname(path)
        for each in reversed(missing):
            self.store.add(each, Kind.DIR, modified=THEN)
        return self

    def link(self, path: str, target: str) -> Tree:
        self.folder(posixpath.dirname(path))
        self.store.add(path, Kind.LINK, target=target, modified=THEN)
        return self

    def count(self, operation: str) -> int:
        return sum(n for (what, _), n in self.asked.items() if what == operation)


def sides(left: Tree, right: Tree) -> tuple[Side, Side]:
    return Side(Place("memory://l", "/"), left), Side(Place("memory://r", "/"), right)


def pages(left: Tree, right: Tree, wish: Wish | None = None) -> Iterator[Sequence[Pair]]:
    return compare(
        *sides(left, right),
        Wish() if wish is None else wish,
        on_progress=lambda _: None,
        cancelled=lambda: False,
    )


def pairs(left: Tree, right: Tree, wish: Wish | None = None) -> list[Pair]:
    return [pair for page in pages(left, right, wish) for pair in page]


def marks(left: Tree, right: Tree, wish: Wish | None = None) -> dict[str, Mark]:
    """By relative path; a path is reported once."""
    found = pairs(left, right, wish)
    named = {"/".join(pair.relative): pair.mark for pair in found}
    assert len(named) == len(found), "a path was reported twice"
    return named


def why(left: Tree, right: Tree, path: str, wish: Wish | None = None) -> str:
    [told] = [p.why for p in pairs(left, right, wish) if "/".join(p.relative) == path]
    return told
