"""A sign-in whose connection waits while a person answers what the server asked in its middle.

A code that came by mail or by SMS opens only the connection that it was sent for; and what was
typed for one question is still good when the next one comes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from providers.errors import AuthRequired
from providers.sftp.wire import Wire

T = TypeVar("T")

Asks: TypeAlias = Callable[[AuthRequired], bool]
"""Have a person asked, and wait: whether to look again for what they gave."""

SECONDS = 100.0
"""How long a connection waits for them: OpenSSH's server hangs up after 120 (LoginGraceTime)."""


class Person:
    """Who answers the questions of one attempt; `asks` is that of its wire."""

    def __init__(self, asks: Asks) -> None:
        self._asks = asks
        self._took = 0.0
        self._since: float | None = None

    def is_asked(self, missing: AuthRequired) -> bool:
        """See `Asks`."""
        self._since = began = time.monotonic()
        answered = self._asks(missing)
        self._took, self._since = self._took + time.monotonic() - began, None
        return answered

    def took(self) -> float:
        """Seconds that they took so far, which are not the server's."""
        since = self._since
        return self._took + (0.0 if since is None else time.monotonic() - since)


class Held(Generic[T]):
    """One attempt, made in a thread of its own by `work`, whose `wire` asks here, and ends it."""

    def __init__(self, work: Callable[[], T], wire: Wire) -> None:
        self._work = work
        self._changed = threading.Condition()  # guards what follows
        self._began = False
        self._asked: AuthRequired | None = None
        self._given_up = False
        self._made: T | None = None
        self._error: BaseException | None = None
        wire.asks = self.ask
        wire.carry(self.give_up)

    def outcome(self) -> T:
        """Begin, or go on after a question, until it has ended or asks one.

        Raises what `work` does, and the question; then it may be called again.
        """
        with self._changed:
            if not self._began:
                self._began = True
                threading.Thread(target=self._run, name="sign in", daemon=True).start()
            self._asked = None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._has_ended or self._asked is not None)
            if self._made is not None:
                return self._made
            error = self._error or self._asked
        assert error is not None
        raise error

    @property
    def waits(self) -> bool:
        """Whether it waits for a person, and can still go on."""
        with self._changed:
            return self._asked is not None and not self._given_up

    @property
    def goes_on(self) -> bool:
        """Whether `outcome` may be asked for: it has not begun yet, or `waits`."""
        return self.waits or not self._began

    def ask(self, missing: AuthRequired) -> bool:
        """An `Asks` for `work`. False once it is given up, or nobody came in time."""
        with self._changed:
            self._asked = missing
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._asked is None or self._given_up, SECONDS)
            self._given_up = self._given_up or self._asked is not None
            return not self._given_up

    def give_up(self) -> None:
        """Nobody will come. Never waits."""
        with self._changed:
            self._given_up = True
            self._changed.notify_all()

    @property
    def _has_ended(self) -> bool:
        return self._made is not None or self._error is not None

    def _run(self) -> None:
        made, failed = None, None
        try:
            made = self._work()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            failed = error
        with self._changed:
            self._made, self._error = made, failed
            self._changed.notify_all()
