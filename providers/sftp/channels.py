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
_MOST_OUTPUT = 64 << 10  # bytes of a command's output that are looked at


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


def run(
    transport: paramiko.Transport, command: str, given: bytes, *, endpoint: str, seconds: float
) -> tuple[int, bytes]:
    """Run a fixed `command`, `given` on its standard input: its exit status and first output.

    Never put anything a server or a person supplied into `command`. Raises ConnectionLost, Denied.
    """
    with translated(endpoint), deadline(transport, seconds, endpoint):
        channel = transport.open_session(timeout=CHANNEL_SECONDS)
        try:
            channel.settimeout(seconds)
            _execute(channel, command, transport, endpoint)
            channel.sendall(given)
            channel.shutdown_write()
            return _collect(channel)
        finally:
            channel.close()


def _execute(
    channel: paramiko.Channel, command: str, transport: paramiko.Transport, endpoint: str
) -> None:
    try:
        channel.exec_command(command)
    except paramiko.SSHException as error:
        if not transport.is_active():
            raise
        raise Denied(endpoint, "the server runs no commands for this user") from error


def _collect(channel: paramiko.Channel) -> tuple[int, bytes]:
    output = bytearray()
    while chunk := channel.recv(_MOST_OUTPUT):
        output += chunk[: _MOST_OUTPUT - len(output)]
    return channel.recv_exit_status(), bytes(output)
