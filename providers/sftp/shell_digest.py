"""SHA-256 made by the server itself, where it has a POSIX shell behind the same SSH connection.

One fixed command runs for as long as the connection lives; the addresses of files go to its
standard input, each ended by NUL (a word about its size before it), and so are never read as part
of any command (rclone's CVE-2026-71312, faults.md 3). Starting it for each file would cost a login
shell's start each time.
"""

from __future__ import annotations

import re
import time

import paramiko

from providers.errors import ConnectionLost, Denied, Unsupported
from providers.sftp.channels import Command
from providers.sftp.connect import NothingOpened
from providers.sftp.wire import Wire
from providers.text import to_bytes

_SLOWEST = 10 << 20  # bytes a second a server digests at the least
_LARGE = 1 << 20  # bytes: from there on a tool that starts slowly and digests fast is worth it
_MOST_GREETING = 200  # lines a login script may print before the command starts
_MARK = b"wharfie-digest"
_NULL_DEVICE = "/dev/null"
_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
# Each tool reads its standard input: no name is an option to it, nor printed by it. One is used
# only if it gets the digest of nothing right: an OpenSSL before 1.0 has no `-r`, a broken one
# prints nothing. GNU's is often built without the processor's SHA instructions.
_TOOLS = (
    f'first() {{ for t; do case "$($t </dev/null)" in {_OF_NOTHING}*) '
    'echo "$t"; return;; esac; done; }; '
    'large=$(first "openssl dgst -sha256 -r" sha256sum "shasum -a 256" "sha256 -q"); '
    'small=$(first sha256sum "sha256 -q" "$large"); '
)
# Single quotes hold it together in every shell a login may have (sh, csh, fish); PowerShell and
# cmd have no `sh`. The home directory is printed to see that shell and SFTP show the same tree.
# Whatever a tool does, each file is answered with one line.
COMMAND = (
    f"sh -c 'exec 2>/dev/null; {_TOOLS}"
    '[ "$large" ] || exit 127; '
    "echo wharfie-digest; pwd -P; "
    'exec xargs -0 -n 2 sh -c "case \\"\\$1\\" in '
    'large) d=\\$($large <\\"\\$2\\");; *) d=\\$($small <\\"\\$2\\");; esac || d=none; '
    'echo \\"\\$d\\"" sh'
    "'"
)
_DIGEST = re.compile(rb"([0-9a-f]{64})(?:\s|$)")


class ShellEnded(Exception):
    """The command ended before it answered; its connection did not."""


class ShellDigest:
    """The running command of one connection. Used by one thread at a time."""

    def __init__(self, command: Command, seconds: float) -> None:
        self._command = command
        self._seconds = seconds

    def sha256(self, path: str, size: int | None) -> str:
        """The digest of the file at `path`, `size` bytes long.

        It may take as long as a slow disk needs for so many bytes, while the server is alive.
        Raises Unsupported when it does not tell it, ConnectionLost when it does not answer, and
        ShellEnded.
        """
        if self._command.ended:
            raise ShellEnded
        seconds = self._seconds + (size or 0) / _SLOWEST
        kind = b"small" if size is not None and size < _LARGE else b"large"
        try:
            answer = self._command.ask(kind + b"\0" + to_bytes(path) + b"\0", seconds)
        except ConnectionLost as error:
            raise ConnectionLost(path, error.what) from error
        if answer is None:
            raise ShellEnded
        found = parse(answer)
        if found is None:
            raise Unsupported(path, "the server could not digest it")
        return found

    def close(self) -> None:
        self._command.close()


def start(transport: paramiko.Transport, home: str, wire: Wire) -> ShellDigest | None:
    """The command, started and asked for a file that is empty everywhere; None: no usable shell.

    `home` is SFTP's start folder: a shell that starts elsewhere may see another tree (chroot).
    Raises ConnectionLost, also when the shell does not answer in time, and NothingOpened where its
    connection has no channel for it.
    """
    seconds = wire.patience.shell
    try:
        command = Command(transport, COMMAND, wire)
    except NothingOpened:
        raise
    except Denied:
        return None
    digest = ShellDigest(command, seconds)
    try:
        if _usable(command, digest, home, seconds):
            return digest
    except ConnectionLost as error:
        command.close()
        # Of the file that is asked for as a trial nobody has heard.
        raise ConnectionLost(wire.endpoint, error.what, advice=error.advice) from error
    command.close()
    return None


def _usable(command: Command, digest: ShellDigest, home: str, seconds: float) -> bool:
    try:
        return _greeted(command, home, seconds) and digest.sha256(_NULL_DEVICE, 0) == _OF_NOTHING
    except (Unsupported, ShellEnded):
        return False


def _greeted(command: Command, home: str, seconds: float) -> bool:
    """Whether our mark and the right folder came, whatever a login script printed before."""
    until = time.monotonic() + seconds
    for _ in range(_MOST_GREETING):
        line = command.line(until - time.monotonic())
        if line is None:
            return False
        if line == _MARK:
            return command.line(until - time.monotonic()) == to_bytes(home)
    return False


def parse(answer: bytes | None) -> str | None:
    """The digest in one line of the command's output."""
    match = _DIGEST.match(answer or b"")
    return match[1].decode("ascii") if match else None
