"""`rclone serve http` and `rclone serve webdav`: a table with exact sizes and times.

Older versions print no times. Links to download a folder as a zip have a query and are no entries.
"""

from __future__ import annotations

from collections.abc import Iterator

from providers.http.listing import shapes
from providers.http.listing.address import Folder, Found

NAME = "rclone"


def is_page(page: bytes) -> bool:
    return b'id="filter"' in page and b'<div class="listing">' in page


def read(page: bytes, folder: Folder) -> Iterator[Found]:
    return shapes.table(page, folder)
