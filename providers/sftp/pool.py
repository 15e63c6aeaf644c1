"""Sessions kept for the next call; and how a call is ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import paramiko

from providers.errors import ConnectionLost, ProviderError
from providers.records import dataclass
from providers.sftp import calls
from providers.sftp.patience import USUAL, Patience
from providers.sftp.session import Session
from providers.sftp.shell_digest import ShellDigest
from providers.sftp.wire import Wire

_SIGN_INS = 4  # at once, where one was let in: servers refuse strangers from ten on (MaxStartups)
_TRUSTED_SECONDS = 10.0  # idle for longer, a session is asked before it is relied upon

Connect: TypeAlias = Callable[[Wire], tuple[Session, paramiko.Transport | None]]
"""Make a session over `wire`. The transport is for a shell beside it, where there can be one."""


@dataclass(slots=True)
class Line:
    """A session, the connection below it, and the shell beside it once one was asked for."""

    session: Session
    transport: paramiko.Transport | None
    wire: Wire
    shell: ShellDigest | None = None
    idle_since: float = 0.0

    def close(self) -> None:
        if self.shell is not None:
            self.shell.close()
        self.session.close()


@dataclass(slots=True, eq=False)
class _Call:
    """What a thread has under way: the connection it makes or uses, and whether it was ended."""

    thread: int
    wire: Wire | None = None
    session: Session | None = None
    ended: bool = False

    @property
    def naming(self) -> bool:
        return self.session is not None and self.session.naming


class Pool:
    """Hands a session to one thread at a time and keeps up to `keep` idle ones.

    Nobody waits for a session: a thread may hold one to read while it needs another to write on
    the same server, so a limit here could lock all of them. Who calls keeps to `caps.connections`.
    """

    def __init__(
        self,
        endpoint: str,
        connect: Connect,
        *,
        keep: int,
        patience: Patience = USUAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._connect = connect
        self._keep = keep
        self._patience = patience
        self._clock = clock
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        # One sign-in at a time until one was let in: a refused password is forgotten before the
        # next thread tries.
        self._connecting = 0
        self._welcome = False
        self._calls: set[_Call] = set()
        self._idle: list[Line] = []
        self._busy: list[Line] = []
        self._closed = False
        self._requests = 0  # of sessions that are over

    @property
    def requests(self) -> int:
        """How many were made over all sessions so far."""
        with self._lock:
            lines = self._idle + self._busy
            return self._requests + sum(line.session.requests for line in lines)

    @contextmanager
    def line(self) -> Iterator[Line]:
        """A session for the length of the block; a broken or half-used one is dropped after it."""
        call = _Call(threading.get_ident())
        with self._lock:
            self._calls.add(call)
        try:
            line = self._take_idle(call) or self._open(call)
            try:
                yield line
            finally:
                self._give_back(line, call)
        finally:
            with self._lock:
                self._calls.discard(call)

    def interrupt(self, thread: int) -> None:
        """End what `thread` has under way: waiting, connecting or using a session, but not while
        a new file gets its name. Never waits."""
        with self._changed:
            calls = [call for call in self._calls if call.thread == thread]
            self._end([call for call in calls if not call.naming])

    def close(self) -> None:
        """Close every session, also those in use: their calls end with ConnectionLost."""
        with self._changed:
            self._closed = True
            self._end(self._calls)
            lines = self._idle + self._busy
            self._requests += sum(line.session.requests for line in self._idle)
            self._idle = []
        for line in lines:
            line.close()

    def _end(self, under_way: Iterable[_Call]) -> None:
        """Cut within the lock: the wire is still the call's own, and not yet another's."""
        for call in under_way:
            call.ended = True
            if call.wire is not None:
                call.wire.cut()
        self._changed.notify_all()

    def _go_on(self, call: _Call) -> None:
        if self._closed:
            raise ConnectionLost(self._endpoint, "the connection was closed", advice="")
        if call.ended:
            raise ConnectionLost(self._endpoint, "the connection was ended here", advice="")

    def _take_idle(self, call: _Call) -> Line | None:
        while True:
            with self._lock:
                self._go_on(call)
                if not self._idle:
                    return None
                line = self._idle.pop()
                self._busy.append(line)
                call.wire, call.session = line.wire, line.session
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

    def _open(self, call: _Call) -> Line:
        wire = Wire(self._endpoint, self._patience)
        with self._changed:
            self._changed.wait_for(lambda: self._may_connect() or call.ended or self._closed)
            self._go_on(call)
            self._connecting += 1
            call.wire = wire
        welcome = False
        try:
            line = Line(*self._connect(wire), wire)
            welcome = True
        finally:
            with self._changed:
                self._connecting -= 1
                self._welcome = welcome
                self._changed.notify_all()
        with self._lock:
            self._busy.append(line)
            call.session = line.session
            usable = not self._closed and not call.ended
        if not usable:
            self._drop(line)
            self._go_on(call)
        return line

    def _may_connect(self) -> bool:
        return self._connecting < (_SIGN_INS if self._welcome else 1)

    def _give_back(self, line: Line, call: _Call) -> None:
        good = line.session.settle()
        with self._lock:
            call.wire = call.session = None
            usable = good and not line.wire.is_cut and not self._closed
            if usable and len(self._idle) < self._keep:
                line.idle_since = self._clock()
                self._busy.remove(line)
                self._idle.append(line)
                return
        self._drop(line)

    def _drop(self, line: Line) -> None:
        with self._lock:
            self._busy.remove(line)
            self._requests += line.session.requests
        if line.wire.doubtful and line.transport is not None:
            self._drop_idle_on(line.transport)
        line.close()

    def _drop_idle_on(self, silent: paramiko.Transport) -> None:
        """Each would be waited for as long as the one that did not answer."""
        with self._lock:
            beside = [line for line in self._idle if line.transport is silent]
            self._idle = [line for line in self._idle if line.transport is not silent]
            self._busy += beside
        for line in beside:
            self._drop(line)
