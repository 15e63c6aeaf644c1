"""Where the programs that ssh starts bring their questions while one connection comes about.

A socket in a folder that only this user may enter, and a token of use for this connection only
in a file beside it: no secret is in an argument, in the environment or in a log.
"""

from __future__ import annotations

import hmac
import os
import secrets
import shlex
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from providers.sftp.openssh import askpass
from providers.sftp.openssh.command import quoted
from providers.text import from_bytes, to_bytes

Reply: TypeAlias = Callable[[Sequence[str]], str | None]
"""The answer to a question ("host-key" or "ask", then its words); None: there is none."""

POSSIBLE = hasattr(socket, "AF_UNIX") and sys.platform != "win32"
_LONGEST = 100  # bytes of a socket's path: macOS has room for 103, Linux for 107
_SHORT_ROOT = "/tmp"
_LARGEST = 64 << 10  # bytes of a question
_SECONDS = 5.0  # a question is asked in one go


class Questions:
    """Made before ssh is started, answered from `answer_with` on, closed once it is signed in."""

    def __init__(self) -> None:
        """Raises OSError."""
        self._folder = _folder()
        self._door = socket.socket(socket.AF_UNIX)
        self._thread: threading.Thread | None = None
        self._closing = False
        self._token = secrets.token_hex(32)
        try:
            self._prepare(Path(self._folder.name))
        except BaseException:
            self.close()
            raise

    def _prepare(self, folder: Path) -> None:
        self._write(folder / "token", self._token, 0o600)
        program = shlex.join([*self._program, "ask"])
        # ssh takes one word for its program; what it asks is never read by this shell.
        self._write(folder / "askpass", f'#!/bin/sh\nexec {program} "$@"\n', 0o700)
        self._door.bind(str(folder / "socket"))
        (folder / "socket").chmod(0o600)
        self._door.listen()

    @staticmethod
    def _write(path: Path, text: str, mode: int) -> None:
        path.touch(mode=mode)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")

    @property
    def _program(self) -> tuple[str, ...]:
        return (sys.executable, "-I", "-S", askpass.__file__, self._folder.name)

    @property
    def environment(self) -> dict[str, str]:
        """What makes ssh ask here, whatever terminal or display there is."""
        return {
            "SSH_ASKPASS": str(Path(self._folder.name, "askpass")),
            "SSH_ASKPASS_REQUIRE": "force",
        }

    @property
    def host_key_command(self) -> str:
        """ssh_config(5), KnownHostsCommand: why it is asked, the host's name there, and its key."""
        words = [quoted(word) for word in (*self._program, "host-key")]
        return " ".join((*words, "%I", "%H", "%t", "%K"))

    def answer_with(self, reply: Reply) -> None:
        self._thread = threading.Thread(
            target=self._serve, args=(reply,), name="ssh questions", daemon=True
        )
        self._thread.start()

    def _serve(self, reply: Reply) -> None:
        while True:
            try:
                asked, _ = self._door.accept()
            except OSError:
                return
            with asked:
                if self._closing:
                    return
                with suppress(OSError):
                    self._answer(asked, reply)

    def _answer(self, asked: socket.socket, reply: Reply) -> None:
        asked.settimeout(_SECONDS)
        words = _words(asked)
        if len(words) > 2 and hmac.compare_digest(to_bytes(words[0]), to_bytes(self._token)):
            answer = reply(words[1:])
            if answer is not None:
                asked.sendall(to_bytes(answer) + b"\n")

    def close(self) -> None:
        self._closing = True
        if self._thread is not None:
            # Closing a socket wakes nobody who waits for it on every system: a visitor does.
            with suppress(OSError), socket.socket(socket.AF_UNIX) as visitor:
                visitor.connect(str(Path(self._folder.name, "socket")))
            self._thread.join()
        self._door.close()
        self._folder.cleanup()


def _folder() -> tempfile.TemporaryDirectory[str]:
    """Only its owner may enter it (0700). A socket's path has little room."""
    usual = tempfile.TemporaryDirectory(prefix="wharfie-")
    if len(os.fsencode(Path(usual.name, "socket"))) <= _LONGEST:
        return usual
    usual.cleanup()
    return tempfile.TemporaryDirectory(prefix="wharfie-", dir=_SHORT_ROOT)


def _words(asked: socket.socket) -> list[str]:
    """The question's, each but the last ended by NUL; nothing when it is too long for one."""
    raw = b""
    while chunk := asked.recv(_LARGEST):
        raw += chunk
        if len(raw) > _LARGEST:
            return []
    return [from_bytes(word) for word in raw.split(b"\0")]
