"""From an endpoint to a signed-in SSH connection: TCP, host key, then who we are.

The host key is judged before any secret is sent. Everything has a deadline (faults.md 3, B4), and
whatever paramiko raises becomes one sentence.
"""

from __future__ import annotations

import getpass
import logging
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import paramiko
from cryptography.exceptions import InvalidTag

from providers.access import Access
from providers.errors import (
    ConnectionLost,
    Denied,
    HostKeyChanged,
    HostKeyRevoked,
    HostKeyUnknown,
    InvalidName,
    Unreachable,
    Unsupported,
)
from providers.sftp import known_hosts
from providers.sftp.dial import PatientSocket, dial
from providers.sftp.known_hosts import Standing
from providers.sftp.lean_packets import packetizer_for
from providers.sftp.wire import Wire, shut_down
from providers.text import printable

_GOODBYE_SECONDS = 15.0
_WINDOW = 64 << 20  # bytes on the way to us: OpenSSH's 2 MiB is slow over distance
_PACKET = 128 << 10
_CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
_MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
    "hmac-sha1",
)
_KEY_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
_WRONG_SIGNATURE = "Signature verification"  # as paramiko says it
_ENDPOINT = re.compile(
    r"sftp://(?:(?P<user>.*)@)?(?P<host>\[[^\]]+\]|[^:@/#]+)(?::(?P<port>\d+))?(?:#.+)?"
)

# What paramiko's thread stumbles over in a packet that is not as it was sent (faults.md B8): it
# hands that on as it is.
_ALTERED = (InvalidTag, ValueError, IndexError, struct.error)

logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to connect to, taken from `endpoint`."""

    endpoint: str
    user: str
    host: str
    port: int


def target(endpoint: str) -> Target:
    """The parts of "sftp://ann@host:22", also with "#site" behind it. Raises InvalidName."""
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None:
        raise InvalidName(endpoint, "is not an SFTP address")
    user = match["user"] or getpass.getuser()
    return Target(endpoint, user, match["host"].strip("[]"), int(match["port"] or 22))


def connect(to: Target, access: Access, wire: Wire) -> paramiko.Transport:
    """A connection whose host key is accepted; nobody is signed in yet.

    Raises Unreachable until the key exchange is over, ConnectionLost when the wire is cut or the
    server's signature is wrong, Unsupported, HostKeyUnknown, HostKeyChanged, HostKeyRevoked.
    """
    lines = known_hosts.read(access.known_hosts)
    transport = _transport(_dial(to, wire), wire)
    with closed_on_error(transport), translated(to.endpoint):
        _prefer_algorithms(transport, known_hosts.known_types(lines, to.host, to.port))
        with _not_reached(wire):
            _exchange_keys(transport, wire)
        _check_host_key(transport.get_remote_server_key(), lines, to, access)
    return transport


def _exchange_keys(transport: paramiko.Transport, wire: Wire) -> None:
    seconds = wire.patience.greeting + wire.patience.key_exchange
    with translated(wire.endpoint), wire.within(seconds):
        transport.start_client(timeout=seconds)


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


def _dial(to: Target, wire: Wire) -> PatientSocket:
    where = f"{printable(to.host)} port {to.port}"
    try:
        dialled = dial(to.host, to.port, wire)
    except (socket.gaierror, UnicodeError) as error:
        raise Unreachable(
            to.endpoint,
            f"no computer is called “{printable(to.host)}”",
            advice="Check the name, and that the network is up.",
        ) from error
    except ConnectionRefusedError as error:
        raise Unreachable(
            to.endpoint,
            f"{where} refused the connection",
            advice="Check the port, and that an SSH server runs there.",
        ) from error
    except TimeoutError as error:
        raise Unreachable(
            to.endpoint,
            f"{where} did not answer within {wire.patience.connect:g} seconds",
            advice="Check the address, the network and any firewall between.",
        ) from error
    except OSError as error:
        raise Unreachable(
            to.endpoint,
            f"there is no way to {where} ({error.strerror or error})",
        ) from error
    dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    dialled.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return dialled


def _transport(dialled: socket.socket, wire: Wire) -> paramiko.Transport:
    try:
        transport = paramiko.Transport(
            dialled,
            default_window_size=_WINDOW,
            default_max_packet_size=_PACKET,
            packetizer_class=packetizer_for(dialled),
        )
    except BaseException:
        dialled.close()
        raise
    transport.banner_timeout = wire.patience.greeting
    transport.handshake_timeout = wire.patience.key_exchange
    transport.channel_timeout = wire.patience.channel
    transport.clear_to_send_timeout = wire.patience.answer
    return transport


def _prefer_algorithms(transport: paramiko.Transport, known: list[str]) -> None:
    """AES-GCM first (half the work of the others); nothing with CBC, 3DES or MD5.

    Key types the host is known by come first, so that its known key is the one it shows.
    """
    options = transport.get_security_options()
    options.ciphers = _CIPHERS
    options.digests = _MACS
    first = [name for key_type in known for name in _KEY_ALGORITHMS.get(key_type, (key_type,))]
    order = {name: first.index(name) for name in options.key_types if name in first}
    options.key_types = tuple(sorted(options.key_types, key=lambda n: order.get(n, len(first))))


def _check_host_key(
    key: paramiko.PKey, lines: list[known_hosts.Line], to: Target, access: Access
) -> None:
    blob = key.asbytes()
    verdict = known_hosts.judge(lines, to.host, to.port, blob)
    line = known_hosts.key_line(to.host, to.port, key.get_name(), blob)
    shown = known_hosts.fingerprint(blob)
    where = f"line {verdict.number} of {access.known_hosts}"
    if verdict.standing is Standing.KNOWN:
        return
    if verdict.standing is Standing.REVOKED:
        what = f"its host key {shown} is marked as revoked in {where}"
        raise HostKeyRevoked(to.endpoint, what, key_type=key.get_name(), fingerprint=shown)
    if verdict.standing is Standing.CHANGED:
        what = f"its host key has changed: it is now {shown}, not the one in {where}"
        raise HostKeyChanged(
            to.endpoint, what, key_type=key.get_name(), fingerprint=shown, line=line
        )
    if (to.endpoint, line) in access.trusted:
        return
    if access.accept_new:
        known_hosts.remember(access, to.endpoint, line)
        return
    raise HostKeyUnknown(
        to.endpoint,
        f"its host key {shown} ({key.get_name()}) is not known yet",
        key_type=key.get_name(),
        fingerprint=shown,
        line=line,
    )


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
    """Turn what paramiko and the sockets raise into one sentence."""
    try:
        yield
    except paramiko.ssh_exception.IncompatiblePeer as error:
        raise Unsupported(
            endpoint,
            f"the server offers only outdated encryption ({printable(str(error))})",
            advice="Its SSH server must be updated: SHA-1, DSA and CBC are no longer safe.",
        ) from error
    except paramiko.ssh_exception.ChannelException as error:
        raise Denied(
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


def _handshake_error(endpoint: str, said: str) -> ConnectionLost:
    if "protocol banner" in said or "protocol version" in said:
        return ConnectionLost(
            endpoint,
            "what answers there is not an SSH server, or is too busy to greet",
            advice="Check the port; the SSH server may also limit new connections.",
        )
    return ConnectionLost(endpoint, f"the SSH connection failed ({said or 'no reason given'})")
