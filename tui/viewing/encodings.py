"""Whether bytes are text, and in which encoding. Pure."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

ENCODINGS: Sequence[str] = (
    *("utf-8", "latin-1", "cp1252", "utf-16-le", "utf-16-be", "cp437", "koi8-r"),
    *("shift_jis", "gb18030"),
)
"""Python's names, in the order a person goes through them."""

_LOOKED_AT = 8192  # bytes
_MANY = 0.4  # of all code units: letters of the Latin alphabet, in UTF-16
_FEW = 0.1  # of all bytes: control characters that text may have
_BOMS = (
    (codecs.BOM_UTF32_LE, None),
    (codecs.BOM_UTF32_BE, None),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\r\f\b\x1b"))


def guess(head: bytes) -> str | None:
    """The encoding of a file that begins so; None when it is no text, or none that is known."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    sample = head[:_LOOKED_AT]
    if b"\0" in sample:
        return _utf_16(sample)
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > _FEW * len(sample):
        return None
    return "utf-8" if _is_utf_8(sample) else "latin-1"


def _is_utf_8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # its end may be cut
    except UnicodeDecodeError:
        return False
    return True


def _utf_16(sample: bytes) -> str | None:
    """Without a mark: every second byte of Latin text is zero, and hardly one of the others."""
    units = max(1, len(sample) // 2)
    even, odd = sample[::2].count(0) / units, sample[1::2].count(0) / units
    if odd > _MANY and even < _FEW / 10:
        return "utf-16-le"
    if even > _MANY and odd < _FEW / 10:
        return "utf-16-be"
    return None


def unit(encoding: str) -> int:
    """Bytes of the smallest character."""
    return 2 if encoding.startswith("utf-16") else 1


def decode(raw: bytes, encoding: str) -> str:
    """What cannot be decoded stands there as \\xff."""
    return raw.decode(encoding, "backslashreplace")


def whole_characters(raw: bytes, encoding: str) -> int:
    """How many of these bytes can be cut off without cutting a character, where that is known."""
    if encoding == "utf-8":
        for back in range(1, min(4, len(raw)) + 1):
            byte = raw[-back]
            if byte & 0xC0 != 0x80:
                needed = 1 + (byte >= 0xC0) + (byte >= 0xE0) + (byte >= 0xF0)
                return len(raw) if needed <= back else len(raw) - back
        return len(raw)
    if unit(encoding) == 2:
        even = len(raw) - len(raw) % 2
        high = raw[even - 1 if encoding.endswith("le") else even - 2] if even else 0
        return even - 2 if 0xD8 <= high <= 0xDB and even > 2 else even
    return len(raw)
