"""The bytes of a file that is looked at: only those asked for, of one and the same version.

Blocking: for threads. Raises ProviderError.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from providers.base import Entry, Kind, Provider, Reader
from providers.errors import RangeIgnored, Unsupported, WrongKind
from providers.records import dataclass
from tui.viewing.kinds import Shape, shape_of

FIRST = 1 << 20
"""Bytes that are read of a file without being asked for."""
_TELLING = 8192  # bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of the file `entry`, from `offset` on."""

    entry: Entry
    offset: int
    data: bytes


def look(provider: Provider, path: str) -> Entry:
    """The file at `path`, through a link. Raises WrongKind for what is not one, NotFound."""
    entry = provider.stat(path, follow=True)
    if entry.kind is not Kind.FILE:
        raise WrongKind(path, "is not a regular file", advice="Only files can be looked into.")
    return entry


def pieces(
    provider: Provider, entry: Entry, offset: int, length: int
) -> Generator[Piece, None, None]:
    """At most `length` bytes from `offset` on, as they arrive; fewer at the end of the file.

    Raises SourceChanged when the file is no longer what `entry` says.
    """
    size = entry.size or None  # what is said to be empty is read all the same
    left = length if size is None else min(length, size - offset)
    if left <= 0:
        return
    if offset and not provider.caps.ranged_reads:
        raise _only_as_a_whole(entry.path)
    asked = None if size is None or not provider.caps.ranged_reads else left
    try:
        yield from _read(provider, entry, offset, left, asked)
    except RangeIgnored as error:
        if offset:
            raise _only_as_a_whole(entry.path) from error
        yield from _read(provider, entry, 0, left, None)


def beginning(provider: Provider, path: str) -> Iterator[Piece]:
    """The file, told by a piece without bytes, and its first bytes: as many as tell what it is
    before all others. Of a zip no more than those: its list is at its end."""
    entry = look(provider, path)
    yield Piece(entry, 0, b"")
    head = b""
    for piece in pieces(provider, entry, 0, FIRST):
        if len(head) >= _TELLING:
            yield piece
            continue
        head += piece.data
        if len(head) >= _TELLING:
            yield Piece(entry, 0, head)
            if shape_of(entry.name, head) is Shape.ZIP:
                return
    if 0 < len(head) < _TELLING:
        yield Piece(entry, 0, head)


def fetch(provider: Provider, entry: Entry, offset: int, length: int) -> bytes:
    """`pieces` as one."""
    return b"".join(piece.data for piece in pieces(provider, entry, offset, length))


def _read(
    provider: Provider, entry: Entry, offset: int, left: int, asked: int | None
) -> Iterator[Piece]:
    """`left` bytes of what `asked` for; the rest is not waited for."""
    with provider.read(entry.path, offset=offset, length=asked, version=entry.version) as reader:
        for data in _taken(reader, left):
            yield Piece(entry, offset, data)
            offset += len(data)


def _taken(reader: Reader, left: int) -> Iterator[bytes]:
    for chunk in reader.chunks():
        data = bytes(chunk[:left])
        left -= len(data)
        if data:
            yield data
        if left <= 0:
            return


def _only_as_a_whole(path: str) -> Unsupported:
    what = "its place sends this file only as a whole, from the beginning"
    return Unsupported(path, what, advice="Copy it to this computer to see more of it.")
