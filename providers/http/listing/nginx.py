"""nginx's ngx_http_autoindex_module: HTML, and `autoindex_format json`.

Displayed names are cut at 50 characters; the link has the whole one. Sizes are exact unless
`autoindex_exact_size off` rounds them; times are UTC unless `autoindex_localtime on`.
"""

from __future__ import annotations

from collections.abc import Iterator

from providers.base import Kind
from providers.http.listing import shapes
from providers.http.listing.address import Folder, Found
from providers.http.listing.objects import Item, size_of, text_of
from providers.http.listing.times import seconds

NAME = "nginx"

_KINDS = {"directory": Kind.DIR, "file": Kind.FILE}


def is_page(page: bytes) -> bool:
    return b"<h1>Index of /" in page and b'<hr><pre><a href="../">' in page


def read(page: bytes, folder: Folder) -> Iterator[Found]:
    return shapes.lines(page, folder)


def found(item: Item) -> Found | None:
    """What one object of the JSON form says; its names are not percent-encoded."""
    if not {"name", "type", "mtime"} <= item.keys():
        return None
    kind = _KINDS.get(text_of(item, "type"), Kind.OTHER)
    return Found(
        text_of(item, "name"), kind, size_of(item, "size"), seconds(text_of(item, "mtime"))
    )
