"""An SFTP server on 127.0.0.1 that serves one folder as "/". The only user of asyncssh."""

from __future__ import annotations

import errno
import hmac
import os
import secrets
from pathlib import Path

import asyncssh

from providers.records import dataclass

HOST = "127.0.0.1"
USER = "demo"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens, and what it takes to sign in."""

    acceptor: asyncssh.SSHAcceptor
    port: int
    password: str
    known_hosts_line: str

    @property
    def endpoint(self) -> str:
        return f"sftp://{USER}@{HOST}:{self.port}"


async def serve(root: Path, *, user_key: Path | None = None) -> Running:
    """Serve `root` with a new host key and password on a free port.

    `user_key` is a file of public keys that may sign in, too. Raises OSError.
    """
    password = secrets.token_urlsafe(16)
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    acceptor = await asyncssh.listen(
        HOST,
        0,
        config=(),
        server_factory=lambda: _Login(password),
        server_host_keys=[host_key],
        authorized_client_keys=None if user_key is None else str(user_key),
        sftp_factory=lambda channel: _Folder(channel, os.fsencode(root)),
        allow_scp=False,
        agent_forwarding=False,
        x11_forwarding=False,
    )
    port = acceptor.get_port()
    public = host_key.export_public_key("openssh").decode("ascii").strip()
    return Running(acceptor, port, password, f"[{HOST}]:{port} {public}")


class _Login(asyncssh.SSHServer):
    """Lets one user in, by the password or by a key that asyncssh has checked."""

    def __init__(self, password: str) -> None:
        self._password = password

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        right = hmac.compare_digest(password.encode(), self._password.encode())
        return right and username == USER


class _Folder(asyncssh.SFTPServer):
    """asyncssh's own file server, with two of its answers put right."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: bytes) -> None:
        super().__init__(channel, root)
        self._root = os.path.realpath(root)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Never over anything: asyncssh's looks through a dangling link and replaces it."""
        source, target = self.map_path(oldpath), self.map_path(newpath)
        if os.path.lexists(target):
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
        os.rename(source, target)

    def readlink(self, path: bytes) -> bytes:
        """The link's own text: asyncssh's resolves it against the server's working directory."""
        target = os.readlink(self.map_path(path))
        if target.startswith(self._root + b"/"):
            return target[len(self._root) :]
        return target
