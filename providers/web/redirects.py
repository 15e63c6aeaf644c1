"""Where a server may send us, and what goes along (faults.md C11). Pure: decisions, no sockets.

A redirect is a server's word. It never leads from https to http, nor from outside into the local
network; and what is secret goes to the site itself only.
"""

from __future__ import annotations

import ipaddress
from enum import Enum
from typing import TypeAlias
from urllib.parse import quote, urljoin, urlsplit

from providers.errors import Denied, InvalidName
from providers.records import dataclass, replace
from providers.text import printable

MOST = 10
_PORTS = {"http": 80, "https": 443}
_KEEP_METHOD = frozenset({301, 302, 307, 308})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND"})
_AS_SENT = "%-._~!$&'()*+,;=:@/?[]"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Url:
    """An address as it is asked for: `target` is the path and query, percent-encoded."""

    scheme: str
    host: str  # lower case, an IPv6 address without brackets
    port: int
    target: str

    @property
    def origin(self) -> str:
        """ "https://host:8443": who it is; a secret goes to one origin only (RFC 6454)."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def at(self, target: str) -> Url:
        return replace(self, target=target)


def url_of(text: str) -> Url:
    """The parts of an http or https address. Raises ValueError for anything else."""
    parts = urlsplit(text)
    if parts.scheme not in _PORTS:
        raise ValueError("it is neither http nor https")
    if not parts.hostname:
        raise ValueError("it names no host")
    if any(ord(c) <= 0x20 or ord(c) == 0x7F for c in parts.netloc):
        raise ValueError("its host has characters that no host has")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.hostname.rstrip(".").encode("idna" if not parts.hostname.isascii() else "ascii")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    return Url(parts.scheme, host.decode("ascii"), port, quote(target, safe=_AS_SENT))


def follows(status: int, method: str) -> bool:
    """Whether an answer is a redirect that may be followed: never one of what changes something."""
    if method not in _SAFE:
        return False
    return status in _KEEP_METHOD or (status == 303 and method in {"GET", "HEAD"})


def follow(here: Url, location: str, path: str) -> Url:
    """Where `location`, sent by `here`, leads. Raises Denied for where nobody is sent."""
    try:
        to = url_of(urljoin(f"{here.origin}{here.target}", location))
    except ValueError as error:  # also UnicodeError
        raise Denied(
            path, f"the server redirects to an address that cannot be used: {error}", advice=_ADVICE
        ) from error
    if here.scheme == "https" and to.scheme == "http":
        raise Denied(
            path,
            f"the server redirects from https to {printable(to.origin)}, which is not encrypted",
            advice="Use that address yourself if that is what you want.",
        )
    return to


_ADVICE = "Look at the address, or ask the server's owner."


class Reach(Enum):
    """From where an address can be reached."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"


_LEADS_TO = {
    Reach.PUBLIC: {Reach.PUBLIC},
    Reach.PRIVATE: {Reach.PUBLIC, Reach.PRIVATE},
    Reach.LOOPBACK: {Reach.PUBLIC, Reach.PRIVATE, Reach.LOOPBACK},
    Reach.LINK_LOCAL: {Reach.PUBLIC, Reach.PRIVATE, Reach.LINK_LOCAL},
}


def may_lead(here: Reach, to: Reach) -> bool:
    """Whether a server at `here` may send us to an address at `to`."""
    return to in _LEADS_TO[here]


def reach_of(address: str) -> Reach:
    """The reach of a numeric address, also of an IPv4 one inside an IPv6 one.

    Raises ValueError for any other: only IPv6 has zones ("fe80::1%eth0"), and "127.0.0.1%a.example"
    is a name that anybody may have.
    """
    found: _Address = ipaddress.ip_address(address)
    inner = _inside(found)
    if inner is not None:
        found = inner
    if found.is_loopback or found.is_unspecified:
        return Reach.LOOPBACK
    if found.is_link_local:
        return Reach.LINK_LOCAL
    return Reach.PUBLIC if found.is_global and not found.is_multicast else Reach.PRIVATE


def _inside(address: _Address) -> ipaddress.IPv4Address | None:
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def reach_by_name(host: str) -> Reach:
    """What the host's name alone tells, where a proxy does the looking up."""
    try:
        return reach_of(host)
    except ValueError:
        local = host == "localhost" or host.endswith(".localhost")
        return Reach.LOOPBACK if local else Reach.PUBLIC


def refused(path: str, host: str) -> Denied:
    """A redirect into a network that the server which sent it cannot see."""
    return Denied(
        path,
        f"the server redirects to {printable(host)}, an address inside your own network",
        advice="It is not followed: an outsider could make your computer ask there.",
    )


def base_of(endpoint: str) -> tuple[Url, str]:
    """The root address of requests to an endpoint, and its user ("" for none).

    "davs://ann@host#work" is https. Raises InvalidName.
    """
    scheme, _, rest = endpoint.partition("#")[0].partition("://")
    user, _, host = rest.rpartition("@")
    try:
        return url_of(f"{_SCHEMES.get(scheme, scheme)}://{host}/"), user
    except ValueError as error:
        raise InvalidName(endpoint, f"this address is not valid: {error}") from error


_SCHEMES = {"dav": "http", "davs": "https"}
