"""An SFTP server without a network: a small tree in memory that a test has lie, refuse or fall.

It serves many sessions at once. Where it is told no lie it does what OpenSSH does.
"""

from __future__ import annotations

import posixpath
import stat
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from providers.base import Buffer
from providers.sftp.patience import Patience
from providers.sftp.protocol import Fields, Op, Open, Status, string, u32, u64
from providers.sftp.provider import SftpProvider
from providers.sftp.session import Session
from providers.sftp.wire import Wire
from tests.servers.scripted_sftp import reply, status

ENDPOINT = "sftp://ann@lying:22"
POSIX_RENAME, FSYNC = "posix-rename@openssh.com", "fsync@openssh.com"
STATVFS, LIMITS = "statvfs@openssh.com", "limits@openssh.com"
COPY_DATA = "copy-data"  # offered when it is asked for
OFFERS = frozenset({POSIX_RENAME, FSYNC, STATVFS, LIMITS})
PIECE = 4096  # bytes of a READ or WRITE: many of them in a small file
_ON_HANDLES = frozenset(
    {Op.READ, Op.WRITE, Op.FSTAT, Op.FSETSTAT, Op.CLOSE, Op.READDIR}
)  # these name a handle first
_SIZE, _MODE, _TIMES = 0x1, 0x4, 0x8
_FIRST_TIME = 1_600_000_000
_HURRIED = Patience(answer=0.5, sync=0.5)


@dataclass(slots=True, eq=False)
class Node:
    """A file, or a directory when `names` is one. `told` is what its size is said to be."""

    data: bytearray = field(default_factory=bytearray)
    names: dict[str, Node] | None = None
    mode: int = 0o644
    modified: int = _FIRST_TIME
    told: Callable[[Node], int | None] = lambda node: _size(node)

    @property
    def attributes(self) -> bytes:
        size = self.told(self) if self.names is None else 4096
        kind = stat.S_IFREG if self.names is None else stat.S_IFDIR
        flags = _MODE | _TIMES | (0 if size is None else _SIZE)
        head = u32(flags) + (b"" if size is None else u64(size))
        return head + u32(kind | self.mode) + u32(self.modified) * 2


@dataclass(slots=True)
class Handle:
    path: str
    node: Node
    listed: bool = False
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. `what`: "WRITE", "posix-rename@openssh.com" …; `path`: what it is about;
    `offset`: of a READ or WRITE."""

    what: str
    number: int
    path: str
    fields: Fields  # what follows
    handle: bytes = b""
    offset: int = 0


Lie: TypeAlias = Callable[[Ask, Callable[[], bytes]], bytes]
"""The answer. Calling the second argument does what was asked and gives the true one; b"": none."""


class Frozen(Exception):
    """Raised by a lie: nothing is answered on this connection from now on."""


class Cut(Exception):
    """Raised by a lie: the connection ends here."""


class Refusal(Exception):
    """The truth may be a refusal."""

    def __init__(self, code: Status, message: bytes = b"Failure") -> None:
        self.code, self.message = code, message


class LyingSftp:
    """`offers`: the extensions it has. `extra`: names every listing ends with, each a file."""

    def __init__(
        self,
        files: Mapping[str, bytes] | None = None,
        *,
        offers: Iterable[str] = OFFERS,
        lie: Lie = lambda ask, truth: truth(),
        reorder: Callable[[list[bytes]], list[bytes]] = lambda replies: replies,
        extra: Iterable[bytes] = (),
        free: int = 1 << 40,
    ) -> None:
        self.root = Node(names={}, mode=0o755)
        self.lie = lie
        self.reorder = reorder
        self.extra = tuple(extra)
        self.free = free
        self.read_only = False  # says what asks how much room there is
        self.tells_new: Callable[[Node], int | None] = _size  # of files that are made
        self.asked: list[str] = []
        self.lock = threading.RLock()
        self._offers = frozenset(offers)
        self._clock = _FIRST_TIME
        self._handles: dict[bytes, Handle] = {}
        self._last_handle = 0
        for path, data in (files or {}).items():
            self.put(path, data)

    # For tests

    def provider(
        self,
        patience: Patience = _HURRIED,
        clock: Callable[[], float] = time.monotonic,
        *,
        in_order: bool = False,
    ) -> SftpProvider:
        def connect(wire: Wire) -> tuple[Session, None]:
            stream = _Stream(self)
            wire.carry(stream.close)
            made = Session(
                stream, ENDPOINT, ahead=1, patience=patience, clock=clock, in_order=in_order
            )
            return made, None

        return SftpProvider(ENDPOINT, connect, patience=patience, clock=clock)

    def put(self, path: str, data: bytes) -> Node:
        node = Node(bytearray(data))
        self._folder(path)[posixpath.basename(path)] = node
        return node

    def mkdir(self, path: str) -> None:
        self._folder(path)[posixpath.basename(path)] = Node(names={}, mode=0o755)

    def get(self, path: str) -> bytes | None:
        node = self.find(path)
        return None if node is None or node.names is not None else bytes(node.data)

    def names(self, path: str) -> list[str]:
        node = self.find(path)
        return sorted((node.names if node is not None else None) or {})

    def find(self, path: str) -> Node | None:
        node: Node | None = self.root
        for name in path.strip("/").split("/") if path.strip("/") else []:
            node = (node.names or {}).get(name) if node is not None else None
        return node

    # The protocol

    def answer(self, body: memoryview) -> bytes:
        with self.lock:
            ask = self._parse(body)
            self.asked.append(ask.what)
            return self.lie(ask, lambda: self._truth(ask))

    def _parse(self, body: memoryview) -> Ask:
        if body[0] == Op.INIT:
            return Ask("INIT", 0, "", Fields(body[1:]))
        op, number, fields = Op(body[0]), int.from_bytes(body[1:5], "big"), Fields(body[5:])
        extension = _text(fields.string()) if op is Op.EXTENDED else ""
        if extension == LIMITS:
            return Ask(extension, number, "", fields)
        subject = fields.string()
        if extension in (FSYNC, COPY_DATA) or op in _ON_HANDLES:
            opened = self._handles.get(subject)
            path = opened.path if opened else ""
            offset = fields.u64() if op in (Op.READ, Op.WRITE) else 0
            return Ask(extension or op.name, number, path, fields, subject, offset)
        return Ask(extension or op.name, number, _text(subject), fields)

    def _truth(self, ask: Ask) -> bytes:
        if "@" in ask.what and ask.what not in self._offers:
            return status(ask.number, Status.UNSUPPORTED, b"Operation unsupported")
        if ask.what == "INIT":
            pairs = b"".join(string(name.encode()) + string(b"1") for name in self._offers)
            hello = bytes([Op.VERSION]) + u32(3) + pairs
            return u32(len(hello)) + hello
        try:
            return self._do(ask)
        except Refusal as refusal:
            return status(ask.number, refusal.code, refusal.message)

    def _do(self, ask: Ask) -> bytes:
        match ask.what:
            case "LSTAT" | "STAT":
                return reply(Op.ATTRS, ask.number, self._need(ask.path).attributes)
            case "FSTAT":
                return reply(Op.ATTRS, ask.number, self._opened(ask).node.attributes)
            case "REALPATH":
                name = string(posixpath.normpath("/" + ask.path).encode("utf-8", "surrogateescape"))
                return reply(Op.NAME, ask.number, u32(1), name, string(b""), u32(0))
            case "OPEN":
                return self._open(ask)
            case "OPENDIR":
                return self._handle(ask, self._need_directory(ask.path))
            case "READ":
                return self._read(ask)
            case "READDIR":
                return self._page(ask)
            case "statvfs@openssh.com":
                words = (
                    4096,
                    4096,
                    1 << 40,
                    1 << 40,
                    self.free // 4096,
                    0,
                    0,
                    0,
                    7,
                    self.read_only,
                    255,
                )
                return reply(Op.EXTENDED_REPLY, ask.number, *map(u64, words))
            case "limits@openssh.com":
                words = (PIECE * 2, PIECE, PIECE, 0)
                return reply(Op.EXTENDED_REPLY, ask.number, *map(u64, words))
        self._change(ask)
        return status(ask.number, Status.OK)

    def _change(self, ask: Ask) -> None:
        """What is answered with a status."""
        match ask.what:
            case "WRITE":
                self._write(ask)
            case "SETSTAT":
                self._set(self._need(ask.path), ask)
            case "FSETSTAT":
                self._set(self._opened(ask).node, ask)
            case "CLOSE":
                self._handles.pop(ask.handle)
            case "fsync@openssh.com":
                self._opened(ask)
            case "copy-data":
                self._copy(ask)
            case "REMOVE" | "RMDIR":
                node = self._need(ask.path)
                if (node.names is not None) != (ask.what == "RMDIR") or node.names:
                    raise Refusal(Status.FAILURE)
                del self._folder(ask.path)[posixpath.basename(ask.path)]
            case "MKDIR":
                if self.find(ask.path) is not None:
                    raise Refusal(Status.FAILURE)
                self.mkdir(ask.path)
            case "RENAME" | "posix-rename@openssh.com":
                target = _text(ask.fields.string())
                if ask.what == "RENAME" and self.find(target) is not None:
                    raise Refusal(Status.FAILURE)
                node = self._need(ask.path)
                self._folder(target)[posixpath.basename(target)] = node
                del self._folder(ask.path)[posixpath.basename(ask.path)]
            case _:
                raise Refusal(Status.UNSUPPORTED)

    def _folder(self, path: str) -> dict[str, Node]:
        names = self._need_directory(posixpath.dirname(path)).names
        assert names is not None
        return names

    def _need(self, path: str) -> Node:
        node = self.find(path)
        if node is None:
            raise Refusal(Status.NO_SUCH_FILE, b"No such file")
        return node

    def _need_directory(self, path: str) -> Node:
        node = self._need(path)
        if node.names is None:
            raise Refusal(Status.FAILURE)
        return node

    def _opened(self, ask: Ask) -> Handle:
        if ask.handle not in self._handles:
            raise Refusal(Status.FAILURE)
        return self._handles[ask.handle]

    def _handle(self, ask: Ask, node: Node) -> bytes:
        self._last_handle += 1
        handle = str(self._last_handle).encode()
        self._handles[handle] = Handle(ask.path, node)
        return reply(Op.HANDLE, ask.number, string(handle))

    def _open(self, ask: Ask) -> bytes:
        flags, told = ask.fields.u32(), ask.fields.attributes()
        there = self.find(ask.path)
        if flags & Open.EXCLUSIVE and there is not None:
            raise Refusal(Status.FAILURE)
        if flags & Open.CREATE and there is None:
            there = self.put(ask.path, b"")
            there.told = self.tells_new
            there.mode, there.modified = (told.permissions or 0o644) & 0o7777, self._now()
        told_handle = self._handle(ask, there or self._need(ask.path))
        self._handles[str(self._last_handle).encode()].writes = bool(flags & Open.WRITE)
        return told_handle

    def opened_to_write(self, ask: Ask) -> bool:
        """Whether the handle in `ask` may write."""
        return self._opened(ask).writes

    def _now(self) -> int:
        self._clock += 1
        return self._clock

    def _read(self, ask: Ask) -> bytes:
        length = min(PIECE, ask.fields.u32())
        data = bytes(self._opened(ask).node.data[ask.offset : ask.offset + length])
        if not data:
            return status(ask.number, Status.EOF, b"End of file")
        return reply(Op.DATA, ask.number, string(data))

    def _write(self, ask: Ask) -> None:
        node, offset, data = self._opened(ask).node, ask.offset, ask.fields.string()
        node.data.extend(bytes(max(0, offset - len(node.data))))
        node.data[offset : offset + len(data)] = data
        node.modified = self._now()

    def _copy(self, ask: Ask) -> None:
        source, at, length = self._opened(ask).node, ask.fields.u64(), ask.fields.u64()
        target, to = self._handles[ask.fields.string()].node, ask.fields.u64()
        target.data[to : to + length] = source.data[at : at + length]
        target.modified = self._now()

    def _set(self, node: Node, ask: Ask) -> None:
        told = ask.fields.attributes()
        if told.permissions is not None:
            node.mode = told.permissions & 0o7777
        if told.modified is not None:
            node.modified = told.modified

    def _page(self, ask: Ask) -> bytes:
        handle = self._opened(ask)
        if handle.listed:
            return status(ask.number, Status.EOF, b"End of file")
        handle.listed = True
        found = {_raw(name): node for name, node in (handle.node.names or {}).items()}
        found |= dict.fromkeys(self.extra, Node(bytearray(b"hostile")))
        entries = b"".join(string(n) + string(b"") + node.attributes for n, node in found.items())
        return reply(Op.NAME, ask.number, u32(len(found)), entries)


class _Stream:
    """A connection to it."""

    def __init__(self, server: LyingSftp) -> None:
        self._server = server
        self._changed = threading.Condition()
        self._ready: list[bytes] = []
        self._frozen = False
        self._ended = False

    def send(self, head: bytes, payload: Buffer = b"", /) -> None:
        raw = memoryview(head + bytes(payload))
        while raw:
            size = int.from_bytes(raw[:4], "big")
            body, raw = raw[4 : 4 + size], raw[4 + size :]
            if self._ended:
                raise EOFError("the server is gone")
            if self._frozen:
                continue
            try:
                self._ready.append(self._server.answer(body))
            except Frozen:
                self._frozen = True
            except Cut:
                self.close()

    def recv(self, timeout: float) -> bytes:
        told = b"".join(self._server.reorder(self._ready))
        self._ready = []
        if told:
            return told
        with self._changed:
            if self._changed.wait_for(lambda: self._ended, timeout):
                return b""
        raise TimeoutError("nothing was answered")

    def alive(self) -> bool:
        return not self._ended

    def close(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def _size(node: Node) -> int:
    return len(node.data)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
