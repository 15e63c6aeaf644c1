"""A relay on loopback that delivers each byte later, as fast a line as the machine allows.

The proxy of `tests/faults` holds 1 MiB at most, as small routers do: over 100 ms that is a line of
20 MB/s, and what is measured is the proxy. This one only delays.
"""

from __future__ import annotations

import collections
import socket
import threading
import time
from types import TracebackType
from typing import Self

_CHUNK = 256 << 10  # bytes read at once
_BUFFER = 4 << 20


class Distance:
    """Listens on `port` and relays to `target` on loopback; `round_trip` in seconds."""

    def __init__(self, target: int, round_trip: float) -> None:
        self._target = target
        self._one_way = round_trip / 2
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        for end in self._open:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            self._open += [near, far]
            _Flow(near, far, self._one_way)
            _Flow(far, near, self._one_way)


class _Flow:
    """One direction of one connection, in two threads of its own."""

    def __init__(self, source: socket.socket, target: socket.socket, delay: float) -> None:
        self._source, self._target, self._delay = source, target, delay
        self._changed = threading.Condition()
        self._held: collections.deque[tuple[float, bytes]] = collections.deque()
        for work in (self._take, self._give):
            threading.Thread(target=work, daemon=True).start()

    def _take(self) -> None:
        data = b"-"
        while data:
            try:
                data = self._source.recv(_CHUNK)
            except OSError:
                data = b""
            with self._changed:
                self._held.append((time.monotonic() + self._delay, data))
                self._changed.notify()

    def _give(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._held)
                due, data = self._held.popleft()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if not data:
                    self._target.shutdown(socket.SHUT_WR)
                    return
                self._target.sendall(data)
            except OSError:
                return
