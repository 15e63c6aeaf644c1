"""An ssh process and the byte stream it carries: the socket that is its input and output."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from providers.base import Buffer
from providers.sftp.openssh.watch import POSSIBLE, Watch
from providers.sftp.patience import Patience
from providers.sftp.wire import shut_down
from providers.text import from_bytes

_TAKE = 256 << 10  # bytes of one read
_ROOM = 4 << 20  # bytes the socket may hold, where the system gives so many
_CHUNK = 64 << 10
_LAST_WORDS = 4000  # bytes
_GOODBYE_SECONDS = 2.0
_LOOK_AGAIN = 0.1  # seconds: who answers may take long


class SshProcess:
    """In a session of its own, so that it ends with all it started and finds no terminal.

    `piped` puts pipes and two threads between, for systems where a process takes no socket.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        piped: bool = os.name == "nt",
    ) -> None:
        """Raises OSError when it cannot be started."""
        self.socket, its = socket.socketpair()
        self._lock = threading.Lock()
        self._reaped = False
        self._said = b""
        self._silent = threading.Event()
        for end in (self.socket, its):
            with suppress(OSError):  # more than this system gives
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
        stream = subprocess.PIPE if piped else its.fileno()
        try:
            self._process = subprocess.Popen(
                arguments,
                bufsize=0,
                stdin=stream,
                stdout=stream,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
                # Windows has no sessions: without a console of ours no Ctrl-C reaches it.
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            self._watch = Watch(self._process.pid) if POSSIBLE else None
        except BaseException:
            self.socket.close()
            its.close()
            raise
        self._threads = [threading.Thread(target=self._listen, name="ssh said", daemon=True)]
        if piped:
            self._threads += _carriers(self._process, its)
        else:
            its.close()
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        heard = self._process.stderr
        assert heard is not None
        with suppress(OSError, ValueError), heard:
            while chunk := os.read(heard.fileno(), _CHUNK):
                self._said = (self._said + chunk)[-_LAST_WORDS:]
        self._silent.set()

    @property
    def running(self) -> bool:
        return not self._silent.is_set()

    def last_words(self) -> str:
        """The end of what it wrote for a person, as it came: waits for a process that is ending."""
        self._silent.wait(_GOODBYE_SECONDS)
        return from_bytes(self._said)

    def end(self) -> None:
        """Kill it and all it started; who waits for it is woken. Never waits itself."""
        shut_down(self.socket)
        with self._lock, suppress(OSError):
            if self._reaped:  # its number may be another's
                return
            if os.name == "nt":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill it and leave nothing of it. Again is fine."""
        self.end()
        if self._watch is not None:
            self._watch.close()
        # One that may not be killed (a wrapper of another user) ends when it reads the end.
        with self._lock, suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE_SECONDS)
            self._reaped = True
        for thread in self._threads:
            thread.join(_GOODBYE_SECONDS)
        self.socket.close()


class ProcessStream:
    """A `session.Stream` over a process. The first byte may take `arriving` seconds from now, and
    those that somebody takes to answer ssh (`beside`)."""

    def __init__(
        self,
        process: SshProcess,
        patience: Patience,
        arriving: float,
        beside: Callable[[], float],
    ) -> None:
        self._beside = beside
        self._process = process
        self._socket = process.socket
        self._answer = patience.answer
        self._arriving: float | None = time.monotonic() + arriving
        self._timeout: float | None = None

    def _within(self, seconds: float) -> None:
        if seconds != self._timeout:  # each change is a call to the system
            self._socket.settimeout(seconds)
            self._timeout = seconds

    def send(self, head: bytes, body: Buffer = b"", /) -> None:
        self._within(self._answer)
        for piece in (head, body):
            left = memoryview(piece)
            while left:
                left = left[self._socket.send(left) :]

    def recv(self, timeout: float) -> bytes:
        if self._arriving is None:
            self._within(timeout)
            taken = self._socket.recv(_TAKE)
        else:
            taken = self._first(max(time.monotonic() + timeout, self._arriving))
            self._arriving = None
        if not taken:
            self._process.last_words()  # it is about to end, and may say why
        return taken

    def _first(self, until: float) -> bytes:
        while True:
            left = until + self._beside() - time.monotonic()
            self._within(max(left, _LOOK_AGAIN))
            try:
                return self._socket.recv(_TAKE)
            except TimeoutError:
                if until + self._beside() <= time.monotonic():
                    raise

    def alive(self) -> bool:
        return self._process.running

    def close(self) -> None:
        self._process.close()


def _carriers(process: subprocess.Popen[bytes], its: socket.socket) -> list[threading.Thread]:
    works = {"to ssh": partial(_give, process, its), "from ssh": partial(_take, process, its)}
    return [threading.Thread(target=work, name=name, daemon=True) for name, work in works.items()]


def _give(process: subprocess.Popen[bytes], its: socket.socket) -> None:
    assert process.stdin is not None
    with suppress(OSError, ValueError), process.stdin as pipe:
        while chunk := its.recv(_CHUNK):
            left = memoryview(chunk)
            while left:
                left = left[os.write(pipe.fileno(), left) :]


def _take(process: subprocess.Popen[bytes], its: socket.socket) -> None:
    """Its end is the end of the connection."""
    assert process.stdout is not None
    with its:
        with suppress(OSError, ValueError), process.stdout as pipe:
            while chunk := os.read(pipe.fileno(), _CHUNK):
                its.sendall(chunk)
        shut_down(its)
