"""Rows out of a damaged SQLite file, page by page, without SQLite (sqlite.org/fileformat2).

A b-tree needs its root; the rows themselves stand in leaf pages that say what they are. What is
found here is unproven: a row's own checksum decides.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from transfers.journal_rows import Values
from transfers.schema import PAGE_SIZE

_LEAF_OF_A_TABLE = 0x0D
_FIRST_PAGE_HEADER = 100  # bytes
_LOCAL = PAGE_SIZE - 35  # the longest row that is kept in its page whole
_LEAST_LOCAL = (PAGE_SIZE - 12) * 32 // 255 - 23
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # bytes by serial type
_BAD = (IndexError, ValueError, struct.error)


def rows(raw: bytes) -> Iterator[Values]:
    """Every row in a leaf page of any table; its first column is the rowid where SQLite puts it."""
    for start in range(0, len(raw), PAGE_SIZE):
        page = raw[start : start + PAGE_SIZE].ljust(PAGE_SIZE, b"\0")
        header = 0 if start else _FIRST_PAGE_HEADER
        if page[header] != _LEAF_OF_A_TABLE:
            continue
        (count,) = struct.unpack_from(">H", page, header + 3)
        count = min(count, PAGE_SIZE // 6)
        for (offset,) in struct.iter_unpack(">H", page[header + 8 : header + 8 + 2 * count]):
            try:
                yield _cell(raw, page, offset)
            except _BAD:
                continue


def _cell(raw: bytes, page: bytes, at: int) -> Values:
    size, at = _varint(page, at)
    rowid, at = _varint(page, at)
    if size > len(raw):
        raise ValueError
    if size <= _LOCAL:
        payload = page[at : at + size]
    else:
        local = _LEAST_LOCAL + (size - _LEAST_LOCAL) % (PAGE_SIZE - 4)
        local = local if local <= _LOCAL else _LEAST_LOCAL
        payload = _overflowing(raw, page, at, size, local)
    if len(payload) != size:
        raise ValueError
    values = _record(payload)
    return (_signed(rowid), *values[1:]) if values and values[0] is None else tuple(values)


def _overflowing(raw: bytes, page: bytes, at: int, size: int, local: int) -> bytes:
    payload = bytearray(page[at : at + local])
    (following,) = struct.unpack_from(">I", page, at + local)
    while len(payload) < size:
        start = (following - 1) * PAGE_SIZE
        more = raw[start + 4 : start + PAGE_SIZE][: size - len(payload)]
        if start < 0 or not more:
            raise ValueError
        (following,) = struct.unpack_from(">I", raw, start)
        payload += more
    return bytes(payload)


def _record(payload: bytes) -> list[object]:
    length, at = _varint(payload, 0)
    kinds = []
    while at < length:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values: list[object] = []
    for kind in kinds:
        value, at = _value(payload, at, kind)
        values.append(value)
    return values


def _value(payload: bytes, at: int, kind: int) -> tuple[object, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    size = _INTEGERS.get(kind) or (8 if kind == 7 else (kind - 12) // 2)
    raw = payload[at : at + size]
    if size < 0 or len(raw) != size:
        raise ValueError
    if kind == 7:
        return struct.unpack(">d", raw)[0], at + size
    if kind < 12:
        return int.from_bytes(raw, "big", signed=True), at + size
    return raw if kind % 2 == 0 else raw.decode("utf-8", "replace"), at + size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Up to eight bytes of seven bits, high bit set while more follow; a ninth has eight."""
    value = 0
    for i in range(8):
        byte = raw[at + i]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + i + 1
    return value << 8 | raw[at + 8], at + 9


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
