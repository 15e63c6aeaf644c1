"""What a saved SFTP site may say. Imports nothing of SSH: the connect screen draws it at start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from providers import location
from providers.base import Place
from providers.errors import InvalidName
from providers.records import dataclass
from providers.sites import Field, Site
from providers.text import printable

_KIND = "sftp"
TRANSPORT, BUILT_IN, OPENSSH = "transport", "built-in", "openssh"
ENV_SITE = "env-sftp"  # that of the settings
_TRANSPORTS = (BUILT_IN, OPENSSH)


@dataclass(frozen=True, slots=True)
class SftpSites:
    """See `providers.sites.SiteKind`."""

    kind: str = _KIND
    title: str = "SFTP"
    fields: tuple[Field, ...] = (
        Field("host", "Host", "name or address", required=True),
        Field("port", "Port", "22"),
        Field("user", "User", "your own name"),
        Field("path", "Folder", "the home directory"),
        Field("key", "Key file", "the SSH agent's and the usual ones"),
        Field("password", "Password", "asked for when it is needed", secret="password"),
        Field(TRANSPORT, "Connection", choices=_TRANSPORTS),
    )

    def place(self, site: Site) -> Place:
        host, user = site.values.get("host", ""), site.values.get("user", "")
        port = site.values.get("port", "")
        if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
            raise InvalidName(
                "port", f"“{printable(port)}” is not a port", advice="It is a number up to 65535."
            )
        _check_transport(site.values.get(TRANSPORT, BUILT_IN))
        bare = host.strip("[]")
        host = f"[{bare}]" if ":" in bare else host
        location.endpoint(_KIND, host, field="host")
        authority = f"{user}{'@' if user else ''}{host}{':' if port else ''}{port}"
        endpoint = location.endpoint(_KIND, authority, field="user")
        if site.values.get("key") or site.values.get(TRANSPORT) == OPENSSH:
            endpoint += f"#{site.name}"  # what the address cannot say
        return Place(endpoint, _start(site.values))

    def from_environment(self, settings: Mapping[str, str]) -> Sequence[Site]:
        """SFTP_HOST with SFTP_USER and SFTP_PORT, and an SFTP address in FILE_URL; SFTP_TRANSPORT
        is for both.
        """
        found = []
        way = {TRANSPORT: settings.get("SFTP_TRANSPORT", "")}
        if settings.get("SFTP_HOST"):
            values = way | {
                key: settings.get(f"SFTP_{key.upper()}", "") for key in ("host", "port", "user")
            }
            found.append(_from_environment(ENV_SITE, values))
        url = settings.get("FILE_URL", "")
        if url.lower().startswith("sftp://"):
            authority, _, path = url[len("sftp://") :].partition("/")
            user, _, host_port = authority.rpartition("@")
            host, colon, port = host_port.rpartition(":")
            if not colon or "]" in port:
                host, port = host_port, ""
            values = way | {"host": host, "port": port, "user": user}
            values["path"] = f"/{path}" if path else ""
            found.append(_from_environment("env-url", values))
        return found


def _check_transport(said: str) -> None:
    """Raises InvalidName: nothing else is chosen in place of what was meant."""
    if said not in _TRANSPORTS:
        what = f"“{printable(said)}” is no connection"
        raise InvalidName(TRANSPORT, what, advice=f"Choose one of: {', '.join(_TRANSPORTS)}.")


def _from_environment(name: str, values: Mapping[str, str]) -> Site:
    given = {key: value for key, value in values.items() if value}
    return Site(name, _KIND, given, origin="environment")


def _start(values: Mapping[str, str]) -> str:
    """Where the site begins; what is not absolute is below the home directory."""
    path = values.get("path", "")
    if path.startswith("/"):
        return path
    return f"/~/{path.removeprefix('~').lstrip('/')}".rstrip("/")


KINDS = (SftpSites(),)
