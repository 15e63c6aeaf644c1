"""A tree of files in memory: the shortest example of a provider, and one tests can break.

Every "memory://name" endpoint of one name shows the same tree, as long as the process lives.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import posixpath
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from providers.access import Access
from providers.base import ANY_VERSION, Body, Buffer, Capabilities, Entry, Kind, Parts
from providers.errors import (
    AlreadyExists,
    InvalidName,
    NotEmpty,
    NotFound,
    SourceChanged,
    TargetChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.names import check_name, temporary_name
from providers.records import dataclass, field

_CHUNK = 1 << 16  # bytes: small, so that tests can stop in the middle of a small file
_PAGE = 100  # entries
_MOST_LINKS = 40  # followed in one path, as Linux does
_CAPS = Capabilities(
    connections=8,
    ranged_reads=True,
    real_directories=True,
    atomic_replace=True,
    exact_versions=True,
    digests=frozenset({"sha256"}),
    parts=Parts(order="any", min_size=1, max_size=1 << 30),
    near=True,
)


@dataclass(slots=True)
class Node:
    """A file, directory or link. `revision` is new with each change of the bytes."""

    kind: Kind
    revision: int
    data: bytearray = field(default_factory=bytearray)
    modified: float = field(default_factory=time.time)
    mode: int = 0o644
    target: str | None = None


class Store:
    """One tree. `fail` is called with (operation, path) before each; what it raises is raised.

    Operations are the names of the methods, and "chunk" for each piece that is read.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.nodes: dict[str, Node] = {"/": Node(Kind.DIR, 0, mode=0o755)}
        self.revisions = itertools.count(1)
        self.fail: Callable[[str, str], None] | None = None

    @contextmanager
    def doing(self, operation: str, path: str) -> Iterator[None]:
        """One operation at a time, unless a test makes it fail."""
        if self.fail is not None:
            self.fail(operation, path)
        with self.lock:
            yield

    def add(self, path: str, kind: Kind, **fields: object) -> Node:
        """A new node in an existing directory. Raises AlreadyExists, NotFound, WrongKind."""
        if path in self.nodes:
            raise AlreadyExists(path)
        self.directory(posixpath.dirname(path))
        if kind is Kind.DIR:
            fields.setdefault("mode", 0o755)
        node = Node(kind, next(self.revisions), **fields)  # type: ignore[arg-type]
        self.nodes[path] = node
        return node

    def node(self, path: str, *, follow: bool = False) -> tuple[str, Node]:
        """The node at `path`, through links when asked, and the address it was found at."""
        for _ in range(_MOST_LINKS):
            node = self.nodes.get(path)
            if node is None:
                raise NotFound(path)
            if not follow or node.target is None:
                return path, node
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), node.target))
        raise Unsupported(path, "its links lead in a circle")

    def directory(self, path: str) -> str:
        path, node = self.node(path, follow=True)
        if node.kind is not Kind.DIR:
            raise WrongKind(path, "is not a directory")
        return path

    def file(self, path: str) -> Node:
        _, node = self.node(path, follow=True)
        if node.kind is not Kind.FILE:
            raise WrongKind(path, "is not a regular file")
        return node

    def below(self, path: str) -> list[str]:
        prefix = path.rstrip("/") + "/"
        return [other for other in self.nodes if other.startswith(prefix) and other != "/"]


def _entry(path: str, node: Node) -> Entry:
    return Entry(
        path=path,
        name=posixpath.basename(path),
        kind=node.kind,
        size=len(node.data) if node.kind is Kind.FILE else None,
        modified=node.modified,
        mode=node.mode,
        target=node.target,
        version=f"{node.revision}:{len(node.data)}:{node.modified}",
    )


class MemoryReader:
    """A file that was opened, and the range asked of it."""

    def __init__(self, store: Store, entry: Entry, data: bytes, length: int) -> None:
        self.entry = entry
        self._store = store
        self._data = data
        self._length = length

    def chunks(self) -> Iterator[Buffer]:
        for start in range(0, len(self._data), _CHUNK):
            with self._store.doing("chunk", self.entry.path):
                chunk = self._data[start : start + _CHUNK]
            yield chunk
        if len(self._data) < self._length:
            raise SourceChanged(self.entry.path, "the file ended before its size")


class MemoryProvider:
    """See `providers.base` for what each method promises."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def caps(self) -> Capabilities:
        return _CAPS

    # Addresses -------------------------------------------------------------------------------

    def resolve(self, path: str) -> str:
        if "\0" in path:
            raise InvalidName(path)
        return posixpath.normpath("/" + path.lstrip("/"))

    def join(self, directory: str, name: str) -> str:
        check_name(directory, name)
        return posixpath.join(directory, name)

    def parent(self, path: str) -> str:
        return posixpath.dirname(path)

    def name(self, path: str) -> str:
        return posixpath.basename(path)

    # Looking ---------------------------------------------------------------------------------

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        with self.store.doing("list_dir", path):
            real = self.store.directory(path)
            entries = [
                _entry(self.join(path, posixpath.basename(other)), self.store.nodes[other])
                for other in self.store.below(real)
                if posixpath.dirname(other) == real
            ]
        for start in range(0, len(entries), _PAGE):
            yield entries[start : start + _PAGE]

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        with self.store.doing("stat", path):
            return _entry(path, self.store.node(path, follow=follow)[1])

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[MemoryReader]:
        with self.store.doing("read", path):
            node = self.store.file(path)
            entry = _entry(path, node)
            whole = len(node.data) - offset if length is None else length
            data = bytes(node.data[offset : offset + max(0, whole)])
        if version is not None and entry.version != version:
            raise SourceChanged(path)
        if whole < 0:
            raise SourceChanged(path, "the file is shorter than it was")
        yield MemoryReader(self.store, entry, data, whole)

    def digest(self, path: str, algorithm: str) -> str:
        if algorithm not in _CAPS.digests:
            raise Unsupported(path, f"{algorithm} digests are not made here")
        with self.store.doing("digest", path):
            return hashlib.new(algorithm, self.store.file(path).data).hexdigest()

    def close(self) -> None:
        """Nothing is held: the tree stays."""

    # Changing --------------------------------------------------------------------------------

    def make_dir(self, path: str) -> None:
        with self.store.doing("make_dir", path):
            self.store.add(path, Kind.DIR, mode=0o755)

    def make_link(self, path: str, target: str, *, within: str = "") -> None:
        with self.store.doing("make_link", path):
            self._refuse_links(path, within)
            self.store.add(path, Kind.LINK, target=target, mode=0o777)

    def replace_link(
        self, path: str, target: str, *, key: str, replacing: str, within: str = ""
    ) -> None:
        with self.store.doing("replace_link", path):
            self._refuse_links(path, within)
            there = self.store.nodes.get(path)
            if there is not None and there.kind is Kind.DIR:
                raise WrongKind(path, "is a directory")
            gone = there is None or _entry(path, there).version != replacing
            if replacing != ANY_VERSION and gone:
                raise TargetChanged(path)
            self.store.nodes.pop(path, None)
            self.store.add(path, Kind.LINK, target=target, mode=0o777)

    def leads_to(self, path: str) -> str:
        with self.store.doing("leads_to", path):
            return self.store.node(path, follow=True)[0]

    def set_mode(self, path: str, mode: int, *, within: str = "") -> None:
        with self.store.doing("set_mode", path):
            self._refuse_links(path, within)
            _, node = self.store.node(path)
            if node.kind is Kind.LINK:
                raise WrongKind(path, "is a link: what it leads to is not changed")
            node.mode = mode & 0o7777

    def delete(self, path: str) -> None:
        with self.store.doing("delete", path):
            self.store.node(path)
            if self.store.below(path):
                raise NotEmpty(path)
            del self.store.nodes[path]

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        with self.store.doing("rename", source):
            self._refuse_links(target, within)
            self.store.node(source)
            if target in self.store.nodes:
                raise AlreadyExists(target)
            self.store.directory(posixpath.dirname(target))
            for path in [source, *self.store.below(source)]:
                self.store.nodes[target + path[len(source) :]] = self.store.nodes.pop(path)

    # Uploads ---------------------------------------------------------------------------------

    def begin(
        self,
        path: str,
        size: int | None,
        *,
        key: str,
        part_size: int,
        modified: float | None = None,
        mode: int | None = None,
        within: str = "",
    ) -> str:
        staged = _staged_path(path, key)
        with self.store.doing("begin", path):
            self._refuse_links(path, within)
            self.store.nodes.pop(staged, None)
            revision = self.store.add(staged, Kind.FILE, mode=0o600).revision
        return json.dumps(
            [path, staged, revision, modified, 0o644 if mode is None else mode & 0o777]
        )

    def _refuse_links(self, path: str, within: str) -> None:
        here = posixpath.dirname(path)
        if within and not f"{here}/".startswith(f"{within.rstrip('/')}/"):
            raise InvalidName(path, "it is not in the folder that was chosen")
        while within and here not in (within, "/"):
            node = self.store.nodes.get(here)
            if node is not None and node.kind is Kind.LINK:
                raise WrongKind(here, "a link is where a directory is needed")
            here = posixpath.dirname(here)

    def abandon(self, path: str, *, key: str) -> None:
        with self.store.doing("abandon", path):
            self.store.nodes.pop(_staged_path(path, key), None)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        path, staged, *_ = json.loads(upload)
        at = offset
        for chunk in body:
            with self.store.doing("put_part", path):
                data = self._staged_file(path, staged).data
                data.extend(bytes(max(0, at - len(data))))
                data[at : at + len(chunk)] = chunk
            at += len(chunk)
        return str(at - offset)

    def copy_into(self, upload: str, source: str, *, version: str | None) -> Sequence[str]:
        path, staged, *_ = json.loads(upload)
        with self.store.doing("copy_into", path):
            node = self.store.file(source)
            if version is not None and _entry(source, node).version != version:
                raise SourceChanged(source)
            self._staged_file(path, staged).data[:] = node.data
            return [str(len(node.data))]

    def _staged_file(self, path: str, staged: str) -> Node:
        if staged not in self.store.nodes:
            raise UploadExpired(path)
        return self.store.file(staged)

    def parts(self, upload: str) -> Mapping[int, str] | None:
        path, staged, *_ = json.loads(upload)
        with self.store.doing("parts", path):
            self._staged_file(path, staged)
        return None

    def staged(self, upload: str) -> str | None:
        staged: str = json.loads(upload)[1]
        return staged

    def finish(
        self,
        upload: str,
        receipts: Sequence[str],
        *,
        replacing: str | None,
        again: bool = False,
    ) -> Entry:
        path, staged, revision, modified, mode = json.loads(upload)
        with self.store.doing("finish", path):
            there = self.store.nodes.get(path)
            gone = again and staged not in self.store.nodes
            if gone and there is not None and there.revision == revision:
                return _entry(path, there)
            node = self._staged_file(path, staged)
            if there is not None and replacing is None:
                raise AlreadyExists(path)
            if replacing and replacing != (there and _entry(path, there).version):
                raise TargetChanged(path)
            if there is not None and there.kind is Kind.DIR:
                raise WrongKind(path, "is a directory")
            node.mode = mode
            node.modified = time.time() if modified is None else modified
            self.store.nodes[path] = self.store.nodes.pop(staged)
            return _entry(path, node)

    def abort(self, upload: str) -> None:
        path, staged, *_ = json.loads(upload)
        with self.store.doing("abort", path):
            self.store.nodes.pop(staged, None)


def _staged_path(path: str, key: str) -> str:
    directory, name = posixpath.split(path)
    return posixpath.join(directory, temporary_name(name, key))


_stores: dict[str, Store] = {}
_stores_lock = threading.Lock()


def open_endpoint(endpoint: str, access: Access) -> MemoryProvider:
    with _stores_lock:
        return MemoryProvider(_stores.setdefault(endpoint, Store()))
