"""What a web server lists of a folder, read from the page it shows. Pure.

One file for each kind of server, chosen by what the page is. All of them yield what they saw
(`address.Found`); only here does it become an entry, and only when its name can be nothing but the
name of something in this folder (faults.md C17, E1). What is not so is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from providers.base import Entry, Kind
from providers.errors import InvalidName, Unsupported
from providers.http.listing import (
    apache,
    caddy,
    iis,
    lighttpd,
    nginx,
    objects,
    python_http,
    rclone,
    s3,
    shapes,
)
from providers.http.listing.address import Folder, Found, NotAListing
from providers.http.paths import canonical, join


class _Server(Protocol):
    @property
    def NAME(self) -> str:  # noqa: N802
        """What it is called."""

    def is_page(self, page: bytes) -> bool:
        """Whether this kind of server wrote `page`."""

    def read(self, page: bytes, folder: Folder) -> Iterator[Found]: ...


MOST_ENTRIES = 1_000_000
_SERVERS: tuple[_Server, ...] = (nginx, lighttpd, caddy, rclone, python_http, iis, apache)
_BASE = re.compile(rb"<[bB][aA][sS][eE][\s/]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parse_listing(
    body: bytes, content_type: str, base_path: str, base_url: str
) -> list[Entry] | None:
    """The entries of the folder `base_path` (percent-encoded) on `base_url` ("https://host:port").

    None: this page is no listing. Sizes are those that the page gives to the byte, versions are
    never known; `listing.times` says how far a time can be trusted. Raises Unsupported for a
    listing that is not all of the folder, or too long to hold.
    """
    folder = Folder.at(base_url, base_path)
    page = _trimmed(body)
    try:
        return _entries(_found(page, content_type.lower(), folder), canonical(base_path))
    except NotAListing:
        return None


def family(body: bytes) -> str:
    """The kind of server that writes HTML like this: "nginx"; "" for one that is not known."""
    server = _server(_trimmed(body))
    return server.NAME if server else ""


def _trimmed(body: bytes) -> bytes:
    return body.removeprefix(_BYTE_ORDER_MARK).strip()


def _server(page: bytes) -> _Server | None:
    return next((server for server in _SERVERS if server.is_page(page)), None)


def _found(page: bytes, content_type: str, folder: Folder) -> Iterator[Found]:
    if page == b"null":  # how Caddy writes an empty folder
        return iter(())
    if page.startswith(b"["):
        return objects.read(page, lambda item: nginx.found(item) or caddy.found(item, folder))
    if page.startswith(b"<?xml") and b"ListBucketResult" in page[:1024]:
        return s3.read(page, folder)
    is_html = "html" in content_type or (not content_type and page.startswith(b"<"))
    if is_html and not _BASE.search(page):
        return _html(page, folder)
    raise NotAListing


def _html(page: bytes, folder: Folder) -> Iterator[Found]:
    server = _server(page)
    if server is not None:
        return server.read(page, folder)
    links = shapes.links(page, folder)
    first = next(links, None)
    if first is None:
        raise NotAListing
    return (Found(link.name, link.kind) for link in chain([first], links))


def _entries(found: Iterator[Found], path: str) -> list[Entry]:
    """Each name once. Of two mentions the one that says more counts (icons are links as well)."""
    entries: dict[str, Entry] = {}
    for one in found:
        known = entries.get(one.name)
        if known is not None and (known.size is not None or known.modified is not None):
            continue
        try:
            address = join(path, one.name)
        except InvalidName:
            continue
        size = one.size if one.kind is Kind.FILE else None
        entries[one.name] = Entry(address, one.name, one.kind, size, one.modified)
        if len(entries) > MOST_ENTRIES:
            raise Unsupported(
                path,
                f"the folder lists more than {MOST_ENTRIES:,} entries",
                advice="Open a folder in it, or give the address of a file.",
            )
    return [*entries.values()]
