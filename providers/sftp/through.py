"""Ways to a server that are not TCP of our own: over another server, or a person's ProxyCommand."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import paramiko

from providers.base import Buffer
from providers.sftp.dial import Patient, PatientSocket
from providers.sftp.wire import Wire, shut_down
from providers.text import from_bytes, printable

_TAKE_ALL = 1 << 26  # paramiko shifts what is left in its buffer on each read: leave nothing
_CHUNK = 64 << 10  # bytes
_LAST_WORDS = 300  # bytes of what a command said
_GOODBYE_SECONDS = 2.0


class OverServer(Patient):
    """A channel of another server's connection (ProxyJump), as the socket that paramiko expects.

    `below` ends the connection it is a channel of, which nobody else uses.
    """

    def __init__(self, channel: paramiko.Channel, below: Callable[[], None], wire: Wire) -> None:
        self.patience = wire.patience.answer
        self._channel = channel
        self._below = below
        self._left = memoryview(b"")

    @property
    def _closed(self) -> bool:
        """What paramiko looks at before it waits for the server."""
        return self._channel.closed

    def send(self, data: Buffer) -> int:
        try:
            sent = self._channel.send(data)  # type: ignore[arg-type]  # any buffer will do
        except TimeoutError:
            if self._stuck():
                self._below()
            raise
        if not sent:
            raise EOFError("the way over the other server is closed")
        self._took()
        return sent

    def recv(self, most: int) -> bytes:
        if not self._left:
            self._left = memoryview(self._channel.recv(_TAKE_ALL))
        taken, self._left = self._left[:most], self._left[most:]
        return bytes(taken)

    def settimeout(self, seconds: float | None) -> None:
        self._channel.settimeout(seconds)

    def shutdown(self, how: int) -> None:
        """The channel ends with what it is of: a message might wait for a dead server."""
        self._below()

    def close(self) -> None:
        self._below()


class OverCommand(PatientSocket):
    """What a command of the person's own ~/.ssh/config (ProxyCommand) connects to.

    Two threads carry the bytes between its pipes and a pair of sockets, which every system has
    and paramiko can wait for. `last_words`: the end of what it said for a person to read.
    """

    @classmethod
    def start(cls, command: str, wire: Wire) -> OverCommand:
        """Raises OSError when it cannot be started."""
        ours, its = socket.socketpair()
        way = cls(fileno=ours.detach())
        try:
            process = _run(command)
        except BaseException:
            way.close()
            its.close()
            raise
        way.patience = wire.patience.answer
        way._begin(process, its)
        wire.carry(partial(shut_down, way))
        return way

    def _begin(self, process: subprocess.Popen[bytes], its: socket.socket) -> None:
        self._process, self._its = process, its
        self._said = b""
        self._silent = threading.Event()  # nothing more comes from it
        works: dict[str, Callable[[], None]] = {
            "to it": partial(_give, process, its),
            "from it": partial(_take, process, its, self._silent),
            "said": self._listen,
        }
        self._threads = [
            threading.Thread(target=work, name=f"proxy command: {name}", daemon=True)
            for name, work in works.items()
        ]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        heard = self._process.stderr
        assert heard is not None
        with suppress(OSError, ValueError), heard:
            while chunk := os.read(heard.fileno(), _CHUNK):
                self._said = (self._said + chunk)[-_LAST_WORDS:]

    def last_words(self) -> str:
        """Safe for a terminal; "" when it said nothing."""
        self._threads[-1].join(_GOODBYE_SECONDS)
        return printable(" ".join(from_bytes(self._said).split()))

    def close(self) -> None:
        super().close()
        if hasattr(self, "_process"):
            shut_down(self._its)
            if self._silent.is_set():  # it is about to end, and may say why
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(_GOODBYE_SECONDS)
            _end(self._process)
            for thread in self._threads:
                thread.join(_GOODBYE_SECONDS)
            self._its.close()


def _run(command: str) -> subprocess.Popen[bytes]:
    """In a session of its own: it cannot write over the screen, and ends with all it started."""
    run = command if os.name == "nt" else f"exec {command}"
    # The person's own file says so, and names that get into it are checked before.
    return subprocess.Popen(  # noqa: S602
        run,
        shell=True,
        executable=None if os.name == "nt" else os.environ.get("SHELL"),
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _give(process: subprocess.Popen[bytes], its: socket.socket) -> None:
    """From paramiko to the command."""
    assert process.stdin is not None
    with suppress(OSError, ValueError), process.stdin as pipe:
        while chunk := its.recv(_CHUNK):
            left = memoryview(chunk)
            while left:
                left = left[os.write(pipe.fileno(), left) :]


def _take(process: subprocess.Popen[bytes], its: socket.socket, silent: threading.Event) -> None:
    """From the command to paramiko; its end is the end of the connection."""
    assert process.stdout is not None
    with suppress(OSError, ValueError), process.stdout as pipe:
        while chunk := os.read(pipe.fileno(), _CHUNK):
            its.sendall(chunk)
    silent.set()
    shut_down(its)
