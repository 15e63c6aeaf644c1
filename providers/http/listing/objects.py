"""A JSON listing: an array with an object for each entry."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

from providers.http.listing.address import Found, NotAListing
from providers.text import from_bytes

Item = Mapping[str, object]

_LONGEST = 1 << 16  # bytes of one object
_OBJECT = re.compile(rb"""\{(?:[^{}"]|"(?:[^"\\]|\\.)*+")*+\}""", re.DOTALL)
_OPEN, _NEXT = re.compile(rb"\s*+\[\s*+"), re.compile(rb"\s*+,\s*+")
_CLOSE = re.compile(rb"\s*+\]\s*+")


def read(page: bytes, found: Callable[[Item], Found | None]) -> Iterator[Found]:
    """What each object of the array says, one after the other: the array is never held as objects.

    Raises NotAListing when it is no array of flat objects that `found` knows.
    """
    opened = _OPEN.match(page)
    if opened is None:
        raise NotAListing
    at = opened.end()
    more = _CLOSE.match(page, at) is None
    while more:
        item = _OBJECT.match(page, at, at + _LONGEST)
        if item is None:
            raise NotAListing
        yield _one(item[0], found)
        separator = _NEXT.match(page, item.end())
        more = separator is not None
        at = (separator or item).end()
    if not _CLOSE.fullmatch(page, at):
        raise NotAListing


def _one(raw: bytes, found: Callable[[Item], Found | None]) -> Found:
    try:
        one = found(json.loads(from_bytes(raw)))
    except (ValueError, RecursionError):
        raise NotAListing from None
    if one is None:
        raise NotAListing
    return one


def text_of(item: Item, key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def size_of(item: Item, key: str) -> int | None:
    """A size in bytes; None when it is missing or no size."""
    value = item.get(key)
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63
    return value if good and isinstance(value, int) else None
