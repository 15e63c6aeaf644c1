"""A small SSH server on loopback that takes passwords, which a real sshd does only with PAM."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncssh

USER, PASSWORD = "ann", "correct horse"


class PasswordSSH:
    """A context manager. `prompts`: keyboard-interactive only; `options` go to asyncssh.

    `attempts` counts the passwords and keys that were tried.
    """

    def __init__(self, root: Path, *, prompts: bool = False, **options: Any) -> None:
        self.attempts = 0
        self.endpoint = ""
        self._root = root
        self._prompts = prompts
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._acceptor: asyncssh.SSHAcceptor | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._acceptor = self._run(self._listen())
        self.endpoint = f"sftp://{USER}@127.0.0.1:{self._acceptor.get_port()}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        options = {"server_host_keys": [asyncssh.generate_private_key("ssh-ed25519")]}
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Server(self),
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel),
            **(options | self._options),
        )

    async def _stop(self) -> None:
        assert self._acceptor is not None
        self._acceptor.close()
        await self._acceptor.wait_closed()

    @property
    def prompts(self) -> bool:
        return self._prompts

    def judge(self, user: str, password: str) -> bool:
        self.attempts += 1
        return (user, password) == (USER, PASSWORD)


class _Server(asyncssh.SSHServer):
    def __init__(self, owner: PasswordSSH) -> None:
        self._owner = owner

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return not self._owner.prompts

    def validate_password(self, username: str, password: str) -> bool:
        return self._owner.judge(username, password)

    def kbdint_auth_supported(self) -> bool:
        return self._owner.prompts

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        return ("", "", "", [("Password:", False)])

    def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        return self._owner.judge(username, responses[0])
