"""One SFTP channel as a loop of packets: every reply is matched to its request and checked.

paramiko's own client reports success on truncated and corrupted files (faults.md 1, 2), so the
requests, their window and their answers are ours. The bytes come and go through a `Stream`.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import NamedTuple, NoReturn, Protocol, TypeVar

from providers.base import Buffer
from providers.errors import ConnectionLost, ProviderError, Unsupported
from providers.sftp.pace import Pace
from providers.sftp.patience import USUAL, Patience
from providers.sftp.protocol import (
    MAX_PACKET,
    VERSION,
    BadPacket,
    Fields,
    Op,
    Status,
    absolute,
    failure,
    string,
    u32,
    write_head,
)
from providers.text import from_bytes

T = TypeVar("T")

_SAFE_SIZE = 32 << 10  # bytes of a READ or WRITE every server takes
_LARGEST_SIZE = 255 << 10  # OpenSSH's own limit
_SMALLEST_SIZE = 4 << 10
# Green End's server hangs up at 256, MySecureShell refuses more than 100.
_SAFE_FILES = 64
_MOST_FILES = 1024
_GATHER = 256 << 10  # bytes of small requests that are sent as one: few packets are not full
_SETTLE_MOST = 16  # replies worth waiting for rather than connecting again
_LIMITS = "limits@openssh.com"
_GREETING = u32(5) + bytes([Op.INIT]) + u32(VERSION)


_OK, _EOF = u32(Status.OK), u32(Status.EOF)
_HEAD = struct.Struct(">IBI")  # of a packet: its length, its type and the request's number


class Stream(Protocol):
    """Bytes to and from an SFTP server. Raises OSError (TimeoutError) or EOFError, nothing else."""

    def send(self, head: bytes, body: Buffer = b"", /) -> None:
        """Send all of both, or raise when the server takes nothing for too long."""
        ...

    def recv(self, timeout: float) -> Buffer:
        """What has come, at least one byte within `timeout` seconds; b"" at the end."""
        ...

    def alive(self) -> bool:
        """Whether nothing is known against it. Never waits."""
        ...

    def close(self) -> None: ...


class Reply(NamedTuple):
    """An answer: its packet type and what follows the request's number."""

    kind: int
    body: memoryview

    @property
    def is_end(self) -> bool:
        return self.kind == Op.STATUS and self.body[:4] == _EOF

    @property
    def is_empty(self) -> bool:
        """Names, but none of them."""
        return self.kind == Op.NAME and self.body[:4] == u32(0)


class Session:
    """One thread uses it at a time.

    `offers` are the server's extensions; `read_size` and `write_size` the most bytes of one
    request, `reading` and `writing` how many are wise; `open_files` the most that it has open;
    `ahead` the READDIR requests that may be outstanding on one handle;
    `patience` how long the server may say nothing before it counts as gone.
    """

    def __init__(
        self,
        stream: Stream,
        endpoint: str,
        *,
        ahead: int = 1,
        patience: Patience = USUAL,
        distance: float = inf,
        in_order: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the conversation. `in_order`: the server does what it is asked for in turn, whatever
        it is; it is asked for its limits and its start folder in the trip of the greeting. Raises
        ConnectionLost, Unsupported; then the stream is closed.
        """
        self.endpoint = endpoint
        self.ahead = ahead
        self.read_size = self.write_size = _SAFE_SIZE
        self.open_files = _SAFE_FILES
        self.reading, self.writing = Pace(), Pace()
        self.broken = False
        # Seconds there and back, the shortest seen: a busy computer makes single ones long.
        self.distance = distance
        self.in_order = in_order
        self.home = ""  # the start folder, where it was asked for
        self.naming = False  # what is under way gives a new file its name
        self._stream = stream
        self.patience = patience
        self._buffer = memoryview(b"")
        self._unsent: list[bytes] = []
        self._unsent_size = 0
        self._last_id = 0
        self.requests = 0
        """How many were made; the greeting is none."""
        self._outstanding: set[int] = set()
        self._replies: dict[int, Reply] = {}
        self._aside: dict[int, Callable[[Reply], None]] = {}  # what nobody waits for
        self._clock = clock
        try:
            self.offers = self._begin() if in_order else self._begin_in_turn()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> dict[str, bytes]:
        """All in the trip of the greeting."""
        limits = self._ask_limits()
        home = self.request(Op.REALPATH, string(b"."))
        offers = self._greet()
        self._learn_limits(self.wait(limits, ""))
        self.home = self._told_home(self.wait(home, ""))
        return offers

    def _begin_in_turn(self) -> dict[str, bytes]:
        offers = self._greet()
        if _LIMITS in offers:
            self._learn_limits(self.wait(self._ask_limits(), ""))
        return offers

    def _greet(self) -> dict[str, bytes]:
        """Send the greeting, and what was queued behind it."""
        try:
            self._unsent.insert(0, _GREETING)
            self.flush()
            body = self._receive(self.patience.answer)
            fields = Fields(body[1:])
            version = fields.u32()
            if body[0] != Op.VERSION or version < VERSION:
                raise Unsupported(self.endpoint, "its SFTP is older than version 3")
            return fields.extensions()
        except BadPacket as error:
            raise Unsupported(
                self.endpoint,
                "the server answered with something that is not SFTP",
                advice="Its login scripts (.bashrc) may print text: they must not.",
            ) from error
        except (OSError, EOFError) as error:
            self._lost(error, "")

    def _told_home(self, reply: Reply) -> str:
        """What was said to "."; "" where it was refused."""
        if reply.kind == Op.STATUS:
            return ""
        return self.decode(reply, Op.NAME, "", absolute)

    def _ask_limits(self) -> int:
        return self.request(Op.EXTENDED, string(_LIMITS.encode()))

    def _learn_limits(self, reply: Reply) -> None:
        """A server that will not tell them is asked for what every server takes."""
        if reply.kind == Op.EXTENDED_REPLY:
            read, write, self.open_files = self.decode(reply, Op.EXTENDED_REPLY, "", _limits)
            self.read_size, self.write_size = _usable(read), _usable(write)

    # Requests and answers --------------------------------------------------------------------

    def request(self, op: Op, *fields: bytes) -> int:
        """Queue a request and return its number; it is sent with the next wait or flush."""
        number = self._next_id()
        size = 5 + sum(map(len, fields))
        self._unsent += (_HEAD.pack(size, op, number), *fields)
        self._unsent_size += size
        if self._unsent_size > _GATHER:
            self.flush()
        return number

    def aside(self, op: Op, *fields: bytes, then: Callable[[Reply], None]) -> None:
        """Queue a request that nobody waits for: `then` is given the answer when it comes, and may
        raise BadPacket."""
        self._aside[self.request(op, *fields)] = then

    def request_write(self, handle: bytes, offset: int, data: Buffer) -> int:
        """Send a WRITE of at most `write_size` bytes and return its number."""
        self.flush()
        number = self._next_id()
        self._send(write_head(number, handle, offset, len(data)), data)
        return number

    def flush(self) -> None:
        if self._unsent:
            gathered = b"".join(self._unsent)
            self._unsent.clear()
            self._unsent_size = 0
            self._send(gathered)

    def wait(self, number: int, path: str, timeout: float | None = None) -> Reply:
        """The answer to request `number`; others that come first are kept for their turn.

        Raises ConnectionLost when none comes, or when what comes is not an answer.
        """
        try:
            self.flush()
            while number not in self._replies:
                self._keep(self._receive(timeout or self.patience.answer))
        except (OSError, EOFError, BadPacket) as error:
            self._lost(error, path)
        return self._replies.pop(number)

    def wait_all(self, numbers: Sequence[int], timeout: float | None = None) -> list[Reply]:
        """The answers to requests, in their order. Raises as `wait`."""
        try:
            self.flush()
            for number in numbers:
                while number not in self._replies:
                    self._take_in()
                    if number not in self._replies:
                        self._keep(self._receive(timeout or self.patience.answer))
        except (OSError, EOFError, BadPacket) as error:
            self._lost(error, "")
        return [self._replies.pop(number) for number in numbers]

    def decode(self, reply: Reply, answer: Op, path: str, read: Callable[[Fields], T]) -> T:
        """What `read` takes from a reply of the type `answer`. A status raises its error."""
        try:
            fields = Fields(reply.body)
            if reply.kind == answer:
                return read(fields)
            if reply.kind != Op.STATUS:
                raise BadPacket("it answered a question with the answer to another")
            raise _status_error(fields, path)
        except BadPacket as error:
            self._lost(error, path)

    def call(
        self,
        op: Op,
        *fields: bytes,
        path: str,
        answer: Op,
        read: Callable[[Fields], T],
        timeout: float | None = None,
    ) -> T:
        """One request, its answer awaited and taken apart."""
        asked = self._clock()
        reply = self.wait(self.request(op, *fields), path, timeout)
        self.distance = min(self.distance, self._clock() - asked)
        return self.decode(reply, answer, path, read)

    def command(self, op: Op, *fields: bytes, path: str, timeout: float | None = None) -> None:
        """One request that is answered with a status. Raises the error of any but OK."""
        self.check(self.wait(self.request(op, *fields), path, timeout), path)

    def check(self, reply: Reply, path: str) -> None:
        """Raise the error of a reply that is not the status OK."""
        if reply.kind == Op.STATUS and reply.body[:4] == _OK:
            return
        self.decode(reply, Op.STATUS, path, lambda fields: _raise(_status_error(fields, path)))

    @contextmanager
    def gives_name(self) -> Iterator[None]:
        """For the length of the block a new file gets its name: no `interrupt` comes between."""
        self.naming = True
        try:
            yield
        finally:
            self.naming = False

    # Its state -------------------------------------------------------------------------------

    def alive(self) -> bool:
        return not self.broken and self._stream.alive()

    def settle(self) -> bool:
        """Whether it can be used again: nothing is outstanding, or little, which is awaited."""
        waiting = (self._outstanding | set(self._replies)) - set(self._aside)
        if self.broken or len(waiting) > _SETTLE_MOST:
            return False
        try:
            for number in waiting:
                self.wait(number, "")
        except ConnectionLost:
            return False
        return self.alive()

    def close(self) -> None:
        self.broken = True
        self._stream.close()

    # The wire --------------------------------------------------------------------------------

    def _next_id(self) -> int:
        self.requests += 1
        self._last_id = number = (self._last_id + 1) & 0xFFFFFFFF
        self._outstanding.add(number)
        return number

    def _send(self, head: bytes, body: Buffer = b"") -> None:
        try:
            self._stream.send(head, body)
        except (OSError, EOFError) as error:
            self._lost(error, "")

    def _keep(self, body: memoryview) -> None:
        if len(body) < 5:
            raise BadPacket("an answer is too short")
        number = int.from_bytes(body[1:5], "big")
        if number not in self._outstanding:
            raise BadPacket("it answered a question nobody asked")
        self._outstanding.discard(number)
        answer = Reply(body[0], body[5:])
        if (then := self._aside.pop(number, None)) is not None:
            then(answer)
        else:
            self._replies[number] = answer

    def _take_in(self) -> None:
        """Keep the answers that have come whole already: many small ones come in one piece."""
        buffer, at = self._buffer, 0
        while len(buffer) - at >= _HEAD.size:
            size, kind, number = _HEAD.unpack_from(buffer, at)
            end = at + 4 + size
            whole = end <= len(buffer) and 5 <= size <= MAX_PACKET
            if not whole or number not in self._outstanding or number in self._aside:
                break  # `_receive` and `_keep` wait for the rest, or say what is wrong with it
            self._outstanding.discard(number)
            self._replies[number] = Reply(kind, buffer[at + _HEAD.size : end])
            at = end
        self._buffer = buffer[at:]

    def _receive(self, timeout: float) -> memoryview:
        size = int.from_bytes(self._take(4, timeout), "big")
        if not 1 <= size <= MAX_PACKET:
            raise BadPacket("a packet has an impossible length")
        return self._take(size, timeout)

    def _take(self, size: int, timeout: float) -> memoryview:
        """Bytes that came in one piece are not copied."""
        pieces: list[memoryview] = []
        missing = size
        while len(self._buffer) < missing:
            missing -= len(self._buffer)
            pieces.append(self._buffer)
            self._buffer = memoryview(self._stream.recv(timeout))
            if not self._buffer:
                raise EOFError("the server closed the connection")
        taken, self._buffer = self._buffer[:missing], self._buffer[missing:]
        return memoryview(b"".join((*pieces, taken))) if pieces else taken

    def _lost(self, error: BaseException, path: str) -> NoReturn:
        self.close()
        where = path or self.endpoint
        if isinstance(error, BadPacket):
            raise ConnectionLost(where, f"the server broke the SFTP protocol: {error}") from error
        if isinstance(error, TimeoutError):
            raise ConnectionLost(where, "the server stopped answering") from error
        raise ConnectionLost(where) from error


def _limits(fields: Fields) -> tuple[int, int, int]:
    """Bytes of a READ and of a WRITE, and files open at once; without a limit it is told as 0."""
    fields.u64()  # bytes of a packet
    read, write = fields.u64(), fields.u64()
    handles = fields.u64() if fields.left() else _SAFE_FILES
    return read, write, max(1, min(handles or _MOST_FILES, _MOST_FILES))


def _usable(limit: int) -> int:
    """A size to ask for when the server's limit is `limit`; 0 is "not said"."""
    return max(_SMALLEST_SIZE, min(limit, _LARGEST_SIZE)) if limit else _SAFE_SIZE


def _status_error(fields: Fields, path: str) -> ProviderError:
    code = fields.u32()
    message = from_bytes(fields.string()) if fields.left() else ""
    if code == Status.OK:
        raise BadPacket("it said “done” where an answer was needed")
    return failure(code, message, path)


def _raise(error: ProviderError) -> NoReturn:
    raise error
