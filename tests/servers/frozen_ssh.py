"""An SSH server on loopback that stops in its tracks at one step: open, and silent from then on."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncssh
from asyncssh.stream import SSHServerStreamSession

from providers.access import Access
from providers.sftp.provider import SftpProvider

USER, PASSWORD = "ann", "correct horse"
BEFORE_SSH = {"greeting": b"", "key exchange": b"SSH-2.0-Frozen_1.0\r\n"}
SIGNING_IN = ("sign-in", "password", "channel", "sftp")
SFTP_STEPS = ("stat", "list", "open", "read", "write", "fsync", "close", "rename")
STEPS = (*BEFORE_SSH, *SIGNING_IN, *SFTP_STEPS)
_LAST_RESORT = 60.0  # seconds: only reached when a test fails


class FrozenSSH:
    """A context manager that serves `root` and freezes when `step` comes the first time.

    `reached` is set then. Until `thaw` the whole server does nothing at all, as a stopped process
    would; after it everything works. "greeting" and "key exchange" never thaw.
    """

    def __init__(self, root: Path, step: str) -> None:
        self.reached = threading.Event()
        self.endpoint = ""
        self.connections: list[asyncssh.SSHServerConnection] = []
        self._root = root
        self._step = step
        self._thawed = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._acceptor: asyncssh.SSHAcceptor | asyncio.Server | None = None

    def at(self, step: str) -> None:
        """Called by the server at each step."""
        if step == self._step and not self.reached.is_set():
            self.reached.set()
            assert self._thawed.wait(_LAST_RESORT), "never thawed"

    def thaw(self) -> None:
        self._thawed.set()

    def __enter__(self) -> Self:
        self._thread.start()
        port = self._run(self._listen())
        self.endpoint = f"sftp://{USER}@127.0.0.1:{port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.thaw()
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_LAST_RESORT)

    async def _listen(self) -> int:
        if self._step in BEFORE_SSH:
            self._acceptor = server = await asyncio.start_server(self._greet, "127.0.0.1", 0)
            port: int = server.sockets[0].getsockname()[1]
            return port
        self._acceptor = acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            server_factory=lambda: _Server(self, self._root),
        )
        return acceptor.get_port()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(BEFORE_SSH[self._step])
        try:
            await reader.readline()
            if self._step == "key exchange":
                await reader.read(1 << 16)  # the client's proposal: it waits for ours by now
            self.reached.set()
            while await reader.read(1 << 16):
                pass
        except ConnectionError:
            pass
        writer.close()

    async def _stop(self) -> None:
        assert self._acceptor is not None
        self._acceptor.close()
        for connection in self.connections:
            connection.abort()
            await connection.wait_closed()
        await self._acceptor.wait_closed()
        await asyncio.get_running_loop().shutdown_default_executor()


class _Server(asyncssh.SSHServer):
    def __init__(self, owner: FrozenSSH, root: Path) -> None:
        self._owner = owner
        self._root = root

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._owner.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        self._owner.at("sign-in")
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._owner.at("password")
        return (username, password) == (USER, PASSWORD)

    def session_requested(self) -> SSHServerStreamSession[bytes]:
        self._owner.at("channel")
        return SSHServerStreamSession(None, partial(_sftp, self._owner, self._root), 3)


def _sftp(owner: FrozenSSH, root: Path, channel: Any) -> asyncssh.SFTPServer:
    owner.at("sftp")
    server = asyncssh.SFTPServer(channel, chroot=str(root).encode())
    for step, methods in {
        "stat": ("lstat", "stat", "fstat"),
        "list": ("scandir",),
        "open": ("open",),
        "read": ("read",),
        "write": ("write",),
        "fsync": ("fsync",),
        "close": ("close",),
        "rename": ("rename", "posix_rename"),
    }.items():
        for name in methods:
            setattr(server, name, _stopping(owner, step, getattr(server, name)))
    return server


def _stopping(owner: FrozenSSH, step: str, method: Any) -> Any:
    def stopped(*arguments: Any) -> Any:
        owner.at(step)
        return method(*arguments)

    return stopped


def full_listener() -> tuple[socket.socket, list[socket.socket]]:
    """A listener that nobody can connect to any more, and what fills its queue."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting: list[socket.socket] = []
    for _ in range(300):
        caller = socket.socket()
        waiting.append(caller)
        caller.settimeout(0.2)
        try:
            caller.connect(listener.getsockname())
        except (TimeoutError, OSError):
            break
    return listener, waiting


def access(home: Path, endpoint: str) -> Access:
    """What lets in: the password, and every host key."""
    given = Access(home / "known_hosts", accept_new=True, use_agent=False, use_default_keys=False)
    given.secrets.put(endpoint, "password", PASSWORD)
    return given


def come_by(place: SftpProvider, step: str) -> None:
    """Do what makes the server come to `step`; needs a file /there."""
    if step == "list":
        list(place.list_dir("/"))
    elif step in {"open", "read"}:
        with place.read("/there") as reader:
            list(reader.chunks())
    elif step in {"write", "fsync", "close", "rename"}:
        token = place.begin("/new", 10, key="0123abcd", part_size=1 << 20)
        receipts = [place.put_part(token, 0, 0, [b"0123456789"])]
        place.finish(token, receipts, replacing=None)
    else:
        place.stat("/there")
