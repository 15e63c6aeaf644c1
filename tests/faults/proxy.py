"""A TCP relay on loopback that does to connections what bad networks do: toxiproxy's vocabulary.

    with Proxy(server.port, plan=first(down=Toxics(after=5000, then=Fate.RESET))) as proxy:
        ...  # connect to proxy.port; the first connection is reset after 5,000 bytes downstream

One asyncio loop in a thread of its own; nothing of it is left when the `with` block ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
_CHUNK = 64 << 10  # bytes read at once
_CHUNKS_HELD = 16  # read, and not yet passed on: then the sender has to wait
_SMALL_BUFFER = 16 << 10  # bytes
_PACE = 0.005  # seconds that a limited flow may run ahead: a loop cannot sleep for less
_LINGER_OFF = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_DEADLINE = 30.0  # seconds: only reached when the relay itself is broken


class Way(StrEnum):
    """A direction, from the client's side."""

    UP = "up"
    DOWN = "down"


class Fate(StrEnum):
    """How a connection ends, or stops."""

    RESET = "reset"  # RST to both ends
    CLOSE = "close"  # FIN to both ends: short
    HALF_CLOSE = "half-close"  # FIN in this direction, the other goes on
    FREEZE = "freeze"  # nothing passes either way until `Proxy.thaw`
    DRIP = "drip"  # from there on one byte a second in this direction


@dataclass(slots=True)
class Tally:
    """Bytes that passed one way: of one connection, or of all those that share it."""

    passed: int = 0
    spent: bool = False  # the fate has struck: it strikes once


@dataclass(frozen=True, slots=True)
class Toxics:
    """What is done to one direction. Times in seconds; offsets count its bytes from 0.

    `rate`: bytes a second, 0 for any. `slice`: bytes sent at once, 0 for any. After `after` bytes
    `then` happens; connections with the same `tally` count together, and to one of them only.
    `flip_at`: one bit of that byte; `flip_every`: of every k-th byte. `duplicate`: (offset, count),
    bytes that are sent twice, as far as they came in one piece.
    """

    latency: float = 0.0
    jitter: float = 0.0
    rate: int = 0
    slice: int = 0
    after: int | None = None
    then: Fate = Fate.RESET
    tally: Tally | None = None
    flip_at: int | None = None
    flip_every: int = 0
    duplicate: tuple[int, int] | None = None


CLEAN = Toxics()


@dataclass(frozen=True, slots=True)
class Link:
    """What is done to one connection."""

    up: Toxics = CLEAN
    down: Toxics = CLEAN


Plan = Callable[[int], Link]
"""From a connection's number, counted from 0 in the order they came, to what is done to it."""


def every(*, up: Toxics = CLEAN, down: Toxics = CLEAN) -> Plan:
    return lambda number: Link(up, down)


def first(count: int = 1, *, up: Toxics = CLEAN, down: Toxics = CLEAN) -> Plan:
    """Only the first `count` connections; later ones are clean."""
    return lambda number: Link(up, down) if number < count else Link()


class _Over(Exception):
    """This connection is over."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(fate)
        self.fate = fate


@dataclass(eq=False, slots=True)
class _Connection:
    """Both sockets of a connection, whether anything passes, and how it is to end."""

    client: socket.socket
    server: socket.socket
    link: Link
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    fate: Fate = Fate.RESET

    def ends(self, way: Way = Way.UP) -> tuple[socket.socket, socket.socket]:
        """Where the bytes of one direction come from, and where they go."""
        both = (self.client, self.server)
        return both if way is Way.UP else both[::-1]

    def close(self) -> None:
        for end in self.ends():
            if self.fate is Fate.RESET:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
            end.close()


class Proxy:
    """A relay to `host`:`port` that listens on `port` of loopback. A context manager.

    `plan` may be changed at any time and holds for the connections that come then. `accepted`:
    connections so far; `passed`: bytes delivered each way, by all of them; `frozen` is set when a
    fate has frozen a connection, `struck` when any fate has struck.
    """

    def __init__(self, port: int, host: str = HOST, *, plan: Plan | None = None) -> None:
        self.plan = plan or every()
        self.accepted = 0
        self.passed = dict.fromkeys(Way, 0)
        self.frozen = threading.Event()
        self.struck = threading.Event()
        self._to = (host, port)
        self._random = random.Random(0)
        self._open: dict[asyncio.Task[None], _Connection] = {}
        self._mistakes: list[BaseException] = []  # of the relay itself
        self._listener = socket.create_server((HOST, 0), backlog=100)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    @property
    def open(self) -> int:
        """Connections that are relayed now."""
        return len(self._open)

    def reset(self) -> int:
        """Cut every open connection with RST; returns how many there were."""
        count: int = self._run(self._reset_all())
        return count

    def freeze(self) -> None:
        """Let nothing through on the connections that are open now, both ways."""
        self._run(self._flow(False))

    def thaw(self) -> None:
        """Let everything through again that a freeze held back."""
        self._run(self._flow(True))

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_DEADLINE)
        self._loop.close()
        if self._mistakes:
            raise self._mistakes[0]

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_DEADLINE)

    # In the loop's thread ----------------------------------------------------------------------

    async def _start(self) -> None:
        self._loop.add_reader(self._listener, self._accept)

    async def _stop(self) -> None:
        self._loop.remove_reader(self._listener)
        self._listener.close()
        await self._reset_all()

    async def _reset_all(self) -> int:
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)

    async def _flow(self, on: bool) -> None:
        for connection in self._open.values():
            connection.flowing.set() if on else connection.flowing.clear()

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # it has hung up already
        server = socket.socket(socket.AF_INET6 if ":" in self._to[0] else socket.AF_INET)
        try:
            connection = _Connection(client, server, self.plan(self.accepted))
        except Exception as error:  # noqa: BLE001 - a mistake in a test's plan: raised at the end
            self._mistakes.append(error)
            client.close()
            server.close()
            return
        self.accepted += 1
        connection.flowing.set()
        task = self._loop.create_task(self._relay(connection))
        self._open[task] = connection
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._open.pop(task).close()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._mistakes.append(error)

    async def _relay(self, connection: _Connection) -> None:
        """One connection from its first byte to its end."""
        try:
            link = connection.link
            for end, toxics in zip(connection.ends(), (link.up, link.down), strict=True):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if toxics.rate:  # or the system would take megabytes at once
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
            await self._loop.sock_connect(connection.server, self._to)
            connection.fate = await self._both_ways(connection)
        except OSError:
            connection.fate = Fate.RESET  # one end was not there: the other is told the same

    async def _both_ways(self, connection: _Connection) -> Fate:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(connection, Way.UP, connection.link.up))
                group.create_task(self._pump(connection, Way.DOWN, connection.link.down))
        except ExceptionGroup as errors:
            over, others = errors.split(_Over)
            if over is None and others is not None and others.split(OSError)[1] is not None:
                raise
            if over is None or any(e.fate is Fate.RESET for e in _leaves(over)):
                return Fate.RESET
            await self._close_softly(connection)
        return Fate.CLOSE

    async def _close_softly(self, connection: _Connection) -> None:
        """FIN to both, and take what they still send: bytes left unread would make it a RST."""
        for end in connection.ends():
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_WR)
        for end in connection.ends():
            with contextlib.suppress(OSError):
                while await self._loop.sock_recv(end, _CHUNK):
                    pass

    async def _pump(self, connection: _Connection, way: Way, toxics: Toxics) -> None:
        """One direction: what is read is queued with the time at which it is due."""
        source, target = connection.ends(way)
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_HELD)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._read(source, held, toxics))
            writer = _Writer(self, connection, way, toxics)
            try:
                await writer.write(target, held)
            finally:
                reading.cancel()

    async def _read(
        self, source: socket.socket, held: asyncio.Queue[tuple[float, bytes]], toxics: Toxics
    ) -> None:
        most = min(_CHUNK, max(1, toxics.rate // _CHUNKS_HELD)) if toxics.rate else _CHUNK
        while True:
            chunk = await self._loop.sock_recv(source, most)
            late = toxics.latency + self._random.uniform(-toxics.jitter, toxics.jitter)
            await held.put((self._loop.time() + max(0.0, late), chunk))
            if not chunk:
                return


class _Writer:
    """The end of one direction: delays, alters and passes on."""

    def __init__(self, proxy: Proxy, connection: _Connection, way: Way, toxics: Toxics) -> None:
        self._proxy, self._connection, self._way = proxy, connection, way
        self._toxics = replace(toxics, tally=toxics.tally or Tally())
        self._loop = asyncio.get_running_loop()
        self._free_at = 0.0  # when the limited line has passed on what it was given
        self._seen = 0  # bytes of this connection that came
        self._deaf = False  # half-closed: what still comes is swallowed

    async def write(self, target: socket.socket, held: asyncio.Queue[tuple[float, bytes]]) -> None:
        await self._strike_when_due(target)
        while True:
            due, chunk = await held.get()
            await asyncio.sleep(due - self._loop.time())
            if not chunk:
                await self._connection.flowing.wait()
                if not self._deaf:
                    target.shutdown(socket.SHUT_WR)
                return
            altered = _altered(chunk, self._seen, self._toxics)
            self._seen += len(chunk)
            await self._send(target, altered)

    async def _send(self, target: socket.socket, piece: bytes) -> None:
        tally = self._tally
        while piece and not self._deaf:
            toxics = self._toxics
            size = min(len(piece), toxics.slice or len(piece))
            if toxics.after is not None and not tally.spent:
                size = max(0, min(size, toxics.after - tally.passed))
            tally.passed += size
            await self._connection.flowing.wait()
            await self._pace(size)
            await self._loop.sock_sendall(target, piece[:size])
            piece = piece[size:]
            self._proxy.passed[self._way] += size
            await self._strike_when_due(target)

    @property
    def _tally(self) -> Tally:
        assert self._toxics.tally is not None
        return self._toxics.tally

    async def _strike_when_due(self, target: socket.socket) -> None:
        toxics, tally = self._toxics, self._tally
        if tally.spent or toxics.after is None or tally.passed < toxics.after:
            return
        tally.spent = True
        self._proxy.struck.set()
        if toxics.then is Fate.FREEZE:
            self._connection.flowing.clear()
            self._proxy.frozen.set()
        elif toxics.then is Fate.DRIP:
            self._toxics = replace(toxics, rate=1, slice=1)
        elif toxics.then is Fate.HALF_CLOSE:
            self._deaf = True
            target.shutdown(socket.SHUT_WR)
        else:
            raise _Over(toxics.then)

    async def _pace(self, size: int) -> None:
        if self._toxics.rate:
            now = self._loop.time()
            self._free_at = max(self._free_at, now) + size / self._toxics.rate
            if self._free_at - now > _PACE:
                await asyncio.sleep(self._free_at - now)


def _altered(chunk: bytes, at: int, toxics: Toxics) -> bytes:
    """`chunk`, which begins at offset `at`, with its bits flipped and its bytes doubled."""
    data = bytearray(chunk)
    if toxics.flip_at is not None and 0 <= toxics.flip_at - at < len(data):
        data[toxics.flip_at - at] ^= 1
    if toxics.flip_every:
        for index in range((-at - 1) % toxics.flip_every, len(data), toxics.flip_every):
            data[index] ^= 1
    if toxics.duplicate is not None and 0 <= toxics.duplicate[0] - at < len(data):
        start = toxics.duplicate[0] - at
        doubled = data[start : start + toxics.duplicate[1]]
        data[start:start] = doubled
    return bytes(data)


def _leaves(group: ExceptionGroup[_Over]) -> Iterator[_Over]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
