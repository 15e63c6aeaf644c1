"""SHA-256 made by the server itself, where it has a POSIX shell behind the same SSH connection.

One fixed command is used for the probe and for every file; the file's address goes to its standard
input, ended by NUL, and so is never read by any shell (rclone's CVE-2026-71312, faults.md 3).
"""

from __future__ import annotations

import re

import paramiko

from providers.errors import ConnectionLost, Denied, Unsupported
from providers.sftp import channels
from providers.text import to_bytes

_PROBE_SECONDS = 20.0
_SLOWEST = 10 << 20  # bytes a second a server digests at the least
_MARK = b"wharfie-digest"
# Single quotes hold it together in every shell a login may have (sh, csh, fish); PowerShell and
# cmd have no `sh`. The home directory is printed to see that shell and SFTP show the same tree.
COMMAND = (
    'sh -c \'for t in sha256sum "shasum -a 256" "sha256 -q"; do '
    'command -v "${t%% *}" >/dev/null 2>&1 || continue; '
    "echo wharfie-digest; pwd -P; exec xargs -0 $t --; done; exit 127'"
)
_NULL_DEVICE = "/dev/null"
_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
# GNU and Perl put a backslash before the digest of a file whose name they escape.
_DIGEST = re.compile(rb"\\?([0-9a-f]{64})(?:\s|$)")


def probe(transport: paramiko.Transport, home: str, endpoint: str) -> bool:
    """Whether the server can digest: asked once, with a file that is empty everywhere.

    Raises ConnectionLost, also when the shell does not come to an end.
    """
    try:
        status, output = _run(transport, _NULL_DEVICE, endpoint, _PROBE_SECONDS)
    except Denied:
        return False
    return status == 0 and parse(output, home) == _OF_NOTHING


def sha256(
    transport: paramiko.Transport, path: str, size: int | None, home: str, endpoint: str
) -> str:
    """The digest of the file at `path`. Raises Unsupported when the server does not tell it."""
    seconds = _PROBE_SECONDS + (size or 0) / _SLOWEST
    try:
        status, output = _run(transport, path, endpoint, seconds)
    except ConnectionLost as error:
        raise ConnectionLost(path, error.what) from error
    except Denied as error:
        raise Unsupported(path, "the server runs no more commands now") from error
    found = parse(output, home)
    if status != 0 or found is None:
        raise Unsupported(path, "the server could not digest it")
    return found


def _run(
    transport: paramiko.Transport, path: str, endpoint: str, seconds: float
) -> tuple[int, bytes]:
    given = to_bytes(path) + b"\0"
    return channels.run(transport, COMMAND, given, endpoint=endpoint, seconds=seconds)


def parse(output: bytes, home: str) -> str | None:
    """The digest in the command's output, whatever a login script printed before it."""
    lines = output.split(b"\n")
    if _MARK not in lines:
        return None
    at = lines.index(_MARK)
    if len(lines) < at + 3 or lines[at + 1] != to_bytes(home):
        return None
    match = _DIGEST.match(lines[at + 2])
    return match[1].decode("ascii") if match else None
