"""Sessions by the ssh program. Where ssh waits for a person, the next call goes on with it."""

from __future__ import annotations

import threading
from functools import partial

from providers.access import Access
from providers.errors import ConnectionLost
from providers.records import dataclass
from providers.sftp.held import Held
from providers.sftp.openssh.session import open_session
from providers.sftp.session import Session
from providers.sftp.target import Target
from providers.sftp.wire import Wire


@dataclass(frozen=True, slots=True)
class _Attempt:
    """`wire` is its own: whoever asks for its outcome may be another each time."""

    wire: Wire
    sign_in: Held[tuple[Session, None]]


class Processes:
    """Those to one server. Safe for many threads."""

    def __init__(self, to: Target, access: Access) -> None:
        self._to = to
        self._access = access
        self._lock = threading.Lock()
        self._waiting: _Attempt | None = None
        self._over = False

    def open(self, wire: Wire) -> tuple[Session, None]:
        """As `Connections.open`. Raises as `open_session` does."""
        while True:
            attempt = self._taken(wire)
            waited = attempt.sign_in.waits
            try:
                wire.carry(attempt.wire.cut)
                made = attempt.sign_in.outcome()
            except BaseException as error:
                if not self._is_kept(attempt):
                    attempt.wire.cut()
                if waited and isinstance(error, ConnectionLost) and not wire.is_cut:
                    continue  # it had waited for longer than the server did
                raise
            wire.patience = attempt.wire.patience
            return made

    def close(self) -> None:
        """Let go of what waits for a person; sessions end on their own. Never waits."""
        with self._lock:
            self._over = True
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.wire.cut()

    def _taken(self, wire: Wire) -> _Attempt:
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting.sign_in.waits:
            return waiting
        own = Wire(self._to.endpoint, wire.patience)
        return _Attempt(own, Held(partial(open_session, self._to, self._access, own), own))

    def _is_kept(self, attempt: _Attempt) -> bool:
        with self._lock:
            kept = attempt.sign_in.waits and not self._over and self._waiting is None
            if kept:
                self._waiting = attempt
            return kept
