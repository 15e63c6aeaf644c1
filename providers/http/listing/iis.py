"""Directory browsing of Microsoft IIS: date, time and exact size stand before each link.

Links are absolute. The date is written as the server's region does ("6/12/2014" is in June or in
December), so that no time is read from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from providers.base import Kind
from providers.http.listing import shapes
from providers.http.listing.address import Folder, Found

NAME = "IIS"

_TITLE = re.compile(rb"<title>[^<>]{1,300} - /[^<]*</title>", re.IGNORECASE)
_PARENT = b">[To Parent Directory]</A>"


def is_page(page: bytes) -> bool:
    return _PARENT in page or (b"<pre>" in page and _TITLE.search(page[:4096]) is not None)


def read(page: bytes, folder: Folder) -> Iterator[Found]:
    for link in shapes.links(page, folder):
        size = link.before.split()[-1:] if link.kind is Kind.FILE else []
        yield Found(link.name, link.kind, shapes.exact(size[0]) if size else None)
