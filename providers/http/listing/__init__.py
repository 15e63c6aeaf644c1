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
from providers.errors import InvalidName
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
from providers.http.once import Once
from providers.http.paths import canonical, join


class _Server(Protocol):
    @property
    def NAME(self) -> str:  # noqa: N802
        """What it is called."""

    def is_page(self, page: bytes) -> bool:
        """Whether this kind of server wrote `page`."""

    def read(self, page: bytes, folder: Folder) -> Iterator[Found]: ...


_SERVERS: tuple[_Server, ...] = (nginx, lighttpd, caddy, rclone, python_http, iis, apache)
_BASE = re.compile(rb"<[bB][aA][sS][eE][\s/]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def may_list(content_type: str) -> bool:
    """Whether a body of that type is worth reading for a listing."""
    kind = content_type.lower()
    return not kind or any(markup in kind for markup in ("html", "json", "xml"))


def ends_by_itself(body: bytes) -> bool:
    """Whether a page tells its own end, so that one cut short cannot pass for all of it."""
    tail = body[-64:].rstrip()
    array = body[:64].lstrip().startswith(b"[") and tail.endswith(b"]")
    return array or b"</html>" in tail.lower() or tail.endswith(b"</ListBucketResult>")


def parse_listing(
    body: bytes, content_type: str, base_path: str, base_url: str
) -> list[Entry] | None:
    """What `read_listing` reads, all of it; None: this page is no listing."""
    try:
        return [*read_listing(body, content_type, base_path, base_url)]
    except NotAListing:
        return None


def read_listing(body: bytes, content_type: str, base_path: str, base_url: str) -> Iterator[Entry]:
    """The entries of the folder `base_path` (percent-encoded) on `base_url` ("https://host:port"),
    one after the other: none is kept here.

    Sizes are those that the page gives to the byte, versions are never known; `listing.times` says
    how far a time can be trusted. Raises NotAListing when the page turns out to be none, sooner or
    later, and Unsupported for a listing that is not all of the folder, or too long to hold.
    """
    folder = Folder.at(base_url, base_path)
    found = _found(_trimmed(body), content_type.lower(), folder)
    return entries_of(found, canonical(base_path), Once(canonical(base_path)))


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
    if s3.is_page(page):
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


def entries_of(found: Iterator[Found], path: str, names: Once) -> Iterator[Entry]:
    """The entries that a page of the folder `path` tells of, each name once."""
    for one in _merged(found):
        try:
            address = join(path, one.name)
        except InvalidName:
            continue
        if names.takes(one.name):
            size = one.size if one.kind is Kind.FILE else None
            yield Entry(address, one.name, one.kind, size, one.modified)


def _merged(found: Iterator[Found]) -> Iterator[Found]:
    """Of mentions that follow each other the one that says more (icons are links as well)."""
    held: Found | None = None
    for one in found:
        if held is not None and one.name == held.name:
            held = one if held.size is None and held.modified is None else held
            continue
        if held is not None:
            yield held
        held = one
    if held is not None:
        yield held
