"""Attempts to sign in, several on one connection, the first together with the request for the
service: servers answer both in turn, and a trip is saved.

This leans on paramiko's private parts. Where they are not those that it was written for (`usable`),
the usual way is gone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import paramiko
from paramiko.auth_handler import AuthOnlyHandler
from paramiko.common import (
    MSG_SERVICE_ACCEPT,
    MSG_USERAUTH_FAILURE,
    cMSG_SERVICE_REQUEST,
)

_WRITTEN_FOR = "5.1."
_TABLE = "_client_handler_table"
_PARTS = (
    (AuthOnlyHandler, (_TABLE, "_parse_userauth_failure")),
    (paramiko.Transport, ("_send_message",)),
)


class Attempts(AuthOnlyHandler):
    """Several attempts after one request for the service, as RFC 4252 has it.

    paramiko's usual handler asks for the service before each, at which asyncssh hangs up. This one
    sets up what it waits on only after it has asked, so that a quick answer would be missed: here
    that is done before.
    """

    def __init__(self, transport: paramiko.Transport) -> None:
        self._answered = threading.Event()
        super().__init__(transport)

    @property
    def auth_event(self) -> threading.Event:
        return self._answered

    @auth_event.setter
    def auth_event(self, event: object) -> None:
        """Ours is kept."""

    def send_auth_request(
        self,
        username: str,
        method: str,
        finish_message: Callable[[paramiko.Message], None] | None = None,
    ) -> list[str]:
        self._answered = threading.Event()
        return super().send_auth_request(username, method, finish_message or _nothing_more)


class FirstAttempts(Attempts):
    """The first of all goes right behind the request for the service, whose answer is not awaited:
    a server answers both in turn. `further`: the methods that it named when it refused one."""

    def __init__(self, transport: paramiko.Transport) -> None:
        super().__init__(transport)
        self.further: frozenset[str] = frozenset()
        self._asked = False

    @property
    def _client_handler_table(self) -> dict[int, Callable[[paramiko.Message], None]]:
        table: dict[int, Callable[[paramiko.Message], None]] = dict(getattr(super(), _TABLE))
        table[MSG_SERVICE_ACCEPT] = _nothing_more
        table[MSG_USERAUTH_FAILURE] = self._refused
        return table

    def _refused(self, message: paramiko.Message) -> None:
        self.further = frozenset(message.get_list())
        message.rewind()
        self._parse_userauth_failure(message)  # type: ignore[attr-defined]  # `usable` looks

    def send_auth_request(
        self,
        username: str,
        method: str,
        finish_message: Callable[[paramiko.Message], None] | None = None,
    ) -> list[str]:
        if not self._asked:
            self._asked = True
            request = paramiko.Message()
            request.add_byte(cMSG_SERVICE_REQUEST)
            request.add_string("ssh-userauth")
            transport: Any = self.transport
            transport._send_message(request)
        return super().send_auth_request(username, method, finish_message)


def _nothing_more(message: paramiko.Message) -> None:
    """Nothing is added to a request, and nothing follows from an answer."""


def beginning(transport: paramiko.Transport) -> FirstAttempts | None:
    """The handler for a connection on which nobody has asked for anything; None: paramiko has not
    the parts that it needs."""
    if not usable():
        return None
    transport.auth_handler = attempts = FirstAttempts(transport)
    return attempts


def usable() -> bool:
    """Whether paramiko has the parts that this file leans on."""
    return paramiko.__version__.startswith(_WRITTEN_FOR) and all(
        hasattr(kind, part) for kind, parts in _PARTS for part in parts
    )
