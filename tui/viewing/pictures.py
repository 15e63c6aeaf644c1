"""What a picture says of itself, and how its colours become rows of half blocks. Pure."""

from __future__ import annotations

import struct

from providers.records import dataclass
from tui.viewing.rows import Row, Run

MOST_PIXELS = 50_000_000
"""A picture that claims more is not drawn: a few bytes may claim gigabytes of them."""
MOST_BYTES = 32 << 20
"""A larger file is not drawn."""

_MILLIONS = MOST_PIXELS // 1_000_000
_HALF = "▀"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG: where the size stands
_ALONE = frozenset({0x01, *range(0xD0, 0xDA)})  # JPEG: markers without a length
_CHANNELS = {0: "grey", 2: "colour", 3: "palette", 4: "grey with alpha", 6: "colour with alpha"}


@dataclass(frozen=True, slots=True)
class Facts:
    """`width` and `height` in pixels, 0 when they are not told."""

    format: str
    width: int = 0
    height: int = 0
    detail: str = ""

    def __str__(self) -> str:
        size = f"{self.width:,} × {self.height:,} pixels" if self.width else "size not told"
        return ", ".join(part for part in (self.format, size, self.detail) if part)


def facts_of(head: bytes) -> Facts:
    """What the beginning of a picture tells of it."""
    try:
        if head.startswith(b"\x89PNG"):
            width, height, depth, colours = struct.unpack_from(">2L2B", head, 16)
            detail = f"{depth} bits, {_CHANNELS.get(colours, 'unknown colours')}"
            return Facts("PNG", width, height, detail)
        if head.startswith(b"GIF8"):
            return Facts("GIF", *struct.unpack_from("<2H", head, 6))
        if head.startswith(b"BM"):
            width, height, _, depth = struct.unpack_from("<2l2H", head, 18)
            return Facts("BMP", abs(width), abs(height), f"{depth} bits")
        if head.startswith(b"RIFF"):
            return _webp(head)
        return _jpeg(head)
    except struct.error:
        return Facts("a picture that is cut off")


def _webp(head: bytes) -> Facts:
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        return Facts("WebP", width, height)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<L", head, 21)
        return Facts("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, "lossless")
    width, height = struct.unpack_from("<2H", head, 26)
    return Facts("WebP", width & 0x3FFF, height & 0x3FFF)


def _jpeg(head: bytes) -> Facts:
    at = 2
    while at + 4 <= len(head):
        marker = head[at + 1]
        if head[at] != 0xFF:
            break
        if marker in _FRAMES:
            depth, height, width, count = struct.unpack_from(">B2HB", head, at + 4)
            return Facts("JPEG", width, height, f"{depth * count} bits")
        if marker in _ALONE:
            at += 2
        else:
            at += 2 + max(2, struct.unpack_from(">H", head, at + 2)[0])
    return Facts("JPEG")


def why_not_drawn(facts: Facts, size: int | None) -> str:
    """A sentence; "" when it can be tried. `size`: bytes of its file."""
    if not facts.width or not facts.height:
        return "It does not say how large it is, so it is not drawn. h shows its bytes."
    if facts.width * facts.height > MOST_PIXELS:
        return f"More than {_MILLIONS} million pixels are not drawn. h shows its bytes."
    if size is None or size > MOST_BYTES:
        return f"Files of more than {MOST_BYTES >> 20} MiB are not drawn. h shows its bytes."
    return ""


def drawn_size(width: int, height: int, columns: int, rows: int) -> tuple[int, int]:
    """How many pixels fit in so many cells, two in each, one above the other; never enlarged."""
    scale = min(1.0, columns / max(1, width), rows * 2 / max(1, height))
    return max(1, int(width * scale)), max(1, int(height * scale))


def block_rows(pixels: bytes, width: int, height: int) -> list[Row]:
    """Rows of half blocks from red, green and blue of each pixel, row by row."""
    return [_block_row(pixels, width, height, y) for y in range(0, height, 2)]


def _block_row(pixels: bytes, width: int, height: int, y: int) -> Row:
    runs = []
    for x in range(width):
        upper = pixels[(y * width + x) * 3 :][:3].hex()
        below = pixels[((y + 1) * width + x) * 3 :][:3].hex() if y + 1 < height else ""
        runs.append(Run(1, f"#{upper} on #{below}" if below else f"#{upper}"))
    return Row(_HALF * width, tuple(runs))
