"""The stretch of a file that is in memory. Pure; for one thread."""

from __future__ import annotations

MOST = 8 << 20
"""Bytes that are kept: what lies farthest from where a person reads on is forgotten."""
_FORGOTTEN = 2 << 20  # bytes at once


class Window:
    """Bytes of a file from `start` on. `size`: of the file, None when unknown."""

    def __init__(self, start: int = 0, size: int | None = None) -> None:
        self.start = start
        self.size = size
        self.data = bytearray()

    @property
    def end(self) -> int:
        return self.start + len(self.data)

    @property
    def whole(self) -> bool:
        """Whether it is all of the file."""
        return self.start == 0 and self.size is not None and self.end >= self.size

    @property
    def goes_on(self) -> bool:
        """Whether the file has bytes behind it, or may have."""
        return self.size is None or self.end < self.size

    def append(self, data: bytes) -> int:
        """Take in what follows; how many bytes were forgotten at the beginning."""
        self.data += data
        forgotten = _FORGOTTEN if len(self.data) > MOST else 0
        del self.data[:forgotten]
        self.start += forgotten
        return forgotten

    def prepend(self, data: bytes) -> None:
        """Take in what comes before; as much may be forgotten at the end."""
        self.data[:0] = data
        self.start -= len(data)
        del self.data[MOST:]
