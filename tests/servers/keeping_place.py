"""A place in memory that keeps what files were, gives links, tells more and lets uploads lie about.

A revision's address is the file's with ";3" behind it. What was deleted is a revision, too.
"""

from __future__ import annotations

import posixpath
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from providers.base import Entry, Kind
from providers.errors import NotFound
from providers.extras import Link, Property, Revision, Unfinished
from providers.memory import MemoryProvider, MemoryReader, Node, Store

URL = "https://keeping.example/shared?Signature=very-secret"
_PAGE = 2  # revisions


@dataclass(slots=True)
class Kept:
    """One of the contents of a file; `node` None: it was deleted then."""

    id: int
    node: Node | None
    stored: float


class KeepingPlace(MemoryProvider):
    """Fill it by `put` and `delete`. `uploads`: the unfinished ones that lie about."""

    longest_link = 7 * 86400.0

    def __init__(self, *uploads: Unfinished) -> None:
        super().__init__(Store())
        self.uploads = list(uploads)
        self.kept: dict[str, list[Kept]] = {}  # the newest first
        self.url = URL
        self.shared: list[tuple[str, float]] = []
        self.ends_sooner = False  # what it shares
        self.keeps = True  # what a file has when it gets other content

    def put(self, path: str, data: bytes, stored: float) -> None:
        """Give a file new content."""
        self.store.nodes.pop(path, None)
        self.store.add(path, Kind.FILE, data=bytearray(data), modified=stored)
        self._keep(path, stored)

    def _keep(self, path: str, stored: float) -> None:
        node = self.store.nodes.get(path)
        kept = Kept(next(self.store.revisions), node, stored)
        self.kept.setdefault(path, []).insert(0, kept)

    # Addresses

    def name(self, path: str) -> str:
        return super().name(self._of(path)[0])

    def parent(self, path: str) -> str:
        return super().parent(self._of(path)[0])

    def _of(self, path: str) -> tuple[str, int | None]:
        """The file that an address is of, and which revision of it."""
        file, separator, number = path.rpartition(";")
        if separator and number.isdecimal() and file in self.kept:
            return file, int(number)
        return path, None

    def _kept(self, path: str) -> Kept | None:
        file, number = self._of(path)
        if number is None:
            return None
        found = [kept for kept in self.kept[file] if kept.id == number]
        if not found:
            raise NotFound(path)
        return found[0]

    # Looking

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        kept = self._kept(path)
        if kept is None:
            return super().stat(path, follow=follow)
        with self.store.doing("stat", path):
            return self._entry(self._of(path)[0], kept)

    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> AbstractContextManager[MemoryReader]:
        kept = self._kept(path)
        if kept is None:
            return super().read(path, offset=offset, length=length, version=version)
        return self._read_kept(path, kept, offset, length)

    @contextmanager
    def _read_kept(
        self, path: str, kept: Kept, offset: int, length: int | None
    ) -> Iterator[MemoryReader]:
        if kept.node is None:
            raise NotFound(path)
        data = bytes(kept.node.data[offset:])
        data = data if length is None else data[:length]
        yield MemoryReader(self.store, self.stat(path), data, len(data))

    def _entry(self, file: str, kept: Kept) -> Entry:
        name = posixpath.basename(file)
        size = None if kept.node is None else len(kept.node.data)
        address = f"{file};{kept.id}"
        return Entry(address, name, Kind.FILE, size, kept.stored, version=f"v{kept.id}")

    # Changing

    def delete(self, path: str) -> None:
        file, number = self._of(path)
        if number is None:
            super().delete(path)
            self._keep(path, time.time())
            return
        with self.store.doing("delete", path):
            kept = self._kept(path)
            self.kept[file] = [each for each in self.kept[file] if each is not kept]
            self.store.nodes.pop(file, None)
            if self.kept[file] and (node := self.kept[file][0].node) is not None:
                self.store.nodes[file] = node

    def staged(self, upload: str) -> str | None:
        return None  # what is unfinished is out of sight

    def finish(
        self,
        upload: str,
        receipts: Sequence[str],
        *,
        replacing: str | None,
        again: bool = False,
    ) -> Entry:
        entry = super().finish(upload, receipts, replacing=replacing, again=again)
        self._keep(entry.path, time.time())
        return entry

    def copy_into(self, upload: str, source: str, *, version: str | None) -> Sequence[str]:
        kept = self._kept(source)
        if kept is None:
            return super().copy_into(upload, source, version=version)
        with self.read(source) as reader:
            return [self.put_part(upload, 0, 0, reader.chunks())]

    # What it offers besides

    def revisions(self, path: str) -> Iterator[Sequence[Revision]]:
        with self.store.doing("revisions", path):
            node = self.store.nodes.get(path)
            if node is None and path not in self.kept:
                raise NotFound(path)
            folder = node is not None and node.kind is Kind.DIR
            found = self._deleted(path) if folder else self._revisions(path)
        for start in range(0, len(found), _PAGE):
            yield found[start : start + _PAGE]

    def _revisions(self, path: str) -> list[Revision]:
        return [
            Revision(
                self._entry(path, kept),
                current=index == 0,
                deleted=kept.node is None,
                kept=self.keeps or index > 0,
            )
            for index, kept in enumerate(self.kept.get(path, ()))
        ]

    def _deleted(self, folder: str) -> list[Revision]:
        newest = [self._revisions(p)[0] for p in self.kept if posixpath.dirname(p) == folder]
        return [revision for revision in newest if revision.deleted]

    def share(self, path: str, seconds: float) -> Link:
        with self.store.doing("share", path):
            self.store.file(path)
            self.shared.append((path, seconds))
            return Link(self.url, time.time() + seconds, self.ends_sooner)

    def properties(self, path: str) -> Sequence[Property]:
        with self.store.doing("properties", path):
            return [Property("Storage class", "STANDARD"), Property("Owner", "ann\x1b[31m")]

    def unfinished(self, path: str) -> Iterator[Sequence[Unfinished]]:
        with self.store.doing("unfinished", path):
            prefix = path.rstrip("/") + "/"
            found = [upload for upload in self.uploads if upload.path.startswith(prefix)]
        for start in range(0, len(found), _PAGE):
            yield found[start : start + _PAGE]

    def take_back(self, upload: Unfinished) -> None:
        with self.store.doing("take_back", upload.path):
            self.uploads = [each for each in self.uploads if each != upload]


def unfinished(path: str, id: str = "1") -> Unfinished:
    """One of 5 MiB that was begun long ago."""
    return Unfinished(path, id, 1e9, 5 << 20)
