"""Text that a person types, "sftp://ann@host/path" or "/local/path", to a Place and back."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from providers.base import Place
from providers.errors import InvalidName
from providers.text import printable

LOCAL = "file:"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9._:%\[\]-]+")
_USER = re.compile(r"[A-Za-z0-9._@+\\=-]+")
DEFAULT_PORTS = {"sftp": 22}


def parse(text: str) -> Place:
    """The Place that `text` names. The path part is literal: "%" is not decoded.

    "sftp://host" starts in the home directory, "sftp://host/~/x" below it. Raises InvalidName for
    a password in the address and for a host or user name that no host can have (CVE-2023-51385).
    """
    match = _SCHEME.match(text)
    if match is None:
        return Place(LOCAL, os.path.abspath(os.path.expanduser(text)) if text else "")
    scheme = match.group(1).lower()
    if scheme == "file":
        return Place(LOCAL, text[match.end() :] or "/")
    if scheme == "memory":
        authority, slash, path = text[match.end() :].partition("/")
        return Place(f"memory://{authority}", slash + path)
    authority, slash, path = text[match.end() :].partition("/")
    return Place(_endpoint(text, scheme, authority), slash + path)


def _endpoint(text: str, scheme: str, authority: str) -> str:
    user, at, host_port = authority.rpartition("@")
    shown = f"{scheme}://{user.partition(':')[0]}{at}{host_port}"
    if ":" in user:
        raise InvalidName(
            shown,
            "a password in an address would be seen by others",
            advice="Leave it out; you are asked for it, or set SFTP_PASSWORD in your .env.",
        )
    try:
        parts = urlsplit(f"{scheme}://{host_port}")
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(scheme)
    except ValueError as error:
        raise InvalidName(shown, f"this address is not valid ({error})") from error
    if not host or host.startswith("-") or not _HOST.fullmatch(host):
        raise InvalidName(shown, f"“{printable(host)}” is not a host name")
    if at and (user.startswith("-") or not _USER.fullmatch(user)):
        raise InvalidName(shown, f"“{printable(user)}” is not a user name")
    if ":" in host:
        host = f"[{host}]"
    return f"{scheme}://{user}{at}{host}" + (f":{port}" if port else "")


def show(place: Place) -> str:
    """The Place as a person would type it (not yet safe for a terminal: see text.printable)."""
    return place.path if place.endpoint == LOCAL else f"{place.endpoint}{place.path}"
