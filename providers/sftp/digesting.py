"""Which connections have a shell that digests files, and what a lost one says about the server."""

from __future__ import annotations

import threading
import time

import paramiko

from providers.base import Entry
from providers.errors import ConnectionLost, Unsupported
from providers.sftp import calls, look, shell_digest
from providers.sftp.opening import need_file
from providers.sftp.pool import Line
from providers.sftp.shell_digest import ShellDigest, ShellEnded

_LOST_MOST = 1


class Digesting:
    """The digests of one server. Safe for many threads, each with a line of its own."""

    def __init__(self) -> None:
        self._learn = threading.Lock()
        self._has_shells: bool | None = None
        self._lost = 0  # starts of a shell that came to nothing, none having worked yet
        self._lost_last: paramiko.Transport | None = None
        self._lost_at = 0.0  # on the monotonic clock

    @property
    def impossible(self) -> bool:
        """Whether the server turned out to have no shell for it."""
        return self._has_shells is False

    def decide(self, *, has_shells: bool) -> None:
        """The first one to tell decides for all."""
        with self._learn:
            if self._has_shells is None:
                self._has_shells = has_shells

    def sha256(self, line: Line, path: str, home: str) -> str:
        """Of the file at `path`, made by the server over `line`; `home` is its start folder.

        Raises Unsupported when the server cannot, NothingOpened when the line's connection has no
        channel for it, ConnectionLost, NotFound, WrongKind.
        """
        entry = look.entry(path, calls.stat(line.session, path, follow=True))
        need_file(entry)
        # A shell that was killed says nothing about the server: another gets one try.
        found = self._made(line, entry, home) or self._made(line, entry, home)
        if found is None:
            raise no_shell(path)
        return found

    def _made(self, line: Line, entry: Entry, home: str) -> str | None:
        """The digest; None where there is no shell, or where it ended over it."""
        if line.shell is None and not self.impossible:
            line.shell = self._start(line, home)
            self.decide(has_shells=line.shell is not None)
        if line.shell is None:
            return None
        try:
            return line.shell.sha256(entry.path, entry.size)
        except ShellEnded:
            line.shell.close()
            line.shell = None
            return None
        except ConnectionLost:
            line.session.close()  # the next attempt gets a new session and a new shell
            raise

    def _start(self, line: Line, home: str) -> ShellDigest | None:
        if line.transport is None:
            return None
        began = time.monotonic()
        try:
            return shell_digest.start(line.transport, home, line.wire)
        except ConnectionLost:
            if line.wire.interrupted or not self._is_by_shells(line, began):
                raise
            return None

    def _is_by_shells(self, line: Line, began: float) -> bool:
        """Whether a shell ends the connection here or never answers, now that a start which `began`
        then came to nothing.

        Where one has worked it was the network, and where nothing else is answered either; sessions
        of one connection are lost together, and shells that start at once hang together.
        """
        ended = line.wire.is_cut or not line.session.alive()
        if not ended and _is_silent(line):
            return False
        with self._learn:
            if self._has_shells:
                return False
            together = line.transport is self._lost_last if ended else began < self._lost_at
            self._lost += not together
            self._lost_last, self._lost_at = line.transport, time.monotonic()
            return self._lost > _LOST_MOST


def _is_silent(line: Line) -> bool:
    try:
        calls.real_path(line.session, ".")
    except ConnectionLost:
        return True
    return False


def no_shell(path: str) -> Unsupported:
    return Unsupported(path, "the server offers no shell that could digest files")
