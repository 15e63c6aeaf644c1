"""Which links of a listing are entries of its folder. Pure, and the gate against path escape."""

from __future__ import annotations

import re
from typing import NamedTuple

from providers.base import Kind
from providers.http.paths import canonical, unquote_segment
from providers.records import dataclass

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_BLANKS = " \t\r\n\f"
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\?#]")  # a query, a fragment, what browsers read otherwise
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_ABSOLUTE = re.compile(r"(?:([a-zA-Z]+):)?//([^/@]+?)(?::([0-9]*))?(/.*)", re.DOTALL)

_Origin = tuple[str, str, str]  # scheme, host, port


class NotAListing(Exception):
    """A page turned out to be something else."""


class Found(NamedTuple):
    """What a page says of one entry. The name is not checked yet."""

    name: str
    kind: Kind
    size: int | None = None  # bytes, only when the page gives all of them
    modified: float | None = None  # Unix seconds


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder that a page lists: its server, and its names from the root down."""

    origin: _Origin
    names: list[str]

    @classmethod
    def at(cls, base_url: str, path: str) -> Folder:
        """`base_url`: "https://host:port"; `path`: percent-encoded."""
        origin, _ = _split(base_url.rstrip("/") + "/", "")
        segments = canonical(path).split("/")
        return cls(origin, [unquote_segment(segment) for segment in segments if segment])

    def entry(self, href: str) -> tuple[str, Kind] | None:
        """The name and kind that a link stands for; None: it is no link to an entry.

        Same scheme, host and port, under this folder, exactly one level deeper, without a query
        or a fragment. Decoded once. A link through ".." is none, wherever it leads.
        """
        path = self._path(href.strip(_BLANKS))
        kind = Kind.DIR if path.endswith("/") else Kind.FILE
        *above, last = path.removesuffix("/").split("/")
        if path.startswith("/"):
            above = above[1:]
            if len(above) != len(self.names) or [*map(unquote_segment, above)] != self.names:
                return None
        elif above:
            return None
        return (unquote_segment(last), kind) if last else None

    def _path(self, href: str) -> str:
        """The path of `href`, absolute or relative; "" when it is not one on this server."""
        if _REFUSED.search(href):
            return ""
        if href.startswith("//") or _SCHEME.match(href):
            origin, href = _split(href, self.origin[0])
            if origin != self.origin:
                return ""
        return href.removeprefix("./")


def _split(url: str, scheme: str) -> tuple[_Origin, str]:
    """The origin and the path of an absolute URL; no origin for what is not one."""
    match = _ABSOLUTE.fullmatch(url)
    if match is None:
        return ("", "", ""), ""
    scheme = (match[1] or scheme).lower()
    port = (match[3] or _DEFAULT_PORTS.get(scheme, "")).lstrip("0")
    return (scheme, match[2].lower(), port), match[4]
