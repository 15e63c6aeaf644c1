"""One connection to a server: bytes out and in, each step with a deadline."""

from __future__ import annotations

import select
import socket
import ssl
import sys
import time
from contextlib import suppress

from providers.base import Buffer
from providers.web.calls import Call, shut_down
from providers.web.message import Broken, Head, Source, read_head
from providers.web.pace import Pace
from providers.web.patience import Patience
from providers.web.proxies import Proxy
from providers.web.redirects import Reach

__all__ = ["Connection"]

_PIECE = 64 << 10
_INTERIM_MOST = 20


class Connection(Source):
    """Used by one call at a time. `uses`: requests it has carried before this one.

    `reach` is where its other end is; `proxy` is that end, where it takes whole addresses.
    """

    def __init__(
        self, wire: socket.socket, patience: Patience, reach: Reach, *, proxy: Proxy | None = None
    ) -> None:
        self.reach = reach
        self.proxy = proxy
        self.uses = 0
        self.idle_since = 0.0
        self.answered = False  # a byte of the answer to this request has come
        self._wire = wire
        self._patience = patience
        self._piece = bytearray(_PIECE)
        self._start = self._end = 0  # what of it has come and was not asked for yet
        self._until: float | None = None
        self._head_left: int | None = None
        self._pace: Pace | None = None

    def carry(self, call: Call) -> None:
        """Let `call` be ended by cutting this connection."""
        self.uses += 1
        self.answered = False
        self._pace = None
        wire = self._wire
        call.carry(lambda: shut_down(wire))

    def send(self, data: Buffer) -> None:
        """All of it. Raises OSError; TimeoutError when the server takes nothing for too long."""
        view = memoryview(data)
        self._wire.settimeout(self._patience.silence)
        while view:
            view = view[self._wire.send(view) :]

    def speaks_up(self, seconds: float = 0.0) -> bool:
        """Whether something has come, or the end, within `seconds`."""
        if self._start < self._end:
            return True
        if isinstance(self._wire, ssl.SSLSocket) and self._wire.pending():
            return True
        return _readable(self._wire, seconds)

    @property
    def encrypted(self) -> bool:
        return isinstance(self._wire, ssl.SSLSocket)

    def head(self, wait: float, *, interim: bool = False) -> Head:
        """The answer's head; those before it (1xx) are passed over, unless `interim` is set.

        `wait`: seconds for its first byte. Raises Broken, OSError.
        """
        self._head_left = self._patience.header_bytes
        self._until = time.monotonic() + wait
        try:
            for _ in range(_INTERIM_MOST):
                head = read_head(self)
                if head.status == 101:
                    raise Broken("it wants to speak another protocol")
                if interim or head.status >= 200:
                    return head
        finally:
            self._head_left = self._until = None
        raise Broken("it says “go on” again and again")

    # What message.Source asks for ------------------------------------------------------------

    def readline(self, limit: int) -> bytes:
        line = b""
        while len(line) < limit and not line.endswith(b"\n"):
            if self._start == self._end and not self._fill():
                break
            stop = self._piece.find(b"\n", self._start, self._end) + 1 or self._end
            stop = min(stop, self._start + limit - len(line))
            line += bytes(self._piece[self._start : stop])
            self._start = stop
        return line

    def readinto(self, view: memoryview) -> int:
        if self._start < self._end:
            count = min(len(view), self._end - self._start)
            view[:count] = memoryview(self._piece)[self._start : self._start + count]
            self._start += count
            return count
        return self._receive(view)

    def _fill(self) -> bool:
        count = self._receive(memoryview(self._piece))
        if self._head_left is not None:
            self._head_left -= count
            if self._head_left < 0:
                raise Broken("its headers have no end")
        self._start, self._end = 0, count
        return count > 0

    def _receive(self, view: memoryview) -> int:
        patience = self._patience.silence
        if self._until is not None:
            patience = self._until - time.monotonic()
            if patience <= 0:
                raise TimeoutError("the answer's head did not come to its end")
        self._wire.settimeout(patience)
        asked = time.monotonic()
        count = self._wire.recv_into(view)
        if self._pace is not None and not self._pace.keeps(count, time.monotonic() - asked):
            raise Broken("the server sends so slowly that it was not waited for any longer")
        if self._until is not None and not self.answered:
            self._until = time.monotonic() + self._patience.headers
        self.answered = self.answered or count > 0
        return count

    def deadline(self, seconds: float | None) -> None:
        """All that is read from now on comes within `seconds`; None: as long as bytes come."""
        self._until = None if seconds is None else time.monotonic() + seconds

    def hurry(self) -> None:
        """What comes until the next request is no file, and must keep the pace for that."""
        self._pace = Pace(self._patience.rate, self._patience.slow)

    def is_stale(self) -> bool:
        """Whether an idle one was closed, by the server or here, or said what nobody asked."""
        closed = self._wire.fileno() < 0
        return closed or self._start < self._end or _readable(self._wire, 0.0)

    def part(self, seconds: float) -> None:
        """Close it in the middle of a body, when the server has ended what it does with that.

        It would else go on behind what is sent next to the same name. Waits up to `seconds`.
        """
        until = time.monotonic() + seconds
        with suppress(OSError):  # below TLS: nothing of what comes is looked at
            socket.socket.shutdown(self._wire, socket.SHUT_WR)
            while (left := until - time.monotonic()) > 0 and _readable(self._wire, left):
                if not socket.socket.recv(self._wire, _PIECE):
                    break
        self._wire.close()

    def close(self) -> None:
        self._wire.close()


def _readable(wire: socket.socket, seconds: float) -> bool:
    if sys.platform == "win32" or not hasattr(select, "poll"):
        return bool(select.select([wire], [], [], seconds)[0])
    waiting = select.poll()
    waiting.register(wire, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))
