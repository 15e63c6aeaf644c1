"""The names of one folder: each once, and no more than can be held (faults.md C10, C17). Pure."""

from __future__ import annotations

from providers.errors import Unsupported
from providers.text import to_bytes

MOST_ENTRIES = 250_000
LONGEST_NAME = 1024
"""Bytes: disks take 255, a whole key of a bucket has 1,024. What is longer names nothing."""
_MOST_BYTES = 16 << 20  # of all names


class Once:
    """What the folder at `path` has listed so far."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: set[bytes] = set()
        self._bytes = 0

    def takes(self, name: str) -> bool:
        """Whether `name` comes for the first time. Raises Unsupported when there are too many."""
        raw = to_bytes(name)
        if raw in self._seen or len(raw) > LONGEST_NAME:
            return False
        self._seen.add(raw)
        self._bytes += len(raw)
        if len(self._seen) > MOST_ENTRIES or self._bytes > _MOST_BYTES:
            raise Unsupported(
                self._path,
                f"the folder lists more than {MOST_ENTRIES:,} entries, or names too long to hold",
                advice="Open a folder in it, or give the address of a file.",
            )
        return True
