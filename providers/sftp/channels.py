"""Channels of an SSH connection: the byte stream below SFTP, and single commands."""

from __future__ import annotations

import paramiko

from providers.access import Access
from providers.base import Buffer
from providers.errors import Denied
from providers.sftp.connect import (
    CHANNEL_SECONDS,
    Target,
    closed_on_error,
    connect,
    deadline,
    shut,
    translated,
)
from providers.sftp.session import ANSWER_SECONDS, Session
from providers.sftp.sign_in import sign_in

_TAKE_ALL = 1 << 26  # paramiko shifts what is left in its buffer on each read: leave nothing
_MOST_OUTPUT = 64 << 10  # bytes of a command's output that are kept at once


class ChannelStream:
    """A `session.Stream` over a paramiko channel that has its connection to itself."""

    def __init__(self, transport: paramiko.Transport, channel: paramiko.Channel) -> None:
        self.transport = transport
        self._channel = channel

    def send(self, data: Buffer) -> None:
        self._channel.settimeout(ANSWER_SECONDS)
        try:
            left = memoryview(data)
            while left:
                sent = self._channel.send(left)  # type: ignore[arg-type]  # any buffer will do
                if sent == 0:
                    raise EOFError("the channel is closed")
                left = left[sent:]
        except paramiko.SSHException as error:
            raise OSError(str(error)) from error

    def recv(self, timeout: float) -> bytes:
        self._channel.settimeout(timeout)
        try:
            return self._channel.recv(_TAKE_ALL)
        except paramiko.SSHException as error:
            raise OSError(str(error)) from error

    def alive(self) -> bool:
        channel = self._channel
        return self.transport.is_active() and not channel.closed and not channel.eof_received

    def close(self) -> None:
        shut(self.transport)


def open_session(to: Target, access: Access) -> tuple[Session, paramiko.Transport]:
    """Connect, sign in and start SFTP: a session with a connection of its own."""
    transport = connect(to, access)
    with closed_on_error(transport):
        sign_in(transport, to, access)
        with translated(to.endpoint), deadline(transport, CHANNEL_SECONDS * 2, to.endpoint):
            channel = transport.open_session(timeout=CHANNEL_SECONDS)
            _start_sftp(channel, transport, to)
        # OpenSSH answers READDIR requests in turn; others may run them into each other.
        ahead = 4 if "OpenSSH" in transport.remote_version else 1
        stream = ChannelStream(transport, channel)
        session = Session(stream, to.endpoint, ahead=ahead, patience=ANSWER_SECONDS)
        return session, transport


def _start_sftp(channel: paramiko.Channel, transport: paramiko.Transport, to: Target) -> None:
    try:
        channel.invoke_subsystem("sftp")
    except paramiko.SSHException as error:
        if not transport.is_active():
            raise
        raise Denied(
            to.endpoint,
            "the server has no SFTP for this user",
            advice="Ask its owner to switch the sftp subsystem on.",
        ) from error


class Command:
    """A fixed command on a channel of its own, which answers what it is given line by line.

    Never put anything a server or a person supplied into `command`. The constructor raises
    ConnectionLost, and Denied where no command may run; `seconds` is how long it may take.
    """

    def __init__(
        self, transport: paramiko.Transport, command: str, *, endpoint: str, seconds: float
    ) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._output = bytearray()
        with translated(endpoint), deadline(transport, seconds, endpoint):
            self._channel = transport.open_session(timeout=CHANNEL_SECONDS)
            _execute(self._channel, command, transport, endpoint)

    def ask(self, given: bytes, seconds: float) -> bytes | None:
        """Write `given` to its input and return the next line; None: it has ended."""
        with translated(self._endpoint), deadline(self._transport, seconds, self._endpoint):
            self._channel.settimeout(seconds)
            self._channel.sendall(given)
        return self.line(seconds)

    def line(self, seconds: float) -> bytes | None:
        """The next line without its end, at most 64 KiB of it; None: it has ended."""
        with translated(self._endpoint), deadline(self._transport, seconds, self._endpoint):
            self._channel.settimeout(seconds)
            while b"\n" not in self._output and len(self._output) < _MOST_OUTPUT:
                chunk = self._channel.recv(_MOST_OUTPUT)
                if not chunk:
                    return None
                self._output += chunk
        line, _, rest = bytes(self._output).partition(b"\n")
        self._output = bytearray(rest)
        return line

    def close(self) -> None:
        self._channel.close()


def _execute(
    channel: paramiko.Channel, command: str, transport: paramiko.Transport, endpoint: str
) -> None:
    try:
        channel.exec_command(command)
    except paramiko.SSHException as error:
        if not transport.is_active():
            raise
        raise Denied(endpoint, "the server runs no commands for this user") from error
