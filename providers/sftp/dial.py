"""A TCP connection: every step of it with a deadline and cut short when its wire is."""

from __future__ import annotations

import os
import queue
import selectors
import socket
import threading
import time
from functools import partial
from typing import Any, TypeAlias

from providers.base import Buffer
from providers.sftp.wire import Wire, give_up

Address: TypeAlias = tuple[Any, ...]
_LOOK_AGAIN = 0.1  # seconds between looks at the wire: not every system wakes a connecting socket


class Patient:
    """Gives up on a peer that takes nothing for `patience` seconds: paramiko tries for ever."""

    patience = 30.0
    _stuck_since: float | None = None

    def _stuck(self) -> bool:
        """Nothing was taken: whether that is so for too long."""
        now = time.monotonic()
        if self._stuck_since is None:
            self._stuck_since = now
        return now - self._stuck_since >= self.patience

    def _took(self) -> None:
        self._stuck_since = None


class PatientSocket(Patient, socket.socket):
    """A socket that paramiko may have."""

    def send(self, data: Buffer, flags: int = 0) -> int:  # type: ignore[override]
        try:
            sent = super().send(data, flags)
        except TimeoutError:
            if self._stuck():
                give_up(self)
            raise
        self._took()
        return sent


def dial(host: str, port: int, wire: Wire, family: int = 0) -> PatientSocket:
    """A connection to the first of its addresses that answers, of those of `family` (0: any).

    Raises OSError (TimeoutError, gaierror) of the last one, UnicodeError for a name that is none.
    """
    failed: OSError = TimeoutError("it has no address")
    for family_there, kind, protocol, address in _resolve(host, port, wire, family):
        dialled = PatientSocket(family_there, kind, protocol)
        try:
            _connect(dialled, address, wire)
        except OSError as error:
            dialled.close()
            failed = error
        except BaseException:
            dialled.close()
            raise
        else:
            dialled.patience = wire.patience.answer
            return dialled
    raise failed


def _resolve(host: str, port: int, wire: Wire, family: int) -> list[tuple[int, int, int, Address]]:
    """Ask the system in a thread of its own: nothing can end that question, so it is left alone."""
    answers: queue.SimpleQueue[list[Any] | OSError | UnicodeError | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    wire.carry(partial(answers.put, None))
    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=wire.patience.resolve)
    except queue.Empty:
        raise TimeoutError("the name was not resolved") from None
    wire.check()
    if isinstance(answer, Exception):
        raise answer
    return [
        (family, kind, protocol, address) for family, kind, protocol, _, address in answer or ()
    ]


def _connect(dialled: socket.socket, address: Address, wire: Wire) -> None:
    dialled.setblocking(False)
    wire.carry(partial(give_up, dialled))
    until = time.monotonic() + wire.patience.connect
    with selectors.DefaultSelector() as selector:
        _begin(dialled, address)
        selector.register(dialled, selectors.EVENT_WRITE)
        while not selector.select(_LOOK_AGAIN):
            wire.check()
            if time.monotonic() > until:
                raise TimeoutError("the connection was not made in time")
    wire.check()
    failure = dialled.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if failure:
        raise OSError(failure, os.strerror(failure))
    dialled.setblocking(True)


def _begin(dialled: socket.socket, address: Address) -> None:
    try:
        dialled.connect(address)
    except BlockingIOError:
        return
