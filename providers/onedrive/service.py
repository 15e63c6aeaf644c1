"""Where Graph and its sign-in answer: Microsoft's clouds, or an emulator on this computer."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from string import ascii_letters, digits
from urllib.parse import urlsplit

from providers.errors import InvalidName
from providers.onedrive.options import Cloud
from providers.records import dataclass

_PLAIN = frozenset(f"{ascii_letters}{digits}.:-[]")  # of a host and its port
GRAPH_BASE = "WHARFIE_GRAPH_BASE"
LOGIN_BASE = "WHARFIE_LOGIN_BASE"


@dataclass(frozen=True, slots=True)
class Service:
    """`graph` is what every request begins with. `resource`: what tokens are for.

    `login`: the host that gives them, always one of Microsoft's. `login_base`: what stands in for
    it on this computer, "" where nothing does.
    """

    graph: str
    resource: str
    login: str
    login_base: str = ""


_HOSTS: Mapping[Cloud, tuple[str, str]] = {
    "global": ("graph.microsoft.com", "login.microsoftonline.com"),
    "us": ("graph.microsoft.us", "login.microsoftonline.us"),
    "china": ("microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn"),
}


def service_of(cloud: Cloud, settings: Mapping[str, str]) -> Service:
    """The service of a cloud. WHARFIE_GRAPH_BASE (up to and with /v1.0) and WHARFIE_LOGIN_BASE
    stand in for it: an emulator. Raises InvalidName unless they are on this computer: anywhere
    else they would collect tokens.
    """
    graph, login = _HOSTS[cloud]
    return Service(
        graph=_on_this_computer(GRAPH_BASE, settings) or f"https://{graph}/v1.0",
        resource=f"https://{graph}",
        login=login,
        login_base=_on_this_computer(LOGIN_BASE, settings),
    )


def _on_this_computer(name: str, settings: Mapping[str, str]) -> str:
    text = settings.get(name, "").rstrip("/")
    if not text:
        return ""
    if not _is_loopback(text):
        raise InvalidName(
            name,
            "this is for an emulator on this computer, and its address is not",
            advice="Set it to an address like http://127.0.0.1:8080, or take it away.",
        )
    return text


def _is_loopback(address: str) -> bool:
    """Whether it is this computer's without asking anybody: a name below .localhost may be looked
    up in the DNS (RFC 6761 only asks not to), and what has signs in it is read in several ways."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises ValueError for one that cannot be
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not _PLAIN.issuperset(parts.netloc):
        return False
    if parts.query or parts.fragment:
        return False
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
