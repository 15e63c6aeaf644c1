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
    )

    def place(self, site: Site) -> Place:
        host, user = site.values.get("host", ""), site.values.get("user", "")
        port = site.values.get("port", "")
        if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
            raise InvalidName(
                "port", f"“{printable(port)}” is not a port", advice="It is a number up to 65535."
            )
        bare = host.strip("[]")
        host = f"[{bare}]" if ":" in bare else host
        location.endpoint(_KIND, host, field="host")
        authority = f"{user}{'@' if user else ''}{host}{':' if port else ''}{port}"
        endpoint = location.endpoint(_KIND, authority, field="user")
        if site.values.get("key"):  # what the address cannot say
            endpoint += f"#{site.name}"
        return Place(endpoint, _start(site.values))

    def from_environment(self, settings: Mapping[str, str]) -> Sequence[Site]:
        """SFTP_HOST with SFTP_USER and SFTP_PORT, and an SFTP address in FILE_URL."""
        found = []
        if settings.get("SFTP_HOST"):
            values = {
                key: settings.get(f"SFTP_{key.upper()}", "") for key in ("host", "port", "user")
            }
            found.append(_from_environment("env-sftp", values))
        url = settings.get("FILE_URL", "")
        if url.lower().startswith("sftp://"):
            authority, _, path = url[len("sftp://") :].partition("/")
            user, _, host_port = authority.rpartition("@")
            host, colon, port = host_port.rpartition(":")
            if not colon or "]" in port:
                host, port = host_port, ""
            start = {"path": f"/{path}" if path else ""}
            found.append(
                _from_environment("env-url", {"host": host, "port": port, "user": user} | start)
            )
        return found


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
