"""The list of a zip, read from its end: the central directory (APPNOTE.TXT 4.3.12 to 4.3.16).

Not `zipfile`: that takes in a directory of any size as a whole, and a file may claim any.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

from tui.viewing.listing import MOST, Fetch, Listing, Member, NotReadable

LONGEST = 4 << 20
"""Bytes of a central directory that are read."""

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END_MARK, _END64_MARK, _LOCATOR_MARK = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENTRY_MARK = b"PK\x01\x02"
_TAIL = _END.size + _LOCATOR.size + (1 << 16)  # a comment of any length
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _UTF8 = 0x1, 0x800


def list_zip(fetch: Fetch, size: int) -> Listing:
    """What stands in the central directory of a zip of `size` bytes; what it holds is not read.

    Raises NotReadable, and what `fetch` raises.
    """
    at, length, count = _directory(fetch, size)
    if at + length > size:
        raise NotReadable("its list lies beyond its end: it is cut off, or damaged")
    raw = fetch(at, min(length, LONGEST))
    members = list(_members(raw))
    if len(members) >= count:
        return Listing(members)
    if len(raw) < length or len(members) == MOST:
        return Listing(members, f"Only the first {len(members):,} of {count:,} are listed.")
    return Listing(members, f"Damaged: {count:,} entries are promised, {len(members):,} are there.")


def _directory(fetch: Fetch, size: int) -> tuple[int, int, int]:
    """Where the central directory begins, its length, and how many entries it has."""
    start = max(0, size - _TAIL)
    tail = fetch(start, size - start)
    found = tail.rfind(_END_MARK)
    if found < 0 or found + _END.size > len(tail):
        raise NotReadable("a zip without its list at the end: it is cut off, or damaged")
    _, _, _, _, count, length, at, _ = _END.unpack_from(tail, found)
    end = start + found
    if _FULL16 in (count,) or _FULL32 in (length, at):
        at, length, count, end = _large(fetch, tail[:found], end, (at, length, count))
    # What was put before the archive (a program that unpacks it) moves all of it.
    moved = end - length
    return (moved if moved >= 0 else at), length, count


def _large(
    fetch: Fetch, before: bytes, end: int, plain: tuple[int, int, int]
) -> tuple[int, int, int, int]:
    """The same of a zip64; the last number is where its own end record begins."""
    locator = before[-_LOCATOR.size :]
    if len(locator) < _LOCATOR.size or not locator.startswith(_LOCATOR_MARK):
        return *plain, end
    _, _, where, _ = _LOCATOR.unpack(locator)
    record = fetch(where, _END64.size) if where + _END64.size <= end else b""
    if len(record) < _END64.size or not record.startswith(_END64_MARK):
        raise NotReadable("a zip whose list cannot be found: it is damaged")
    fields = _END64.unpack(record)
    return fields[9], fields[8], fields[7], where


def _members(raw: bytes) -> Iterator[Member]:
    at = made = 0
    while at + _ENTRY.size <= len(raw) and made < MOST:
        fields = _ENTRY.unpack_from(raw, at)
        if fields[0] != _ENTRY_MARK:
            return
        flags, clock, date, size = fields[3], fields[5], fields[6], fields[9]
        lengths = fields[10:13]  # of the name, what is extra, the comment
        name = raw[at + _ENTRY.size :][: lengths[0]]
        extra = raw[at + _ENTRY.size + lengths[0] :][: lengths[1]]
        at += _ENTRY.size + sum(lengths)
        if at > len(raw):
            return
        made += 1
        yield Member(
            _name(name, flags),
            _size(size, extra),
            _moment(date, clock),
            "folder" if name.endswith(b"/") else "file",
            "encrypted" if flags & _ENCRYPTED else "",
        )


def _name(raw: bytes, flags: int) -> str:
    if flags & _UTF8 or raw.isascii():
        return raw.decode("utf-8", "surrogateescape")
    return raw.decode("cp437")


def _size(size: int, extra: bytes) -> int:
    """The unpacked size; a zip64 has it in an extra field (4.5.3), the first number there."""
    at = 0
    while size == _FULL32 and at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        if tag == 1 and length >= 8 and at + 12 <= len(extra):
            return int(struct.unpack_from("<Q", extra, at + 4)[0])
        at += 4 + length
    return size


def _moment(date: int, clock: int) -> float | None:
    """MS-DOS has local time, from 1980 on."""
    day = (1980 + (date >> 9), date >> 5 & 15, date & 31)
    hour = (clock >> 11, clock >> 5 & 63, (clock & 31) * 2)
    if not (1 <= day[1] <= 12 and day[2]):
        return None
    try:
        return time.mktime((*day, *hour, 0, 0, -1))
    except (OverflowError, ValueError):
        return None
