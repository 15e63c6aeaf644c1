"""ssh asks which keys a host has (KnownHostsCommand): answered by our own rule for host keys.

So a key that is new, changed or revoked is the same error with either transport, and "accept once"
needs no list. ssh reads lists of its own as well, some of which only it can find: a key that is new
here is never accepted, whatever was said beforehand, until ssh has said what it makes of it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from providers.access import Access
from providers.errors import Denied, HostKeyUnknown, ProviderError
from providers.records import dataclass, replace
from providers.sftp import certificates, host_keys, known_hosts
from providers.sftp.target import USUAL_PORT, Target

_WITH_PORT = re.compile(r"\[(.+)\]:(\d+)")


@dataclass(frozen=True, slots=True)
class _Certificate:
    key_blob: bytes


@dataclass(frozen=True, slots=True)
class _Key:
    """What `host_keys.check_key` asks of a key."""

    blob: bytes
    public_blob: _Certificate | None

    def get_name(self) -> str:
        return self.blob[4 : 4 + int.from_bytes(self.blob[:4], "big")].decode("ascii", "replace")

    def asbytes(self) -> bytes:
        return self.blob


class HostKey:
    """The judge of one connection. `unknown`: what to say if ssh does not know it either;
    `shown`: the server showed a key, so whoever is on the way to it asks no more.
    """

    def __init__(self, said: Target, access: Access) -> None:
        self.unknown: ProviderError | None = None
        self.shown = False
        self._said = said
        self._access = replace(access, accept_new=False)

    def lines(self, words: Sequence[str]) -> str:
        """Lines of known_hosts for `words`: why ssh asks, the host's name there, its key's type
        and the key. Raises ProviderError for a key that nobody may go on with.
        """
        why, name, _, encoded = words
        to = self._named(name)
        if why == "ORDER":
            return self._all(to, name)
        if why != "HOSTNAME":
            return ""
        self.shown = True
        key = _key(encoded)
        lines = host_keys.known(to, self._access)
        try:
            host_keys.check_key(key, lines, to, self._access)
        except (HostKeyUnknown, Denied) as error:
            self.unknown = error
            return ""
        return known_hosts.key_line(*to.known_as, key.get_name(), key.blob)

    def _named(self, name: str) -> Target:
        """The target by the name ssh has for it: what it connects to is its own decision."""
        match = _WITH_PORT.fullmatch(name)
        host, port = (match[1], int(match[2])) if match else (name, USUAL_PORT)
        strict = self._said.options.strict
        strict = "ask" if strict == "accept-new" else strict
        options = replace(self._said.options, host_key_alias="", strict=strict)
        return replace(self._said, host=host, port=port, options=options)

    def _all(self, to: Target, name: str) -> str:
        """Of the keys that are known ssh asks the server first."""
        found = [line for line in host_keys.known(to, self._access) if line.covers(name.lower())]
        return "\n".join(_line(each, name) for each in found)


def _line(line: known_hosts.Line, name: str) -> str:
    encoded = base64.b64encode(line.blob).decode("ascii")
    return f"{line.marker} {name} {line.key_type} {encoded}".lstrip()


def _key(encoded: str) -> _Key:
    """Raises ProviderError."""
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ProviderError("", "ssh showed a host key that is none") from error
    plain = certificates.subject(blob)
    return _Key(blob, None) if plain is None else _Key(plain, _Certificate(blob))
