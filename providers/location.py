"""Text that a person types, "sftp://ann@host/path" or "/local/path", to a Place and back."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from providers.base import Place
from providers.errors import InvalidName
from providers.text import printable

if TYPE_CHECKING:
    from providers.sites import Sites

LOCAL = "file:"
S3 = "s3:"
S3_SETTINGS = "env-s3"
"""The site that the AWS_* settings make."""
ONEDRIVE = "onedrive:"
ONEDRIVE_SETTINGS = "env-onedrive"
"""The site that GRAPH_TOKEN or the AZURE_* settings make."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_SITE = re.compile(r"([a-z0-9][a-z0-9._-]+):(.*)", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9._:%\[\]-]+")
_HOST_ALONE = re.compile(r"\[[0-9A-Fa-f:.]*\]|[^:\[]*")
_USER = re.compile(r"[A-Za-z0-9._@+\\=-]+")
_REFERENCE = re.compile(r"~[0-9a-f]{8}")
_SHOWN_PORTS = {"sftp": 22}  # written into every endpoint
_HIDDEN_PORTS = {"http": 80, "https": 443, "dav": 80, "davs": 443}  # never written into one
WEB = frozenset(_HIDDEN_PORTS)


def parse(text: str, sites: Sites | None = None) -> Place:
    """The Place that `text` names. The path part is literal: "%" is not decoded.

    "sftp://host" starts in the home directory, "sftp://host/~/x" below it. "work:/x" is a path of
    the site “work”, "work:x" is below its start; without such a site it is a local file's name. A
    web address loses its "#fragment". Raises InvalidName for a password in the address and for a
    host or user name that no host can have (CVE-2023-51385), BadSites for a site that is damaged.
    """
    match = _SCHEME.match(text)
    if match is None and text[: len(ONEDRIVE)].lower() == ONEDRIVE:
        return _onedrive(text[len(ONEDRIVE) :], sites)
    if match is None:
        return of_site(text, sites) or _local(text)
    scheme, rest = match.group(1).lower(), text[match.end() :]
    if scheme == "file":
        return Place(LOCAL, rest or "/")
    if scheme in WEB:
        rest = rest.partition("#")[0]
        before, mark, query = rest.partition("?")
        authority, slash, path = before.partition("/")
        return Place(endpoint(scheme, authority), (slash or (mark and "/")) + path + mark + query)
    authority, slash, path = rest.partition("/")
    if scheme == "s3":
        return Place(_s3(sites), f"/{rest}")
    if scheme == "memory":
        return Place(f"memory://{authority}", slash + path)
    return Place(endpoint(scheme, authority), slash + path)


def _s3(sites: Sites | None) -> str:
    """Of an address with a bucket and no service: what the AWS_* settings say, else Amazon."""
    site = sites.get(S3_SETTINGS) if sites is not None else None
    return S3 if site is None or sites is None else sites.place(site).endpoint


def _onedrive(path: str, sites: Sites | None) -> Place:
    """A path of the drive that the settings name; they say at first use what is missing."""
    site = sites.get(ONEDRIVE_SETTINGS) if sites is not None else None
    endpoint = ONEDRIVE if site is None or sites is None else sites.place(site).endpoint
    return Place(endpoint, path if path.startswith("/") or not path else f"/{path}")


def _local(text: str) -> Place:
    return Place(LOCAL, os.path.abspath(os.path.expanduser(text)) if text else "")


def of_site(text: str, sites: Sites | None) -> Place | None:
    """The Place that "work:/x" names; None where there is no such site. Raises as `parse`."""
    match = _SITE.fullmatch(text)
    site = sites.get(match[1]) if match and sites is not None else None
    if match is None or sites is None or site is None:
        return None
    start, path = sites.place(site), match[2]
    if path and not path.startswith("/"):
        path = f"{start.path.partition('?')[0].rstrip('/')}/{path}"
    return Place(start.endpoint, path or start.path)


def endpoint(scheme: str, authority: str, *, field: str = "") -> str:
    """The endpoint of "user@host:port". Raises InvalidName; its `path` is `field` where given."""
    user, at, host_port = authority.rpartition("@")
    if ":" in user:  # what follows it is not shown: a slash in a password ends the authority early
        raise InvalidName(
            field or f"{scheme}://{user.partition(':')[0]}:…",
            "a password in an address would be seen by others",
            advice="Leave it out; you are asked for it when it is needed.",
        )
    shown = field or f"{scheme}://{user}{at}{host_port}"
    try:
        parts = urlsplit(f"{scheme}://{host_port}")
        host, port = parts.hostname or "", parts.port or _SHOWN_PORTS.get(scheme)
    except ValueError:  # its text repeats what was typed, as a traceback of it would
        raise InvalidName(
            field or f"{scheme}://{user}{at}{_host_alone(host_port)}",
            "this address is not valid: only “:” and a port number may follow the host",
            advice="Correct it. A password is left out; you are asked for it when it is needed.",
        ) from None
    if not host or host.startswith("-") or not _HOST.fullmatch(host) or parts.netloc != host_port:
        raise InvalidName(shown, f"“{printable(host or host_port)}” is not a host name")
    if at and (user.startswith("-") or not _USER.fullmatch(user)):
        raise InvalidName(shown, f"“{printable(user)}” is not a user name")
    if ":" in host:
        host = f"[{host}]"
    if port == _HIDDEN_PORTS.get(scheme):
        port = None
    return f"{scheme}://{user}{at}{host}" + (f":{port}" if port else "")


def _host_alone(host_port: str) -> str:
    """Without what follows it: behind the colon may stand a password with a slash in it."""
    match = _HOST_ALONE.match(host_port)
    return match[0] if match else ""


def show(place: Place) -> str:
    """The Place as a person would type it (not yet safe for a terminal: see text.printable).

    The query of a web address is a secret: unless it is a reference to one, it is left out.
    """
    if place.endpoint == LOCAL:
        return place.path
    address, hash_, site = place.endpoint.partition("#")
    if address == S3 and not hash_:
        return f"{S3}/{place.path}"
    path, mark, query = place.path.partition("?")
    if address.partition(":")[0] in WEB and mark and not _REFERENCE.fullmatch(query):
        path += "?…"
    else:
        path = place.path
    return f"{site}:{path}" if hash_ else f"{address}{path}"
