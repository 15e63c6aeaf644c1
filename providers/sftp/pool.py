"""Sessions kept for the next call, each with a connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import paramiko

from providers.errors import ConnectionLost, ProviderError
from providers.sftp import calls
from providers.sftp.session import Session
from providers.sftp.shell_digest import ShellDigest

_TRUSTED_SECONDS = 10.0  # idle for longer, a session is asked before it is relied upon


@dataclass(slots=True)
class Line:
    """A session, the connection below it, and the shell beside it once one was asked for."""

    session: Session
    transport: paramiko.Transport
    shell: ShellDigest | None = None
    idle_since: float = 0.0


class Pool:
    """Hands a session to one thread at a time and keeps up to `keep` idle ones.

    Nobody waits for a session: a thread may hold one to read while it needs another to write on
    the same server, so a limit here could lock all of them. Who calls keeps to `caps.connections`.
    """

    def __init__(
        self,
        endpoint: str,
        connect: Callable[[], tuple[Session, paramiko.Transport]],
        *,
        keep: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._connect = connect
        self._keep = keep
        self._clock = clock
        self._lock = threading.Lock()
        # One sign-in at a time: a refused password is forgotten before the next thread tries.
        self._connecting = threading.Lock()
        self._idle: list[Line] = []
        self._busy: list[Line] = []
        self._closed = False

    @contextmanager
    def line(self) -> Iterator[Line]:
        """A session for the length of the block; a broken or half-used one is dropped after it."""
        line = self._take_idle() or self._open()
        try:
            yield line
        finally:
            self._give_back(line)

    def close(self) -> None:
        """Close every session, also those in use: their calls end with ConnectionLost."""
        with self._lock:
            self._closed = True
            lines = self._idle + self._busy
            self._idle = []
        for line in lines:
            line.session.close()

    def _take_idle(self) -> Line | None:
        while True:
            with self._lock:
                self._refuse_when_closed()
                if not self._idle:
                    return None
                line = self._idle.pop()
                self._busy.append(line)
            if self._still_good(line):
                return line
            self._drop(line)

    def _still_good(self, line: Line) -> bool:
        if not line.session.alive():
            return False
        if self._clock() - line.idle_since < _TRUSTED_SECONDS:
            return True
        try:
            calls.real_path(line.session, ".")
        except ProviderError:
            return False
        return True

    def _open(self) -> Line:
        with self._connecting:
            with self._lock:
                self._refuse_when_closed()
            line = Line(*self._connect())
        with self._lock:
            self._busy.append(line)
            closed = self._closed
        if closed:
            self._drop(line)
            raise ConnectionLost(self._endpoint, "the connection was closed", advice="")
        return line

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise ConnectionLost(self._endpoint, "the connection was closed", advice="")

    def _give_back(self, line: Line) -> None:
        good = line.session.settle()
        with self._lock:
            if good and not self._closed and len(self._idle) < self._keep:
                line.idle_since = self._clock()
                self._busy.remove(line)
                self._idle.append(line)
                return
        self._drop(line)

    def _drop(self, line: Line) -> None:
        with self._lock:
            self._busy.remove(line)
        line.session.close()
