"""From a host's name to a TCP connection, each step told: the way to every server begins so."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from providers.diagnosis import Finding, Step, in_time
from providers.records import dataclass
from providers.text import printable

RESOLVE_SECONDS = 15.0
CONNECT_SECONDS = 10.0
_MOST_ADDRESSES = 8
_PASSING = (socket.EAI_AGAIN,)


@dataclass(frozen=True, slots=True)
class _Tried:
    """One address: the connection to it, or why there is none."""

    shown: str
    step: Step
    connected: socket.socket | None
    error: OSError | None


def reach(host: str, port: int, service: str) -> Generator[Finding, None, socket.socket | None]:
    """Resolve `host` and connect to each of its addresses; the first connection is returned.

    None: there is no way, and the last finding says why. `service` is what should listen there
    ("an SSH server").
    """
    addresses = yield from _resolve(host, port)
    if not addresses:
        return None
    with ThreadPoolExecutor(max_workers=_MOST_ADDRESSES) as pool:
        tried = list(pool.map(_try, addresses))
    connected = [each.connected for each in tried if each.connected is not None]
    for other in connected[1:]:
        other.close()
    with closed_when_left(*connected):
        for each in tried:
            yield _told(each, port, service, reached=bool(connected))
    return connected[0] if connected else None


@contextmanager
def closed_when_left(*connected: socket.socket) -> Iterator[None]:
    """Nobody gets these connections when the walk is left, or fails, within the block."""
    try:
        yield
    except BaseException:
        for each in connected:
            each.close()
        raise


def _resolve(host: str, port: int) -> Generator[Finding, None, list[Any]]:
    step = Step("name")
    shown = printable(host)
    try:
        found = in_time(
            RESOLVE_SECONDS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
    except TimeoutError:
        yield step.wrong(
            f"the name server did not say within {RESOLVE_SECONDS:g} seconds who “{shown}” is",
            "Check that the network (or the VPN) is up, and its DNS settings.",
        )
        return []
    except (OSError, UnicodeError) as error:
        yield _unknown(step, shown, error)
        return []
    texts = list(dict.fromkeys(each[4][0] for each in found))
    if _is_address(host):
        yield step.fine(f"{shown} is an address itself")
    else:
        yield step.fine(f"“{shown}” is {', '.join(map(str, texts))}")
    return found[:_MOST_ADDRESSES]


def _unknown(step: Step, shown: str, error: OSError | UnicodeError) -> Finding:
    if isinstance(error, socket.gaierror) and error.errno in _PASSING:
        return step.wrong(
            f"no name server answers just now, so nobody knows who “{shown}” is",
            "Check that the network (or the VPN) is up, and its DNS settings.",
        )
    return step.wrong(
        f"no computer is called “{shown}”",
        "Check the spelling, and whether a VPN must be up to know this name.",
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _try(address: Any) -> _Tried:
    family, kind, protocol, _, where = address
    step = Step("TCP")
    dialled = socket.socket(family, kind, protocol)
    dialled.settimeout(CONNECT_SECONDS)
    try:
        dialled.connect(where)
    except OSError as error:
        dialled.close()
        step.stop()
        return _Tried(str(where[0]), step, None, error)
    step.stop()
    return _Tried(str(where[0]), step, dialled, None)


def _told(tried: _Tried, port: int, service: str, *, reached: bool) -> Finding:
    where = f"{tried.shown} port {port}"
    if tried.error is None:
        return tried.step.fine(f"{where} answers")
    what, advice = _why(tried.error, where, service)
    if reached:
        return tried.step.remark(what, "Another of its addresses answers; this one costs time.")
    return tried.step.wrong(what, advice)


def _why(error: OSError, where: str, service: str) -> tuple[str, str]:
    if isinstance(error, ConnectionRefusedError):
        return (
            f"{where} refuses connections: nothing listens there",
            f"Check the port, and that {service} runs there.",
        )
    if isinstance(error, TimeoutError):
        return (
            f"{where} did not answer within {CONNECT_SECONDS:g} seconds",
            "Check the address and port. A firewall between may drop the connection; some need a "
            "VPN or a proxy.",
        )
    return (
        f"there is no way to {where} ({error.strerror or error})",
        "Check this computer's network, and that its address is right.",
    )
