"""A small SSH server on loopback that asks several questions (keyboard-interactive), as PAM does.

A real sshd asks them only with PAM; this one needs nobody's accounts.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_PARTIALLY_SUCCESSFUL,
    AUTH_SUCCESSFUL,
    OPEN_SUCCEEDED,
)

USER = "ann"
Round = Sequence[tuple[str, bool]]
_SECONDS = 15.0


class QuestionsSSH:
    """A context manager. `rounds` are the questions asked in turn (with whether the answer is
    shown), `answers` what each round takes: changed by a test for another one-time code.

    `key`: a public key that has to come first. `given` is every round that was answered;
    `keys` are the keys that were shown.
    """

    def __init__(
        self,
        rounds: Sequence[Round],
        answers: Sequence[Sequence[str]],
        *,
        key: paramiko.PKey | None = None,
        methods: str = "keyboard-interactive",
    ) -> None:
        self.rounds = rounds
        self.answers = [list(each) for each in answers]
        self.key = key
        self.methods = methods
        self.given: list[list[str]] = []
        self.keys: list[str] = []
        self.sign_ins = 0
        self.make_transport: Callable[[socket.socket], paramiko.Transport] = paramiko.Transport
        self.host_key = paramiko.ECDSAKey.generate()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._serve)

    @property
    def endpoint(self) -> str:
        return f"sftp://{USER}@127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(_SECONDS)
        self._listening.close()
        for transport in self._transports:
            transport.close()
            transport.join(_SECONDS)

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            transport = self.make_transport(caller)
            self._transports.append(transport)
            transport.add_server_key(self.host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer)
            transport.start_server(event=threading.Event(), server=_Door(self))


class _Door(paramiko.ServerInterface):
    """One connection's way in."""

    def __init__(self, owner: QuestionsSSH) -> None:
        self._owner = owner
        self._round = 0
        self._has_key = owner.key is None

    def get_allowed_auths(self, username: str) -> str:
        return self._owner.methods if self._has_key else "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self._owner.keys.append(key.fingerprint)
        if self._owner.key is None or key.asbytes() != self._owner.key.asbytes():
            return AUTH_FAILED
        self._has_key = True
        return AUTH_PARTIALLY_SUCCESSFUL

    def check_auth_interactive(
        self, username: str, submethods: str
    ) -> int | paramiko.InteractiveQuery:
        if not self._has_key or not self._owner.rounds:
            return AUTH_FAILED
        self._round = 0
        return self._ask()

    def check_auth_interactive_response(
        self, responses: list[str]
    ) -> int | paramiko.InteractiveQuery:
        self._owner.given.append(list(responses))
        if list(responses) != self._owner.answers[self._round]:
            return AUTH_FAILED
        self._round += 1
        if self._round < len(self._owner.rounds):
            return self._ask()
        self._owner.sign_ins += 1
        return AUTH_SUCCESSFUL

    def _ask(self) -> paramiko.InteractiveQuery:
        return paramiko.InteractiveQuery("", "", *self._owner.rounds[self._round])

    def check_auth_password(self, username: str, password: str) -> int:
        self._owner.given.append([password])
        right = "password" in self._owner.methods and [password] == self._owner.answers[0]
        return AUTH_SUCCESSFUL if right else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED
