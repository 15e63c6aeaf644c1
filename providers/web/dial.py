"""A TCP connection: every step of it with a deadline, and cut short when its call is."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from providers.web.calls import Call, asked_apart, shut_down
from providers.web.patience import Patience

Found: TypeAlias = tuple[int, int, int, str, Any]
_LOOK_AGAIN = 0.1  # seconds between looks at the call: not every system wakes a connecting socket


class NoneAllowed(Exception):
    """The host's every address is one that may not be connected to."""


def dial(
    host: str,
    port: int,
    call: Call,
    patience: Patience,
    allowed: Callable[[str], bool] = lambda address: True,
) -> socket.socket:
    """A connection to the first of its addresses that answers.

    `allowed` is asked about each numeric address: what a name leads to is decided when it is
    connected to, and not before, when it may lead elsewhere (DNS rebinding, faults.md C11).
    Raises OSError (TimeoutError, gaierror) of the last one, UnicodeError for a name that is none,
    NoneAllowed.
    """
    found = _resolve(host, port, call, patience)
    usable = [one for one in found if allowed(str(one[4][0]))]
    if found and not usable:
        raise NoneAllowed(host)
    failed: OSError = TimeoutError("it has no address")
    for family, kind, protocol, _, address in usable:
        dialled = socket.socket(family, kind, protocol)
        try:
            _connect(dialled, address, call, patience)
        except OSError as error:
            dialled.close()
            failed = error
        except BaseException:
            dialled.close()
            raise
        else:
            return dialled
    raise failed


def _resolve(host: str, port: int, call: Call, patience: Patience) -> list[Found]:
    def ask() -> list[Any]:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)

    return asked_apart(ask, call, patience.resolve)


def _connect(dialled: socket.socket, address: Any, call: Call, patience: Patience) -> None:
    dialled.setblocking(False)
    call.carry(partial(shut_down, dialled))
    until = time.monotonic() + patience.connect
    with selectors.DefaultSelector() as selector:
        _begin(dialled, address)
        selector.register(dialled, selectors.EVENT_WRITE)
        while not selector.select(_LOOK_AGAIN):
            call.check()
            if time.monotonic() > until:
                raise TimeoutError("the connection was not made in time")
    call.check()
    failure = dialled.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if failure:
        raise OSError(failure, os.strerror(failure))
    dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _begin(dialled: socket.socket, address: Any) -> None:
    try:
        dialled.connect(address)
    except BlockingIOError:
        return
