"""Several sessions on one connection: signed in once, each session on a channel of its own.

A code or a password is asked for once, another session costs a trip instead of a sign-in, and
each channel has a window of its own: over distance several carry as much as several connections
would. A server that opens no more of them (sshd's MaxSessions) gets another connection instead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import paramiko

from providers.access import Access
from providers.errors import ConnectionLost, Denied
from providers.records import dataclass
from providers.sftp.channels import leave, start_session
from providers.sftp.connect import NothingOpened, closed_on_error, shut
from providers.sftp.held import Held
from providers.sftp.lean_packets import moved_by
from providers.sftp.route import arrive
from providers.sftp.session import Session
from providers.sftp.sign_in import sign_in
from providers.sftp.target import Target, configured
from providers.sftp.wire import Wire

_MOST = 8  # sessions on a connection: sshd's MaxSessions is 10, and digests need some of them
_GRACE = 5.0  # seconds in which nothing moves: a session that does not end takes all along


@dataclass(slots=True, eq=False)
class _Shared:
    """A connection. `wire` is its own; `transport` is None while it is being made, by `sign_in`;
    `ending`: nothing more is opened on it."""

    wire: Wire
    sign_in: Held[paramiko.Transport]
    transport: paramiko.Transport | None = None
    sessions: int = 1
    ending: bool = False


class Connections:
    """The connections to one server. Safe for many threads."""

    def __init__(self, to: Target, access: Access) -> None:
        self._to = to
        self._access = access
        self._changed = threading.Condition()  # guards what follows
        self._shared: list[_Shared] = []
        self._waiting: _Shared | None = None  # until a person has answered
        self._over = False
        self._most = _MOST
        self._had = 1  # the most that one connection had at once

    def open(self, wire: Wire) -> tuple[Session, paramiko.Transport]:
        """A session, where it can be on a connection that is there. `wire` ends it, from any
        thread and at any step, with ConnectionLost; it ends others only when it must.

        Raises what making a connection raises (`arrive`, `sign_in`, `start_session`).
        """
        wire.carry(self._wake)
        while True:
            shared = self._reserved(wire)
            if shared.transport is None:
                if (made := self._made_for(shared, wire)) is not None:
                    return made
                continue
            try:
                started = self._started(shared, shared.transport, wire)
            except (ConnectionLost, Denied) as error:
                wire.check()
                self._learn(shared, shared.transport, refused=isinstance(error, Denied))
            else:
                self._had = max(self._had, shared.sessions)
                return started

    def _made_for(self, shared: _Shared, wire: Wire) -> tuple[Session, paramiko.Transport] | None:
        """None: it had waited for a person for longer than the server did."""
        waited = shared.sign_in.waits
        try:
            return self._made(shared, wire)
        except ConnectionLost:
            wire.check()
            if waited:
                return None
            raise

    def close(self) -> None:
        """Let go of what waits for a person; sessions end on their own. Never waits."""
        with self._changed:
            self._over = True
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.wire.cut()

    def apart(self, wire: Wire) -> tuple[Session, paramiko.Transport]:
        """A session that has its connection to itself, where `open` has any share theirs.

        Raises NothingOpened where none are shared: there it would be like all others.
        """
        if self._had == 1:
            raise NothingOpened(self._to.endpoint)
        shared = self._begun(wire)
        shared.ending = True
        with self._changed:
            self._shared.append(shared)
        return self._made(shared, wire)

    def _reserved(self, wire: Wire) -> _Shared:
        """A connection that has room. One without a transport is for the caller to make."""
        with self._changed:
            self._changed.wait_for(lambda: wire.is_cut or not self._is_one_coming())
            wire.check()
            for shared in self._shared:
                transport = shared.transport
                if transport is None or not self._has_room(shared) or not transport.is_active():
                    continue
                shared.sessions += 1
                return shared
            shared, self._waiting = self._waiting or self._begun(wire), None
            if not shared.sign_in.goes_on:
                shared = self._begun(wire)
            self._shared.append(shared)
            return shared

    def _begun(self, wire: Wire) -> _Shared:
        own = Wire(self._to.endpoint, wire.patience)
        return _Shared(own, Held(partial(self._signed_in, own), own))

    def _is_one_coming(self) -> bool:
        return any(s.transport is None and self._has_room(s) for s in self._shared)

    def _has_room(self, shared: _Shared) -> bool:
        return not shared.ending and shared.sessions < self._most

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _made(self, shared: _Shared, wire: Wire) -> tuple[Session, paramiko.Transport]:
        wire.carry(partial(self._cut_unmade, shared))
        try:
            transport = shared.sign_in.outcome()
        except BaseException:
            with self._changed:
                self._shared.remove(shared)
                kept = shared.sign_in.waits and not shared.ending and not self._over
                self._waiting = shared if kept else None
                self._changed.notify_all()
            if not kept:
                shared.wire.cut()
            raise
        with self._changed:
            shared.transport = transport
            self._changed.notify_all()
        wire.patience = shared.wire.patience
        return self._started(shared, transport, wire)

    def _cut_unmade(self, shared: _Shared) -> None:
        if shared.transport is None:
            shared.wire.cut()

    def _signed_in(self, wire: Wire) -> paramiko.Transport:
        to = configured(self._to, self._access)
        transport = arrive(to, self._access, wire)
        with closed_on_error(transport):
            sign_in(transport, to, self._access, wire)
        return transport

    def _started(
        self, shared: _Shared, transport: paramiko.Transport, wire: Wire
    ) -> tuple[Session, paramiko.Transport]:
        wire.patience, wire.doubtful = shared.wire.patience, False
        stay = _Stay(shared, wire, self._left)
        try:
            wire.carry(stay.cut)
            return start_session(transport, self._to, wire, stay.end), transport
        except BaseException:
            stay.end(None)
            raise

    def _left(self, shared: _Shared, wire: Wire) -> bool:
        """A session of it is over. Whether it was the last, which closes it."""
        with self._changed:
            shared.sessions -= 1
            if wire.doubtful:
                shared.ending = shared.wire.doubtful = True
            is_last = not shared.sessions
            if is_last:
                self._shared.remove(shared)
            self._changed.notify_all()
        return is_last

    def _learn(self, shared: _Shared, transport: paramiko.Transport, *, refused: bool) -> None:
        """What came of one session more: a server that hangs up on it is not asked for it again.

        It may have been the network: as many as there were once remain.
        """
        with self._changed:
            if refused:
                self._most = max(1, min(self._most, shared.sessions))
            elif not transport.is_active() and not shared.wire.is_cut:
                self._most = min(self._most, self._had)
            shared.ending = shared.ending or not refused


class _Stay:
    """A session's time on a connection that is shared."""

    def __init__(self, shared: _Shared, wire: Wire, left: Callable[[_Shared, Wire], bool]) -> None:
        self._shared, self._wire, self._left = shared, wire, left
        self._lock = threading.Lock()
        self._over = False

    def end(self, channel: paramiko.Channel | None) -> None:
        """The session is over; may be told twice."""
        with self._lock:
            over, self._over = self._over, True
        if over:
            return
        if self._left(self._shared, self._wire):
            assert self._shared.transport is not None
            if self._wire.is_cut or self._shared.wire.doubtful:
                self._shared.wire.cut()
            shut(self._shared.transport)
        elif channel is not None:
            leave(channel)

    def cut(self) -> None:
        """The session's wire is cut, which ends its channels. What waits below them does not end
        by that, and who is alone leaves nobody behind: then it is the whole connection. On a line
        that is slow it waits for its turn, and others would lose theirs: while something moves
        there, nothing is stuck."""
        if self._over:
            return
        if self._shared.sessions == 1:
            self._shared.wire.cut()
        elif self._wire.below:
            self._look_later()

    def _look_later(self) -> None:
        watch = threading.Timer(_GRACE, self._cut_below, (moved_by(self._shared.transport),))
        watch.daemon = True
        watch.start()

    def _cut_below(self, moved: tuple[int, int]) -> None:
        if not self._wire.below or self._over:
            return
        if moved_by(self._shared.transport) == moved:
            self._shared.wire.cut()
        else:
            self._look_later()
