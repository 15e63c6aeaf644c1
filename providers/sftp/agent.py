"""The person's SSH agent: the keys it holds, and the deadline that its answers have."""

from __future__ import annotations

import socket
from functools import partial

import paramiko
from paramiko.pkey import PublicBlob

from providers.errors import ConnectionLost
from providers.sftp.options import NONE
from providers.sftp.wire import Wire, shut_down

_CERTIFICATE = "-cert-v01@openssh.com"


class Agent(paramiko.Agent):
    """The agent of SSH_AUTH_SOCK, or at the socket `path` (IdentityAgent; NONE: nobody's).

    One that hangs is given up, with half of an attempt's time. Raises ConnectionLost for that; one
    that is not there holds no keys.
    """

    def __init__(self, wire: Wire, path: str = "") -> None:
        self._wire = wire
        if not path:
            super().__init__()
            return
        paramiko.agent.AgentSSH.__init__(self)
        if path != NONE and (dialled := _dial(path)) is not None:
            self._connect(dialled)

    def held(self) -> list[paramiko.AgentKey]:
        """Its keys; certificates are offered as such."""
        found = list(self.get_keys())
        for key in found:
            if key.name.endswith(_CERTIFICATE):
                blob = PublicBlob(type_=key.name, blob=key.blob)
                key.public_blob = blob  # type: ignore[assignment]  # None in the stubs
        return found

    def _connect(self, conn: object) -> None:
        try:
            if isinstance(conn, socket.socket):
                conn.settimeout(self._wire.patience.sign_in / 2)
                self._wire.carry(partial(shut_down, conn))
            super()._connect(conn)  # type: ignore[misc]  # untold by the stubs
        except BaseException as error:
            conn.close()  # type: ignore[attr-defined]
            if isinstance(error, TimeoutError):
                raise silent(self._wire) from error
            raise


def _dial(path: str) -> socket.socket | None:
    family = getattr(socket, "AF_UNIX", None)
    if family is None:  # Windows' agent has a name of its own, which paramiko knows
        return None
    dialled = socket.socket(family, socket.SOCK_STREAM)
    try:
        dialled.connect(path)
    except OSError:
        dialled.close()
        return None
    return dialled


def silent(wire: Wire) -> ConnectionLost:
    """What is raised for an agent that hangs."""
    return ConnectionLost(
        wire.endpoint,
        "the SSH agent on this computer does not answer",
        advice="Look at it with “ssh-add -l”, or sign in with a key file.",
    )
