"""A sign-in whose connection waits while a person answers what the server asked in its middle.

A code that came by mail or by SMS opens only the connection that it was sent for; and what was
typed for one question is still good when the next one comes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

import paramiko

from providers.errors import AuthRequired

Asks: TypeAlias = Callable[[AuthRequired], bool]
"""Have a person asked, and wait: whether to look again for what they gave."""

SECONDS = 100.0
"""How long a connection waits for them: OpenSSH's server hangs up after 120 (LoginGraceTime)."""


class Held:
    """One attempt, made in a thread of its own by `work`, which may `ask` there."""

    def __init__(self, work: Callable[[], paramiko.Transport]) -> None:
        self._work = work
        self._changed = threading.Condition()  # guards what follows
        self._began = False
        self._asked: AuthRequired | None = None
        self._given_up = False
        self._transport: paramiko.Transport | None = None
        self._error: BaseException | None = None

    def outcome(self) -> paramiko.Transport:
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
            if self._transport is not None:
                return self._transport
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
        return self._transport is not None or self._error is not None

    def _run(self) -> None:
        transport, failed = None, None
        try:
            transport = self._work()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            failed = error
        with self._changed:
            self._transport, self._error = transport, failed
            self._changed.notify_all()
