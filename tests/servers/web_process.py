"""What every web server of the tests has: a folder it serves, a port, a start and an end."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_READY_SECONDS = 30
_PORTS = range(20_000, 32_000)  # below the ports that systems give to outgoing connections

Tls = tuple[Path, Path]
"""A certificate (chain) and its key, both PEM files."""

SignIn = tuple[str, str]
"""The one user who is let in, and the password."""


class WebServer:
    """A web server that serves `root` on loopback, as its own process.

    A context manager. `directory` is its own folder (configuration, logs, temporary files);
    `root` is made in it unless given. `log` is what it printed, `access_log` one line a request
    where the server keeps one: "METHOD address status bytes range".
    """

    def __init__(
        self, directory: Path, root: Path | None = None, *, tls: Tls | None = None
    ) -> None:
        self.directory = directory
        self.root = root if root is not None else directory / "files"
        self.tls = tls
        self.port = free_port()
        self.base = f"{'https' if tls else 'http'}://{HOST}:{self.port}"
        self.access_log = directory / "access.log"
        self._printed = directory / "printed.log"
        self._process: subprocess.Popen[bytes] | None = None
        for folder in (directory, self.root):
            folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """Write what configuration it needs; return how it is started, in the foreground."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """More environment variables for it."""
        return {}

    @property
    def log(self) -> str:
        return self._printed.read_text(errors="replace") if self._printed.exists() else ""

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it listens. Raises RuntimeError, with its log, otherwise."""
        with self._printed.open("ab") as printed:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.directory,
                env=os.environ | self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )
        if not self._listens():
            self.stop()
            raise RuntimeError(f"{type(self).__name__} did not start: {self.log[-2000:]}")

    def stop(self) -> None:
        """End it and every connection it serves. Stopped is success."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _listens(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection((HOST, self.port), 1).close()
                return self._process.poll() is None
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.02)  # the pace of looking; its end is noticed at once
                return False
        return False


def free_port() -> int:
    """A port nobody listens on now."""
    for port in random.sample(_PORTS, 200):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise RuntimeError("no free port on loopback")


def basic_password_line(user: str, password: str) -> str:
    """A line of a password file, as htpasswd -s writes it."""
    known = base64.b64encode(hashlib.sha1(password.encode()).digest()).decode("ascii")
    return f"{user}:{{SHA}}{known}"
