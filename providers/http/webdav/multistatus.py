"""What a WebDAV server says of its files: the question (PROPFIND) and its answer (207). Pure.

RFC 4918, 9.1 and 13. An answer is hostile until it is read: no document type, bounded, and an href
stands for an entry only on this server and exactly one level below the folder that was asked for
(faults.md C17, E1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, urlsplit

from providers.base import Buffer, Entry, Kind, no_digests
from providers.errors import InvalidName
from providers.http import paths
from providers.names import check_name
from providers.records import dataclass, field
from providers.web.headers import digests_of, http_date
from providers.web.xml import records

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

PROPFIND = (
    b'<?xml version="1.0" encoding="utf-8"?>\n'
    b'<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop>'
    b"<d:resourcetype/><d:getcontentlength/><d:getlastmodified/><d:getetag/><oc:checksums/>"
    b"</d:prop></d:propfind>"
)
"""Only what an entry needs: all properties may cost a server a look into each file."""

PROPFIND_QUOTA = (
    b'<?xml version="1.0" encoding="utf-8"?>\n'
    b'<d:propfind xmlns:d="DAV:"><d:prop>'
    b"<d:resourcetype/><d:quota-available-bytes/><d:quota-used-bytes/>"
    b"</d:prop></d:propfind>"
)
"""RFC 4331; asked on its own, since a server may have to count for it."""

_DAV = "{DAV:}"
_OWNCLOUD = "{http://owncloud.org/ns}"
_ROOTS = frozenset({f"{_DAV}multistatus"})
_RECORDS = frozenset({f"{_DAV}response"})
_STATUS = re.compile(r"HTTP/\d\.\d (\d{3})(?: .*)?", re.DOTALL)
_DIGITS = re.compile(r"\d{1,19}")
_ETAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]{1,1024}")')
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\?#]")
_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_PORTS = {"http": 80, "https": 443}
_LONGEST = 64 << 10  # characters of an href: no server takes a longer address


@dataclass(frozen=True, slots=True)
class Described:
    """One resource, as the server describes it. `href` is unchecked."""

    href: str
    kind: Kind
    size: int | None = None
    modified: float | None = None
    etag: str = ""  # as the server writes it
    digests: Mapping[str, str] = field(default_factory=no_digests)
    free: int | None = None  # bytes that may still be written

    @property
    def version(self) -> str | None:
        if self.kind is not Kind.FILE:
            return None
        return version_of(self.etag, self.modified, self.size)

    def entry(self, path: str) -> Entry:
        """It as the entry at `path`."""
        return Entry(
            path=path,
            name=paths.name(path),
            kind=self.kind,
            size=self.size,
            modified=self.modified,
            version=self.version,
            digests=self.digests,
        )


def described(chunks: Iterable[Buffer]) -> Iterator[Described]:
    """Each resource of an answer, as it comes. Raises xml.BadXml: what came before is not all.

    One that has another status than success is left out: it is gone, or not ours to see.
    """
    for response in records(chunks, _ROOTS, _RECORDS):
        found = _described(response)
        if found is not None:
            yield found


def _described(response: Element) -> Described | None:
    href = (response.findtext(f"{_DAV}href") or "").strip()
    if not _succeeded(response.findtext(f"{_DAV}status")):
        return None
    props = [
        prop
        for propstat in response.iterfind(f"{_DAV}propstat")
        if _succeeded(propstat.findtext(f"{_DAV}status"))
        for prop in propstat.iterfind(f"{_DAV}prop")
    ]
    kind = _kind(props, href)
    size = _number(_text(props, "getcontentlength")) if kind is Kind.FILE else None
    return Described(
        href=href,
        kind=kind,
        size=size,
        modified=http_date(_text(props, "getlastmodified")),
        etag=_tag(props),
        digests=_digests(props) if kind is Kind.FILE else no_digests(),
        free=_number(_text(props, "quota-available-bytes")),
    )


def _succeeded(status: str | None) -> bool:
    """Whether a status line tells of success; none at all does."""
    if status is None:
        return True
    match = _STATUS.fullmatch(status.strip())
    return match is not None and match[1].startswith("2")


def _kind(props: list[Element], href: str) -> Kind:
    told = [kind for prop in props for kind in prop.iterfind(f"{_DAV}resourcetype")]
    if not told:
        return Kind.DIR if href.endswith("/") else Kind.FILE
    folder = any(kind.find(f"{_DAV}collection") is not None for kind in told)
    return Kind.DIR if folder else Kind.FILE


def _text(props: list[Element], name: str) -> str:
    for prop in props:
        text = prop.findtext(f"{_DAV}{name}")
        if text is not None:
            return text.strip()
    return ""


def _tag(props: list[Element]) -> str:
    """The entity tag; "" for what is none: it is sent back as a condition."""
    text = _text(props, "getetag")
    return text if _ETAG.fullmatch(text) else ""


def _number(text: str) -> int | None:
    """A count of bytes; None for what is none: ownCloud writes "-3" for "no limit"."""
    return int(text) if _DIGITS.fullmatch(text) else None


def _digests(props: list[Element]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for prop in props:
        for checksum in prop.iterfind(f"{_OWNCLOUD}checksums/{_OWNCLOUD}checksum"):
            found |= digests_of({"OC-Checksum": (checksum.text or "").strip()})
    return found or no_digests()


def version_of(etag: str | None, modified: float | None, size: int | None) -> str | None:
    """A file's version: its entity tag, weak or strong, or "lm:<epoch>:<size>"; None for neither.

    Apache's tag is weak in a file's first second and the same but strong from then on. None of
    these is exact: `Capabilities.exact_versions` says so, and that a weak one may miss a change.
    """
    match = _ETAG.fullmatch((etag or "").strip())
    if match is not None:
        return match[1]
    if modified is None or size is None:
        return None
    return f"lm:{modified:.0f}:{size}"


def names_of(href: str, origin: str) -> list[str] | None:
    """The names from the root down that `href` stands for, decoded once; None: not on this server.

    `origin`: "https://host:port", whose scheme, host and port an absolute href must have.
    """
    if len(href) > _LONGEST or _REFUSED.search(href):
        return None
    if href.startswith("//") or _ABSOLUTE.match(href):
        try:
            there, here = urlsplit(href, urlsplit(origin).scheme), urlsplit(origin)
            same = _authority(there) == _authority(here)
        except ValueError:
            return None
        href = there.path or "/"
        if not same:
            return None
    if not href.startswith("/"):
        return None
    path = href.removeprefix("/").removesuffix("/")
    return [paths.unquote_segment(segment) for segment in path.split("/")] if path else []


def _authority(url: SplitResult) -> tuple[str, str, int | None]:
    return url.scheme, url.hostname or "", url.port or _PORTS.get(url.scheme)


@dataclass(frozen=True, slots=True)
class Folder:
    """The resource that was asked about: at `path` on `origin`."""

    path: str
    origin: str

    def place(self, href: str) -> tuple[Literal["itself", "below", "elsewhere"], str]:
        """Whether `href` is this resource, an entry of it (and its path), or neither."""
        names, own = names_of(href, self.origin), names_of(self.path, self.origin)
        if names is None or own is None:
            return "elsewhere", ""
        if names == own:
            return "itself", self.path
        if names[:-1] != own:
            return "elsewhere", ""
        try:
            check_name(self.path, names[-1])
        except InvalidName:
            return "elsewhere", ""
        return "below", paths.child(self.path, names[-1])
