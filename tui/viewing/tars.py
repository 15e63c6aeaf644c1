"""The list of a tar as far as its beginning tells: it has none, its members follow each other.

Not `tarfile`: that unpacks and reads as much as a file claims (POSIX pax, GNU tar's manual).
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Protocol

from tui.viewing.listing import MOST, Listing, Member, NotReadable

UNPACKED = 16 << 20
"""Bytes that are unpacked of a packed tar, whatever it says (a few may become endless ones)."""

_BLOCK = 512
_MEMORY = 128 << 20  # for xz
_LONGEST_NAME = 64 << 10  # bytes of a long name, and of extended headers
_KINDS = {
    b"0": "file", b"\0": "file", b"7": "file", b"S": "file", b"1": "hard link", b"2": "link",
    b"3": "device", b"4": "device", b"5": "folder", b"6": "pipe",
}  # fmt: skip
_LONG_NAME, _LONG_TARGET, _EXTENDED, _FOR_ALL = b"L", b"K", b"x", b"g"


class _Unpacker(Protocol):
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def list_tar(head: bytes, *, whole: bool) -> Listing:
    """The members that begin within `head`, the first bytes of the file; `whole`: all of it.

    Raises NotReadable.
    """
    raw = _unpacked(head)
    members, ended = [], False
    for member in _members(raw):
        if member is None:
            ended = True
        else:
            members.append(member)
    if not members and not ended:
        raise NotReadable("not a tar, or a damaged one")
    if len(members) >= MOST:
        return Listing(members, f"Only the first {len(members):,} entries are listed.")
    if not ended and not (whole and raw is head):
        return Listing(members, "A tar has no list: these are those in what was read of it.")
    return Listing(members)


def _unpacked(head: bytes) -> bytes:
    unpacker: _Unpacker
    if head.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(wbits=31)
    elif head.startswith(b"BZh"):
        unpacker = bz2.BZ2Decompressor()
    elif head.startswith(b"\xfd7zXZ\x00"):
        unpacker = lzma.LZMADecompressor(memlimit=_MEMORY)
    else:
        return head
    try:
        return unpacker.decompress(head, UNPACKED)
    except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise NotReadable("it cannot be unpacked: it is damaged") from error


def _members(raw: bytes) -> Iterator[Member | None]:
    """None: the end that a tar marks."""
    at, made = 0, 0
    told: dict[str, str] = {}
    while at + _BLOCK <= len(raw) and made < MOST:
        block = raw[at : at + _BLOCK]
        if not block.strip(b"\0"):
            yield None
            return
        size = _header_size(block)
        if size is None:
            return
        kind, body = block[156:157], raw[at + _BLOCK :][: min(size, _LONGEST_NAME)]
        if kind in (_LONG_NAME, _LONG_TARGET):
            told["path" if kind == _LONG_NAME else "linkpath"] = _text(body)
        elif kind == _EXTENDED:
            told |= _records(body)
        elif kind != _FOR_ALL:
            size = _number(told.get("size"), size)
            yield _member(block, kind, size, told)
            told, made = {}, made + 1
            size = size if _KINDS.get(kind, "file") == "file" else 0
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK


def _header_size(block: bytes) -> int | None:
    """The size in a header whose checksum is right; None: it is none."""
    size, checksum = _octal(block[124:136]), _octal(block[148:156])
    summed = sum(block[:148]) + 8 * ord(" ") + sum(block[156:])
    return size if size is not None and checksum == summed else None


def _octal(field: bytes) -> int | None:
    if field[0] & 0x80:  # GNU: a large number in binary
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b" \0")
    if not digits:
        return 0
    return int(digits, 8) if all(digit in b"01234567" for digit in digits) else None


def _member(block: bytes, kind: bytes, size: int, told: dict[str, str]) -> Member:
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    name = told.get("path", name)
    target = told.get("linkpath", _text(block[157:257]))
    word = _KINDS.get(kind, "file")
    word = "folder" if word == "file" and name.endswith("/") else word
    note = f"-> {target}" if word in ("link", "hard link") else ""
    seconds = _octal(block[136:148])
    modified = None if seconds is None else float(seconds)
    return Member(name, size if word == "file" else 0, modified, word, note)


def _records(body: bytes) -> dict[str, str]:
    """Extended headers: "LENGTH KEY=VALUE\\n", as many as there are."""
    found: dict[str, str] = {}
    at = 0
    while at < len(body):
        length, _, _ = body[at : at + 20].partition(b" ")
        if not length.isdigit() or not len(length) < int(length) <= len(body) - at:
            break
        record = body[at + len(length) + 1 : at + int(length) - 1]
        key, _, value = record.partition(b"=")
        found[_text(key)] = value.decode("utf-8", "surrogateescape")
        at += int(length)
    return found


def _number(text: str | None, otherwise: int) -> int:
    fine = text is not None and text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if fine and text is not None else otherwise


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
