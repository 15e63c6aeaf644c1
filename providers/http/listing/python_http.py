"""`python -m http.server`: a list of links, without sizes or times."""

from __future__ import annotations

from collections.abc import Iterator

from providers.http.listing import shapes
from providers.http.listing.address import Folder, Found

NAME = "Python's http.server"


def is_page(page: bytes) -> bool:
    return b"<title>Directory listing for /" in page


def read(page: bytes, folder: Folder) -> Iterator[Found]:
    return (Found(link.name, link.kind) for link in shapes.links(page, folder))
