"""From an endpoint to an SSH connection whose host key is accepted.

The host key is judged before any secret is sent. Everything has a deadline (faults.md 3, B4), and
whatever paramiko raises becomes one sentence.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import paramiko
from cryptography.exceptions import InvalidTag

from providers.access import Access
from providers.errors import (
    ConnectionLost,
    Denied,
    Unreachable,
    Unsupported,
)
from providers.sftp import algorithms, host_keys, known_hosts
from providers.sftp.dial import PatientSocket, dial
from providers.sftp.lean_packets import packetizer_for
from providers.sftp.target import Target, target
from providers.sftp.through import OverServer
from providers.sftp.turns import InTurn
from providers.sftp.wire import Wire, shut_down
from providers.text import printable

__all__ = [
    "NothingOpened",
    "Target",
    "closed_on_error",
    "connect",
    "dial_to",
    "shut",
    "target",
    "translated",
]

_GOODBYE_SECONDS = 15.0
_UNSENT = 256 << 10  # bytes that wait in the system to be sent: others share the connection
_WINDOW = 64 << 20  # bytes on the way to us: OpenSSH's 2 MiB is slow over distance
_PACKET = 128 << 10
_WRONG_SIGNATURE = "Signature verification"  # as paramiko says it

# What paramiko's thread stumbles over in a packet that is not as it was sent (faults.md B8): it
# hands that on as it is.
_ALTERED = (InvalidTag, ValueError, IndexError, struct.error)

logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


class NothingOpened(Denied):
    """The server opens no channel on this connection, or no more of them (MaxSessions)."""


def connect(
    to: Target, access: Access, wire: Wire, way: PatientSocket | OverServer
) -> paramiko.Transport:
    """A connection over `way` whose host key is accepted; nobody is signed in yet.

    Raises Unreachable until the key exchange is over, ConnectionLost when the wire is cut or the
    server's signature is wrong, Unsupported, HostKeyUnknown, HostKeyChanged, HostKeyRevoked.
    """
    transport = _transport(way, to, wire)
    with closed_on_error(transport), translated(to.endpoint):
        lines = host_keys.known(to, access)
        algorithms.prefer(
            transport,
            known_hosts.known_types(lines, *to.known_as),
            to.options,
            certified=bool(known_hosts.authorities(lines, *to.known_as)),
        )
        with _not_reached(wire):
            _exchange_keys(transport, to, wire)
        host_keys.check(transport, lines, to, access)
    return transport


def _exchange_keys(transport: paramiko.Transport, to: Target, wire: Wire) -> None:
    seconds = wire.patience.greeting + wire.patience.key_exchange
    with translated(wire.endpoint), wire.within(seconds):
        try:
            transport.start_client(timeout=seconds)
        except paramiko.ssh_exception.IncompatiblePeer as error:
            keyword = _allowed_by(to, str(error))
            if keyword is None:
                raise
            raise Unsupported(
                wire.endpoint,
                f"the server offers nothing that {keyword} in ~/.ssh/config allows",
                advice=f"Take {keyword} out for this host, or look at it with “ssh -G HOST”.",
            ) from error


def _allowed_by(to: Target, said: str) -> str | None:
    """What the person said about the algorithms that paramiko says there are none in common of."""
    options = to.options
    lists = {
        "host key": ("HostKeyAlgorithms", options.host_keys),
        "kex": ("KexAlgorithms", options.exchanges),
        "cipher": ("Ciphers", options.ciphers),
        "mac": ("MACs", options.macs),
    }
    return next((name for sign, (name, list_) in lists.items() if sign in said and list_), None)


@contextmanager
def _not_reached(wire: Wire) -> Iterator[None]:
    """Say of a connection that is lost before the server could be asked anything that it never
    came about. One whose server gave a wrong signature did: that is about its key."""
    try:
        yield
    except ConnectionLost as error:
        if wire.interrupted or _WRONG_SIGNATURE in error.what:
            raise
        if error.what != ConnectionLost.what:
            advice = None if error.advice == ConnectionLost.advice else error.advice
            raise Unreachable(wire.endpoint, error.what, advice=advice) from error
        raise Unreachable(
            wire.endpoint,
            "the server hung up on the greeting",
            advice="It may be starting or limit new connections; check that it is an SSH server.",
        ) from error


def dial_to(to: Target, wire: Wire) -> PatientSocket:
    """A TCP connection to it. Raises Unreachable."""
    where = f"{printable(to.host)} port {to.port}"
    try:
        dialled = dial(to.host, to.port, wire, to.options.family)
    except (socket.gaierror, UnicodeError) as error:
        raise Unreachable(
            wire.endpoint,
            f"no computer is called “{printable(to.host)}”",
            advice="Check the name, and that the network is up.",
        ) from error
    except ConnectionRefusedError as error:
        raise Unreachable(
            wire.endpoint,
            f"{where} refused the connection",
            advice="Check the port, and that an SSH server runs there.",
        ) from error
    except TimeoutError as error:
        raise Unreachable(
            wire.endpoint,
            f"{where} did not answer within {wire.patience.connect:g} seconds",
            advice="Check the address, the network and any firewall between.",
        ) from error
    except OSError as error:
        raise Unreachable(
            wire.endpoint,
            f"there is no way to {where} ({error.strerror or error})",
        ) from error
    dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    dialled.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # elsewhere more lies before what is asked next
        with suppress(OSError):
            dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
    return dialled


def _transport(dialled: PatientSocket | OverServer, to: Target, wire: Wire) -> paramiko.Transport:
    try:
        transport = paramiko.Transport(
            dialled,  # type: ignore[arg-type]  # all that is asked of a socket
            default_window_size=_WINDOW,
            default_max_packet_size=_PACKET,
            packetizer_class=packetizer_for(dialled),
        )
    except BaseException:
        dialled.close()
        raise
    transport.use_compression(to.options.compression)
    transport.banner_timeout = wire.patience.greeting
    transport.handshake_timeout = wire.patience.key_exchange
    transport.channel_timeout = wire.patience.channel
    transport.clear_to_send_timeout = wire.patience.answer
    transport.clear_to_send_lock = InTurn()  # type: ignore[assignment]  # each send holds it
    return transport


@contextmanager
def closed_on_error(transport: paramiko.Transport) -> Iterator[None]:
    """Let go of a connection that did not come about."""
    try:
        yield
    except BaseException:
        shut(transport)
        raise


def shut(transport: paramiko.Transport) -> None:
    """Close a connection, started or not, and wait for paramiko's thread."""
    shut_down(transport.sock)
    transport.close()
    transport.sock.close()
    if transport.ident is not None and transport is not threading.current_thread():
        transport.join(_GOODBYE_SECONDS)
    transport.packetizer.complete_handshake()  # its timer would run on after a failed one


@contextmanager
def translated(endpoint: str) -> Iterator[None]:
    """Turn what paramiko and the sockets raise into one sentence. A channel that was refused is
    NothingOpened."""
    try:
        yield
    except paramiko.ssh_exception.IncompatiblePeer as error:
        raise Unsupported(
            endpoint,
            f"the server offers only outdated encryption: {_outdated(str(error))}",
            advice="Its SSH server must be updated: SHA-1, DSA and CBC are no longer safe.",
        ) from error
    except paramiko.ssh_exception.ChannelException as error:
        raise NothingOpened(
            endpoint,
            f"the server lets you sign in but opens nothing ({printable(error.text)})",
            advice="Ask its owner whether SFTP is allowed for you.",
        ) from error
    except paramiko.SSHException as error:
        raise _handshake_error(endpoint, printable(str(error))[:200]) from error
    except (OSError, EOFError) as error:
        raise ConnectionLost(endpoint) from error
    except _ALTERED as error:
        raise ConnectionLost(
            endpoint, "what the server sent was altered on its way, or is not SSH"
        ) from error


def _outdated(said: str) -> str:
    """What paramiko says of a server we have nothing in common with, in plain words (F7)."""
    what = {
        "host key": "host keys of DSA, or of RSA with SHA-1",
        "kex": "key exchanges with SHA-1",
        "cipher": "ciphers like CBC, 3DES and RC4",
        "mac": "checksums like MD5",
    }
    return next((words for sign, words in what.items() if sign in said), printable(said))


def _handshake_error(endpoint: str, said: str) -> ConnectionLost:
    if "protocol banner" in said or "protocol version" in said:
        return ConnectionLost(
            endpoint,
            "what answers there is not an SSH server, or is too busy to greet",
            advice="Check the port; the SSH server may also limit new connections.",
        )
    return ConnectionLost(endpoint, f"the SSH connection failed ({said or 'no reason given'})")
