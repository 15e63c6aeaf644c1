"""Text that came from elsewhere: how it is shown, and how it goes back byte for byte."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""`text` with everything that could steer a terminal written out, one line, nothing lost.

    Control characters, DEL, C1, bidi and zero-width marks, line separators and undecodable bytes
    become \x1b, \u202e, \xff and so on; a backslash stays as it is. `str.isprintable` is the gate
    (faults.md 3).
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a surrogate escape: the raw byte
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def to_bytes(text: str) -> bytes:
    """The bytes of a path or name: the inverse of `from_bytes`, for journals and the wire."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(raw: bytes) -> str:
    """A path or name as text; bytes that are not UTF-8 survive as surrogate escapes (PEP 383)."""
    return raw.decode("utf-8", "surrogateescape")
