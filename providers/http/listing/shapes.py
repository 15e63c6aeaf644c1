"""The two shapes of an HTML listing: lines of text with a link each, and rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from providers.base import Kind
from providers.http.listing.address import Folder, Found
from providers.http.listing.times import seconds
from providers.http.listing.tokens import attribute, text, tokens
from providers.records import dataclass, field

_TEXT = 256  # bytes of text that are looked at
_COLUMNS = 16
_DIGITS = 19
_DATE_AND_SIZE = re.compile(
    r"\s*+(?:(\d\d-\w{3}-\d{4} \d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d)\s++)?([\d.]++[KMGTP]?|-)(?!\S)"
)


@dataclass(slots=True)
class Link:
    """A link to an entry, and the text next to it."""

    name: str
    kind: Kind
    before: str
    after: str = ""


def links(page: bytes, folder: Folder) -> Iterator[Link]:
    """Each link to an entry, with the text before and after it."""
    link: Link | None = None
    before = b""
    inside = False
    for token in tokens(page):
        if token.tag == "":
            if link is not None and not inside:
                link.after = text(token.raw[:_TEXT])
                yield link
                link = None
            before = token.raw[-_TEXT:]
        elif token.tag == "a":
            if link is not None:
                yield link
            link = _link(token.raw, folder, before)
            inside = True
        elif token.tag == "/a":
            inside = False
    if link is not None:
        yield link


def _link(raw: bytes, folder: Folder, before: bytes) -> Link | None:
    href = attribute(raw, b"href")
    entry = folder.entry(href) if href else None
    return Link(*entry, text(before)) if entry else None


def lines(page: bytes, folder: Folder) -> Iterator[Found]:
    """Links followed by a date and a size, as nginx and Apache write them."""
    sized = b"Size" in page or b"?C=" not in page
    for link in links(page, folder):
        match = _DATE_AND_SIZE.match(link.after)
        if match is None:
            yield Found(link.name, link.kind)
        else:
            size = exact(match[2]) if sized else None
            yield Found(link.name, link.kind, size, seconds(match[1] or ""))


@dataclass(slots=True)
class _Cell:
    heading: bool
    text: str = ""
    size: str = ""  # as an attribute gives it
    time: str = ""


@dataclass(slots=True)
class _Row:
    cells: list[_Cell] = field(default_factory=list)
    entry: tuple[str, Kind] | None = None


def table(page: bytes, folder: Folder) -> Iterator[Found]:
    """The rows of a table with a link each; size and time by what their columns are called."""
    columns: dict[str, int] = {}
    for row in _rows(page, folder):
        if row.cells and all(cell.heading for cell in row.cells):
            columns = _columns(row) or columns
        elif row.entry:
            size, time = _cell(row, columns, "size"), _cell(row, columns, "modified")
            given = seconds(time.time or time.text)
            yield Found(*row.entry, exact(size.size or size.text), given)


def _rows(page: bytes, folder: Folder) -> Iterator[_Row]:
    row = _Row()
    for token in tokens(page):
        tag, cell = token.tag, row.cells[-1] if row.cells else None
        if tag in ("tr", "/tr", "/table"):
            yield row
            row = _Row()
        elif tag in ("td", "th") and len(row.cells) < _COLUMNS:
            size = attribute(token.raw, b"data-size") or attribute(token.raw, b"data-order")
            row.cells.append(_Cell(tag == "th", size=size or ""))
        elif tag == "a" and row.entry is None:
            href = attribute(token.raw, b"href")
            row.entry = folder.entry(href) if href else None
        elif tag == "time" and cell:
            cell.time = attribute(token.raw, b"datetime") or ""
        elif tag == "" and cell and len(cell.text) < _TEXT:
            cell.text += text(token.raw[:_TEXT])
    yield row


def _columns(row: _Row) -> dict[str, int]:
    """Where the columns are, from the row of headings; empty when that is another row."""
    named = {cell.text.strip().lower(): at for at, cell in enumerate(row.cells)}
    wanted = {"size": ("size",), "modified": ("last modified", "modified")}
    return {
        column: named[title]
        for column, titles in wanted.items()
        for title in titles
        if title in named
    }


def _cell(row: _Row, columns: dict[str, int], column: str) -> _Cell:
    at = columns.get(column, _COLUMNS)
    return row.cells[at] if at < len(row.cells) else _Cell(heading=False)


def exact(size: str) -> int | None:
    """A size that is given to the byte; None for "1.2K", which is not."""
    size = size.strip()
    digits = size.isascii() and size.isdigit() and len(size) < _DIGITS
    return int(size) if digits else None
