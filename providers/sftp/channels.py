"""Channels of an SSH connection: the byte stream below SFTP, and single commands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeAlias

import paramiko

from providers.base import Buffer
from providers.errors import ConnectionLost, Denied
from providers.sftp.connect import shut, translated
from providers.sftp.lean_channel import lead_to, sender
from providers.sftp.session import Session
from providers.sftp.target import Target
from providers.sftp.wire import Wire

_TAKE_ALL = 1 << 26  # paramiko shifts what is left in its buffer on each read: leave nothing
_LAST_WORDS_SECONDS = 0.2
_MOST_OUTPUT = 64 << 10  # bytes of a command's output that are kept at once
_UNSAID = "Unable to open channel."  # paramiko, where two were refused at the same time

HangUp: TypeAlias = Callable[[paramiko.Channel], None]
"""Ends a session, of which this is the channel."""


class ChannelStream:
    """A `session.Stream` over a paramiko channel. `hang_up` ends it, and may come twice."""

    def __init__(
        self,
        transport: paramiko.Transport,
        channel: paramiko.Channel,
        wire: Wire,
        hang_up: HangUp,
    ) -> None:
        self.transport = transport
        self._channel = channel
        self._send = sender(channel)
        self._wire = wire
        self.hang_up = hang_up

    def send(self, head: bytes, body: Buffer = b"", /) -> None:
        self._channel.settimeout(self._wire.patience.answer)
        self._wire.below = True
        sent, total = 0, len(head) + len(body)
        try:
            while sent < total:
                count = self._send(head, body, sent)
                if count == 0:
                    raise EOFError("the channel is closed")
                sent += count
        except paramiko.SSHException as error:
            raise OSError(str(error)) from error
        finally:
            self._wire.below = False

    def recv(self, timeout: float) -> Buffer:
        return patient_recv(self._channel, self._wire, timeout, _TAKE_ALL)

    def alive(self) -> bool:
        channel = self._channel
        return self.transport.is_active() and not channel.closed and not channel.eof_received

    def close(self) -> None:
        self.hang_up(self._channel)


def leave(channel: paramiko.Channel) -> None:
    """Wake whoever waits for `channel`, and tell the server that it is over. Never waits: the
    connection below may be stuck."""

    def close() -> None:
        with suppress(paramiko.SSHException, OSError, EOFError):
            channel.close()

    threading.Thread(target=close, name="leave a channel", daemon=True).start()


def patient_recv(channel: paramiko.Channel, wire: Wire, seconds: float, most: int) -> Buffer:
    """What has come within `seconds`, b"" at the end. Raises OSError (TimeoutError).

    A server may be busy for long with one request, but it has to answer below that: one that was
    frozen or unplugged is found out in the time an answer may take.
    """
    until = time.monotonic() + seconds
    while True:
        left = max(0.001, until - time.monotonic())
        channel.settimeout(min(left, wire.patience.answer))
        try:
            return channel.recv(most)
        except TimeoutError:
            if left <= wire.patience.answer:
                wire.doubtful = True
                raise
            _need_sign_of_life(channel.get_transport(), wire)
        except paramiko.SSHException as error:
            raise OSError(str(error)) from error


def _need_sign_of_life(transport: paramiko.Transport, wire: Wire) -> None:
    """Ask what every SSH server answers, if only with a refusal (RFC 4254 section 4)."""
    try:
        with wire.within(wire.patience.answer):
            transport.global_request("keepalive@openssh.com", wait=True)
    except ConnectionLost as error:
        raise TimeoutError("nothing below SFTP answers") from error
    except paramiko.SSHException as error:
        raise OSError(str(error)) from error


def start_session(
    transport: paramiko.Transport,
    to: Target,
    wire: Wire,
    hang_up: HangUp | None = None,
) -> Session:
    """Start SFTP once signed in. Raises Denied (NothingOpened), Unsupported, ConnectionLost.

    `hang_up` is what the session's end brings about; None: the end of the connection.
    """
    end = hang_up or (lambda _: shut(transport))
    # Others may run requests into each other, or expect nothing before they were greeted.
    if "OpenSSH" not in transport.remote_version:
        return _greeted(transport, to, wire, end, in_order=False)
    try:
        return _greeted(transport, to, wire, end, in_order=True)
    except ConnectionLost as error:
        wire.check()
        if not isinstance(error.__cause__, EOFError) or _gone(transport):
            raise
    # The SFTP below OpenSSH's SSH may be another's, and end at a request it does not know (lsh).
    return _greeted(transport, to, wire, end, in_order=False)


def _greeted(
    transport: paramiko.Transport, to: Target, wire: Wire, end: HangUp, *, in_order: bool
) -> Session:
    """A session on a channel of its own. One that comes to nothing ends that channel only."""
    with translated(to.endpoint), wire.within(wire.patience.channel * 2):
        asked = time.monotonic()
        channel = _opened(transport, wire)
        distance = time.monotonic() - asked
        lead_to(channel)
        _start_sftp(channel, transport, to)
    stream = ChannelStream(transport, channel, wire, leave)
    session = Session(
        stream,
        to.endpoint,
        ahead=16 if in_order else 1,
        patience=wire.patience,
        distance=distance,
        in_order=in_order,
    )
    stream.hang_up = end
    return session


def _opened(transport: paramiko.Transport, wire: Wire) -> paramiko.Channel:
    """A channel that ends when the wire is cut."""
    wire.below = True
    try:
        channel = transport.open_session(timeout=wire.patience.channel)
    except paramiko.SSHException as error:
        if str(error) == _UNSAID and transport.is_active():
            raise paramiko.ChannelException(0, "it is not said why") from error
        raise
    finally:
        wire.below = False
    try:
        wire.carry(partial(leave, channel))
    except BaseException:
        leave(channel)
        raise
    return channel


def _start_sftp(channel: paramiko.Channel, transport: paramiko.Transport, to: Target) -> None:
    try:
        channel.invoke_subsystem("sftp")
    except paramiko.SSHException as error:
        if _gone(transport):
            raise
        raise Denied(
            to.endpoint,
            "the server has no SFTP for this user",
            advice="Ask its owner to switch the sftp subsystem on.",
        ) from error


class Command:
    """A fixed command on a channel of its own, which answers what it is given line by line.

    Never put anything a server or a person supplied into `command`. The constructor raises
    ConnectionLost, Denied where no command may run and NothingOpened where no channel is to be had.
    """

    def __init__(self, transport: paramiko.Transport, command: str, wire: Wire) -> None:
        self._transport = transport
        self._wire = wire
        self._output = bytearray()
        endpoint = wire.endpoint
        with translated(endpoint), wire.within(wire.patience.channel * 2):
            self._channel = _opened(transport, wire)
            _execute(self._channel, command, transport, endpoint)

    @property
    def ended(self) -> bool:
        """Whether it is known to have ended. Never waits."""
        return bool(self._channel.closed or self._channel.eof_received)

    def ask(self, given: bytes, seconds: float) -> bytes | None:
        """Write `given` to its input and return the next line; None: it has ended."""
        with self._errors():
            self._channel.settimeout(self._wire.patience.answer)
            self._channel.sendall(given)
        return self.line(seconds)

    def line(self, seconds: float) -> bytes | None:
        """The next line without its end, at most 64 KiB of it; None: it has ended."""
        until = time.monotonic() + seconds
        with self._errors():
            while b"\n" not in self._output and len(self._output) < _MOST_OUTPUT:
                left = until - time.monotonic()
                chunk = patient_recv(self._channel, self._wire, left, _MOST_OUTPUT)
                if not chunk:
                    if _gone(self._transport):
                        raise EOFError("the connection ended, not the command")
                    return None
                self._output += chunk
        line, _, rest = bytes(self._output).partition(b"\n")
        self._output = bytearray(rest)
        return line

    @contextmanager
    def _errors(self) -> Iterator[None]:
        endpoint = self._wire.endpoint
        try:
            with translated(endpoint):
                yield
        except ConnectionLost as error:
            self._wire.check()
            if isinstance(error.__cause__, TimeoutError):
                raise ConnectionLost(endpoint, "the server stopped answering") from error
            raise

    def close(self) -> None:
        leave(self._channel)


def _execute(
    channel: paramiko.Channel, command: str, transport: paramiko.Transport, endpoint: str
) -> None:
    try:
        channel.exec_command(command)
    except paramiko.SSHException as error:
        if _gone(transport):
            raise
        raise Denied(endpoint, "the server runs no commands for this user") from error


def _gone(transport: paramiko.Transport) -> bool:
    """Whether the connection itself has ended: paramiko closes its channels just before it says."""
    transport.join(_LAST_WORDS_SECONDS)
    return not transport.is_active()
