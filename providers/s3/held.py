"""Small files in memory, until one request stores them under their name."""

from __future__ import annotations

import threading

_MOST = 64 << 20  # bytes


class Held:
    """Small files that came whole and have no name yet. The oldest make room for new ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, tuple[str, bytes]] = {}  # by mark: its path, its bytes

    def keep(self, path: str, mark: str, data: bytes) -> None:
        with self._lock:
            self._files.pop(mark, None)
            self._files[mark] = (path, data)
            while sum(len(held) for _, held in self._files.values()) > _MOST:
                del self._files[next(iter(self._files))]

    def of(self, mark: str) -> bytes | None:
        with self._lock:
            found = self._files.get(mark)
        return None if found is None else found[1]

    def drop(self, mark: str) -> None:
        with self._lock:
            self._files.pop(mark, None)

    def drop_of(self, path: str, key: str) -> None:
        """What a job left."""
        with self._lock:
            for mark, (where, _) in [*self._files.items()]:
                if where == path and mark.startswith(f"{key}-"):
                    del self._files[mark]
