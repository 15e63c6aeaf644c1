"""lighttpd's mod_dirlisting: a table; sizes are rounded ("0.1K"), times in the server's zone."""

from __future__ import annotations

from collections.abc import Iterator

from providers.http.listing import shapes
from providers.http.listing.address import Folder, Found

NAME = "lighttpd"


def is_page(page: bytes) -> bool:
    return b'<table summary="Directory Listing"' in page


def read(page: bytes, folder: Folder) -> Iterator[Found]:
    return shapes.table(page, folder)
