"""A real OpenSSH server on loopback, with its own keys and configuration in one directory."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HOST = "127.0.0.1"
_READY_SECONDS = 15
_PLACES = ("/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd")
_EMPTY = Path("/run/sshd")  # Debian's privilege separation directory


def find_sshd() -> str | None:
    """The path of an installed sshd, or None. sshd insists on being started by its full path."""
    found = next((place for place in _PLACES if Path(place).exists()), None)
    return found or shutil.which("sshd")


class OpenSSH:
    """An sshd that serves the user who runs the tests, signed in by `key_path`.

    A context manager. `endpoint` names it as Wharfie does; `known_hosts_line` is its host key as
    known_hosts holds it. `sftp` is the subsystem's command ("internal-sftp -R" serves read-only,
    "internal-sftp -P posix-rename" without that extension); `options` are more sshd_config lines,
    `environment` is what its sessions get besides a HOME of their own.
    """

    def __init__(
        self,
        directory: Path,
        *,
        sftp: str = "internal-sftp",
        options: Iterable[str] = (),
        authorized: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.host = HOST
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.key_path = directory / "user_key"
        self.log: list[str] = []
        self._sftp = sftp
        self._options = tuple(options)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        directory.mkdir(parents=True, exist_ok=True)
        public = new_key(self.key_path)
        (directory / "authorized_keys").write_text(f"{authorized} {public}\n".lstrip())
        self._host_key = new_key(directory / "host_key")
        self.port = _free_port()
        home = directory / "home"
        home.mkdir(exist_ok=True)
        # No start-up file of the person's shell: one that is cut off may leave a lock behind.
        self._environment = {"HOME": str(home), **(environment or {})}

    @property
    def endpoint(self) -> str:
        return f"sftp://{self.user}@{self.host}:{self.port}"

    @property
    def known_hosts_line(self) -> str:
        return f"[{self.host}]:{self.port} {self._host_key}"

    def start(self) -> None:
        """Start it and return when it listens. Raises RuntimeError, with its log, otherwise."""
        program = find_sshd()
        if program is None:
            raise RuntimeError("no sshd here: install openssh-server")
        if os.getuid() == 0 and not _EMPTY.exists():
            _EMPTY.mkdir(mode=0o755)
        config = self.directory / "sshd_config"
        config.write_text("\n".join(self._config(program)) + "\n")
        ready = threading.Event()
        self._process = subprocess.Popen(
            [program, "-D", "-e", "-f", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._follow, args=(ready,), daemon=True)
        self._reader.start()
        if not ready.wait(_READY_SECONDS) or self._process.poll() is not None:
            self.stop()
            raise RuntimeError("sshd did not start: " + " | ".join(self.log))
        socket.create_connection((self.host, self.port), _READY_SECONDS).close()

    def stop(self) -> None:
        """End it and every connection it serves, as a power cut would. Stopped is success."""
        process, self._process = self._process, None
        if process is None:
            return
        family = _descendants(process.pid)
        process.kill()
        process.wait()
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._reader is not None:
            self._reader.join(_READY_SECONDS)

    def drop_connections(self) -> None:
        """End every connection it serves; it goes on listening."""
        if self._process is None:
            return
        for pid in _descendants(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def freeze_connections(self) -> None:
        """Stop them in their tracks: open, and silent from now on."""
        for pid in _descendants(self._process.pid if self._process else 0):
            os.kill(pid, signal.SIGSTOP)

    def restart(self, *, new_host_key: bool = False) -> None:
        """Stop and start on the same port, with another host key if asked."""
        self.stop()
        if new_host_key:
            self._host_key = new_key(self.directory / "host_key")
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

    def _config(self, program: str) -> list[str]:
        lines = [
            f"ListenAddress {self.host}",
            f"Port {self.port}",
            f"HostKey {self.directory / 'host_key'}",
            f"AuthorizedKeysFile {self.directory / 'authorized_keys'}",
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin yes",
            "PrintMotd no",
            "UseDNS no",
            "MaxStartups 200",
            f"Subsystem sftp {self._sftp}",
            # One line: sshd takes the first SetEnv and passes over any other.
            "SetEnv " + " ".join(f"{name}={value}" for name, value in self._environment.items()),
        ]
        if _version(program) >= (9, 8):
            lines.append("PerSourcePenalties no")
        return [*lines, *self._options, "LogLevel INFO"]

    def _follow(self, ready: threading.Event) -> None:
        process = self._process
        assert process is not None and process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                self.log.append(line.rstrip())
                if line.startswith("Server listening"):
                    ready.set()
        ready.set()


def new_key(path: Path) -> str:
    """Make a private key at `path`; its public one, as authorized_keys has it."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.OpenSSH, ser.NoEncryption())
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(pem)
    public = key.public_key().public_bytes(ser.Encoding.OpenSSH, ser.PublicFormat.OpenSSH)
    return public.decode("ascii")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _version(program: str) -> tuple[int, int]:
    shown = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
    match = re.search(r"OpenSSH_(\d+)\.(\d+)", shown.stdout + shown.stderr)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _descendants(root: int) -> list[int]:
    """Every process below `root`: sshd's children start sessions of their own."""
    shown = _process_table()
    found: list[int] = []
    seek = [root]
    while seek:
        parent = seek.pop()
        below = [pid for pid, ppid in shown if ppid == parent]
        found += below
        seek += below
    return found


def _process_table() -> list[tuple[int, int]]:
    proc = Path("/proc/self/stat")
    if not proc.exists():
        out = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, check=True)
        rows = [line.split() for line in out.stdout.decode().splitlines()]
        return [(int(pid), int(ppid)) for pid, ppid in rows]
    table = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = stat.read_text(errors="replace")
            table.append((int(stat.parent.name), int(text.rpartition(")")[2].split()[1])))
    return table
