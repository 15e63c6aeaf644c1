"""An SFTP server without a network: one file in memory, and whatever lies a test has it tell."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from providers.base import Buffer
from providers.sftp.protocol import Fields, Op, Status, string, u32, u64
from providers.sftp.session import Session

HANDLE = b"the-file"


@dataclass(frozen=True, slots=True)
class Request:
    op: Op
    number: int
    fields: Fields


Lie = Callable[[Request], bytes | None]
"""What to answer instead of the truth; None: the truth after all."""


def reply(kind: Op, number: int, *fields: bytes) -> bytes:
    body = b"".join(fields)
    return struct.pack(">IBI", len(body) + 5, kind, number) + body


def status(number: int, code: int, message: bytes = b"Failure") -> bytes:
    return reply(Op.STATUS, number, u32(code), string(message), string(b"en"))


class ScriptedSftp:
    """A `Stream` to it. `reorder` changes the order of the answers that are ready together."""

    def __init__(
        self,
        content: bytes = b"",
        *,
        offers: Iterable[tuple[bytes, bytes]] = (),
        lie: Lie = lambda request: None,
        reorder: Callable[[list[bytes]], list[bytes]] = lambda replies: replies,
        free: int = 1 << 40,
        names: Iterable[list[bytes]] = (),
    ) -> None:
        self.content = bytearray(content)
        self.requests: list[Op] = []
        self.closed = False
        self._offers = tuple(offers)
        self._lie = lie
        self._reorder = reorder
        self._free = free
        self._names = iter(names)
        self._ready: list[bytes] = []

    def send(self, head: bytes, payload: Buffer = b"", /) -> None:
        raw = memoryview(head + bytes(payload))
        while raw:
            size = int.from_bytes(raw[:4], "big")
            body, raw = raw[4 : 4 + size], raw[4 + size :]
            if body[0] == Op.INIT:
                pairs = b"".join(string(name) + string(value) for name, value in self._offers)
                hello = bytes([Op.VERSION]) + u32(3) + pairs
                self._ready.append(u32(len(hello)) + hello)
                continue
            number = int.from_bytes(body[1:5], "big")
            op = Op(body[0])
            self.requests.append(op)
            told = self._lie(Request(op, number, Fields(body[5:])))
            self._ready.append(
                self._answer(Request(op, number, Fields(body[5:]))) if told is None else told
            )

    def recv(self, timeout: float) -> bytes:
        told = b"".join(self._reorder(self._ready))
        self._ready = []
        if self.closed or not told:
            raise TimeoutError("nothing was answered")
        return told

    def alive(self) -> bool:
        return not self.closed

    def close(self) -> None:
        self.closed = True

    def _answer(self, request: Request) -> bytes:
        number, fields = request.number, request.fields
        match request.op:
            case Op.OPEN | Op.OPENDIR:
                return reply(Op.HANDLE, number, string(HANDLE))
            case Op.READ:
                fields.string()
                offset, length = fields.u64(), fields.u32()
                data = bytes(self.content[offset : offset + length])
                return reply(Op.DATA, number, string(data)) if data else status(number, Status.EOF)
            case Op.WRITE:
                fields.string()
                offset, data = fields.u64(), fields.string()
                self.content[offset : offset + len(data)] = data
                return status(number, Status.OK)
            case Op.READDIR:
                return self._page(number)
            case Op.EXTENDED:
                if fields.string() != b"statvfs@openssh.com":
                    return reply(Op.EXTENDED_REPLY, number, *(u64(self._free) for _ in range(4)))
                volume = (1, 1, 1 << 50, self._free, self._free, 0, 0, 0, 0, 0, 255)
                return reply(Op.EXTENDED_REPLY, number, *map(u64, volume))
            case _:
                return status(number, Status.OK)

    def _page(self, number: int) -> bytes:
        names = next(self._names, None)
        if names is None:
            return status(number, Status.EOF)
        entries = b"".join(string(name) + string(b"") + u32(0) for name in names)
        return reply(Op.NAME, number, u32(len(names)), entries)


def session(server: ScriptedSftp, *, ahead: int = 4) -> Session:
    return Session(server, "sftp://ann@scripted:22", ahead=ahead)
