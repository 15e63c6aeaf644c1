"""HTTP Digest: a password that is never sent (RFC 7616). Pure."""

from __future__ import annotations

import hashlib
import re

from providers.records import dataclass
from providers.text import to_bytes

_PARAMETER = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?:\s+|$)")
_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One thing a server accepts: its scheme in lower case, and what it says with it."""

    scheme: str
    said: dict[str, str]


def challenges(values: tuple[str, ...]) -> list[Challenge]:
    """What WWW-Authenticate headers offer, in their order; what cannot be read is left out."""
    found: list[Challenge] = []
    for value in values:
        found += _challenges(value.strip()[: 16 << 10])
    return found


def _challenges(text: str) -> list[Challenge]:
    found: list[Challenge] = []
    while text:
        scheme = _SCHEME.match(text)
        if scheme is None:
            break
        text, said = text[scheme.end() :].lstrip(), {}
        while (parameter := _PARAMETER.match(text)) is not None:
            quoted = parameter[2]
            value = parameter[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            said[parameter[1].lower()] = value
            text = text[parameter.end() :].lstrip(", ")
        found.append(Challenge(scheme[1].lower(), said))
        text = text.lstrip(", ")
    return found


def can_answer(challenge: Challenge) -> bool:
    """Whether it is one of Digest that is known here: a hash, and protection of the request."""
    name = challenge.said.get("algorithm", "MD5").upper().removesuffix("-SESS")
    usable = _HASHES.get(name, "?") in hashlib.algorithms_available
    return usable and bool(challenge.said.get("nonce")) and _quality(challenge) is not None


def answer(
    challenge: Challenge, user: str, password: str, method: str, target: str, count: int, own: str
) -> str:
    """The Authorization header. `count` grows with each use of the nonce; `own` is random.

    Headers are read and written as Latin-1 here, so what the server said is hashed and sent back
    as the very bytes it sent. User and password are UTF-8 (RFC 7616, 3.3), and the name stands in
    `username` as it is: few servers know `username*`.
    """
    user, password = _as_bytes_are_read(user), _as_bytes_are_read(password)
    said = challenge.said
    algorithm = said.get("algorithm", "MD5")
    name = _HASHES[algorithm.upper().removesuffix("-SESS")]
    realm, nonce, quality = said.get("realm", ""), said["nonce"], _quality(challenge)
    secret = _hash(name, f"{user}:{realm}:{password}")
    if algorithm.upper().endswith("-SESS"):
        secret = _hash(name, f"{secret}:{nonce}:{own}")
    request = _hash(name, f"{method}:{target}")
    between = f"{nonce}:{count:08x}:{own}:{quality}" if quality else nonce
    response = _hash(name, f"{secret}:{between}:{request}")
    parts = [
        f"username={_quoted(user)}",
        f"realm={_quoted(realm)}",
        f"nonce={_quoted(nonce)}",
        f"uri={_quoted(target)}",
        f'response="{response}"',
    ]
    if "algorithm" in said:
        parts.append(f"algorithm={algorithm}")
    if "opaque" in said:
        parts.append(f"opaque={_quoted(said['opaque'])}")
    if quality:
        parts.append(f'qop={quality}, nc={count:08x}, cnonce="{own}"')
    return "Digest " + ", ".join(parts)


def _quality(challenge: Challenge) -> str | None:
    """ "auth"; "" for a server from before RFC 2617; None when only "auth-int" is offered."""
    offered = challenge.said.get("qop")
    if offered is None:
        return ""
    return "auth" if "auth" in re.split(r"[\s,]+", offered.lower()) else None


def _as_bytes_are_read(text: str) -> str:
    """As a header's bytes are decoded, each of them one character."""
    return to_bytes(text).decode("latin-1")


def _hash(name: str, text: str) -> str:
    return hashlib.new(name, text.encode("latin-1"), usedforsecurity=False).hexdigest()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
