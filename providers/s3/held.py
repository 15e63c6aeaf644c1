"""What waits in memory for its name: small files that came whole, and copies to be made."""

from __future__ import annotations

import threading

from providers.s3.copying import Copy

_MOST = 64 << 20  # bytes of files


class Held:
    """By the mark of its upload. The oldest make room for new ones. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, tuple[str, bytes]] = {}  # its path, its bytes
        self._copies: dict[str, tuple[str, Copy]] = {}

    def keep(self, path: str, mark: str, data: bytes) -> None:
        with self._lock:
            self._files.pop(mark, None)
            self._copies.pop(mark, None)
            self._files[mark] = (path, data)
            while sum(len(held) for _, held in self._files.values()) > _MOST:
                del self._files[next(iter(self._files))]

    def keep_copy(self, path: str, mark: str, copy: Copy) -> None:
        with self._lock:
            self._copies[mark] = (path, copy)

    def of(self, mark: str) -> bytes | None:
        with self._lock:
            found = self._files.get(mark)
        return None if found is None else found[1]

    def copy_of(self, mark: str) -> Copy | None:
        with self._lock:
            found = self._copies.get(mark)
        return None if found is None else found[1]

    def has(self, mark: str) -> bool:
        with self._lock:
            return mark in self._files or mark in self._copies

    def drop(self, mark: str) -> None:
        with self._lock:
            self._files.pop(mark, None)
            self._copies.pop(mark, None)

    def drop_of(self, path: str, key: str) -> None:
        """What a job left."""
        with self._lock:
            held = [*self._files.items(), *self._copies.items()]
            for mark, (where, _) in held:
                if where == path and mark.startswith(f"{key}-"):
                    self._files.pop(mark, None)
                    self._copies.pop(mark, None)
