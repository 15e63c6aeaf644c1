"""known_hosts as OpenSSH writes it: read leniently, judged strictly, only ever appended to.

sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". paramiko's own reader drops whole files for one line it does
not know and its writer rewrites the file (faults.md 4, 5): neither is used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from fnmatch import translate
from pathlib import Path
from re import compile as compile_pattern
from typing import Self

from providers.errors import Denied
from providers.records import dataclass

_LOOKS, _LOOK_SECONDS = 20, 0.05


class Standing(StrEnum):
    """What known_hosts says about a key."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`number` is the line (from 1) of `path` the verdict comes from; 0 when there is none."""

    standing: Standing
    number: int = 0
    path: Path = Path()

    @classmethod
    def of(cls, standing: Standing, line: Line) -> Self:
        return cls(standing, line.number, line.path)


@dataclass(frozen=True, slots=True)
class Line:
    """One usable line. `marker` is "", "@revoked" or "@cert-authority"."""

    number: int
    marker: str
    hosts: str
    key_type: str
    blob: bytes
    path: Path = Path()

    def covers(self, host: str) -> bool:
        if self.hosts.startswith("|1|"):
            return _hash_matches(self.hosts, host)
        patterns = self.hosts.split(",")
        if any(host_matches(p[1:], host) for p in patterns if p.startswith("!")):
            return False
        return any(host_matches(p, host) for p in patterns if not p.startswith("!"))


def host_matches(pattern: str, host: str) -> bool:
    """Whether a pattern with * and ? in it covers `host`."""
    # "[" is literal in known_hosts and starts a set in fnmatch.
    literal = translate(pattern.lower().replace("[", "[[]"))
    return compile_pattern(literal).match(host) is not None


def host_name(host: str, port: int) -> str:
    """How a host is called in known_hosts: "host", or "[host]:port" off the usual port."""
    return host.lower() if port == 22 else f"[{host.lower()}]:{port}"


def key_line(host: str, port: int, key_type: str, blob: bytes) -> str:
    """The line that makes a key known."""
    return f"{host_name(host, port)} {key_type} {base64.b64encode(blob).decode('ascii')}"


def fingerprint(blob: bytes) -> str:
    """ "SHA256:…" as OpenSSH prints it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii")
    return "SHA256:" + digest.rstrip("=")


def read(path: Path) -> list[Line]:
    """Its usable lines; garbled ones are passed over. No file is no lines.

    Raises Denied when it is there and cannot be read: then nothing can be judged.
    """
    return [line for _, line in _read(path) if line is not None]


def garbled(path: Path) -> list[int]:
    """The numbers of the lines that are passed over because nobody can tell what they say."""
    return [number for number, line in _read(path) if line is None]


def _read(path: Path) -> list[tuple[int, Line | None]]:
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Denied(str(path), f"the list of known hosts cannot be read ({error.strerror})") from (
            error
        )
    return [(number, line) for number, line in _parse(text, path)]


def _parse(text: str, path: Path) -> Iterator[tuple[int, Line | None]]:
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if words and not words[0].startswith("#"):
            yield number, _line(number, words, path)


def _line(number: int, words: list[str], path: Path) -> Line | None:
    marker = words.pop(0) if words[0].startswith("@") else ""
    if marker not in {"", "@revoked", "@cert-authority"} or len(words) < 3:
        return None
    blob = _decode(words[2])
    if blob is None or not _is_key(words[1], blob):
        return None
    return Line(number, marker, words[0], words[1], blob, path)


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _is_key(key_type: str, blob: bytes) -> bool:
    """Whether `blob` is whole: its type and more, each behind its length (RFC 4253, 6.6)."""
    parts = []
    while len(blob) >= 4:
        size = 4 + int.from_bytes(blob[:4], "big")
        if size > len(blob):
            return False
        parts.append(blob[4:size])
        blob = blob[size:]
    return not blob and len(parts) > 1 and parts[0] == key_type.encode()


def judge(lines: list[Line], host: str, port: int, blob: bytes) -> Verdict:
    """Whether the key `blob` may be the host's.

    A revoked key is refused whatever else is there. A host that is known by other keys only has
    changed, even if their type is another: an attacker chooses the type he offers. Lines of
    certificate authorities neither accept nor make known: they are about certificates.
    """
    name = host_name(host, port)
    about = [line for line in lines if line.covers(name)]
    for line in about:
        if line.marker == "@revoked" and line.blob == blob:
            return Verdict.of(Standing.REVOKED, line)
    plain = [line for line in about if not line.marker]
    for line in plain:
        if line.blob == blob:
            return Verdict.of(Standing.KNOWN, line)
    return Verdict.of(Standing.CHANGED, plain[0]) if plain else Verdict(Standing.UNKNOWN)


def authorities(lines: list[Line], host: str, port: int) -> list[Line]:
    """Those of certificate authorities that are trusted with the host."""
    name = host_name(host, port)
    return [line for line in lines if line.marker == "@cert-authority" and line.covers(name)]


def known_types(lines: list[Line], host: str, port: int) -> list[str]:
    """The key types a host is known by: asked for first, so that the right key is offered."""
    name = host_name(host, port)
    return [line.key_type for line in lines if not line.marker and line.covers(name)]


def hashed(line: str) -> str:
    """`line` with its host's name hashed, as HashKnownHosts has it."""
    host, _, key = line.partition(" ")
    salt = os.urandom(hashlib.sha1().digest_size)
    made = hmac.new(salt, host.encode("utf-8"), hashlib.sha1).digest()
    shown = (base64.b64encode(raw).decode("ascii") for raw in (salt, made))
    return f"|1|{'|'.join(shown)} {key}"


def append(path: Path, endpoint: str, line: str, *, hash_name: bool = False) -> None:
    """Write `line` behind all others, unless it is there by now: several may accept it at once.

    `hash_name`: hidden, as HashKnownHosts has it. Raises Denied when the file cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            _wait_for_others(descriptor)
            before = file.read()
            if not _has(before, line):
                file.write(_ending(before) + _written(line, hash_name=hash_name))
            if stat.S_ISREG(os.fstat(descriptor).st_mode):  # /dev/null cannot be synced
                os.fsync(descriptor)
    except OSError as error:
        raise Denied(
            str(path),
            f"the key of {endpoint} could not be remembered ({error.strerror})",
            advice="Check that this file can be written, or accept the key for once.",
        ) from error


def _has(text: bytes, line: str) -> bool:
    host, key_type, *_ = words = line.split()
    blob = _decode(words[2])
    known = (each for _, each in _parse(text.decode("utf-8", "replace"), Path()) if each)
    return any(
        (each.marker, each.key_type, each.blob) == ("", key_type, blob) and each.covers(host)
        for each in known
    )


def _ending(text: bytes) -> bytes:
    """What the last line lacks of its end."""
    return b"" if not text or text.endswith(b"\n") else b"\n"


def _written(line: str, *, hash_name: bool) -> bytes:
    line = " ".join(line.split())
    return (hashed(line) if hash_name else line).encode("ascii") + b"\n"


def _wait_for_others(descriptor: int) -> None:
    """Until nobody else appends, or for a second: without a lock (Windows, some network drives) two
    that accept one key at the same moment may write it twice, which does no harm."""
    if sys.platform == "win32":
        return
    import fcntl

    for _ in range(_LOOKS):
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        time.sleep(_LOOK_SECONDS)


def _hash_matches(hashed: str, host: str) -> bool:
    parts = hashed.split("|")
    if len(parts) != 4:
        return False
    salt, expected = _decode(parts[2]), _decode(parts[3])
    if salt is None or expected is None:
        return False
    made = hmac.new(salt, host.encode("utf-8"), hashlib.sha1).digest()
    return hmac.compare_digest(made, expected)
