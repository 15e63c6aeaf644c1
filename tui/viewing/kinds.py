"""What a file is, by how it begins: its name may say anything. Pure."""

from __future__ import annotations

from enum import StrEnum

from tui.viewing.encodings import guess


class Shape(StrEnum):
    """How a file is shown at first."""

    TEXT = "text"
    BYTES = "hex"
    ZIP = "zip"
    TAR = "tar"
    PICTURE = "picture"


_BEGINNINGS = (
    (b"PK\x03\x04", Shape.ZIP),
    (b"PK\x05\x06", Shape.ZIP),
    (b"\x89PNG\r\n\x1a\n", Shape.PICTURE),
    (b"GIF87a", Shape.PICTURE),
    (b"GIF89a", Shape.PICTURE),
    (b"\xff\xd8\xff", Shape.PICTURE),
    (b"BM", Shape.PICTURE),
)
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_PACKED_TARS = (".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz")
_USTAR = slice(257, 262)


def shape_of(name: str, head: bytes) -> Shape:
    """What a file is that begins with `head`. `name` only tells packed tar from other packed."""
    lower = name.lower()
    if head[_USTAR] == b"ustar":
        return Shape.TAR
    if head.startswith(_PACKED) and lower.endswith(_PACKED_TARS):
        stem = lower.rpartition(".")[0]
        return Shape.TAR if stem.endswith(".tar") or ".t" in lower[-5:] else Shape.BYTES
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Shape.PICTURE
    for beginning, shape in _BEGINNINGS:
        if head.startswith(beginning) and (beginning != b"BM" or b"\0" in head[:32]):
            return shape
    return Shape.BYTES if guess(head) is None else Shape.TEXT
