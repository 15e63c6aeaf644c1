"""Caddy's file_server browse: HTML, and JSON when asked with `Accept: application/json`.

Both give exact sizes and times; links are relative ("./name", "./folder/").
"""

from __future__ import annotations

from collections.abc import Iterator

from providers.base import Kind
from providers.http.listing import shapes
from providers.http.listing.address import Folder, Found
from providers.http.listing.objects import Item, size_of, text_of
from providers.http.listing.times import seconds

NAME = "Caddy"


def is_page(page: bytes) -> bool:
    return b'id="filter"' in page and b"caddyserver.com" in page


def read(page: bytes, folder: Folder) -> Iterator[Found]:
    return shapes.table(page, folder)


def found(item: Item, folder: Folder) -> Found | None:
    """What one object of the JSON form says; a link elsewhere has no name and is refused later."""
    if not {"name", "url", "mod_time", "is_dir"} <= item.keys():
        return None
    name, kind = folder.entry(text_of(item, "url")) or ("", Kind.OTHER)
    modified = seconds(text_of(item, "mod_time"))
    if kind is Kind.DIR or item["is_dir"] is True:
        return Found(name, Kind.DIR, None, modified)
    return Found(name, kind, size_of(item, "size"), modified)
