"""What waits in memory for its name: small files that came whole, and copies to be made."""

from __future__ import annotations

import threading

from providers.records import dataclass

_MOST = 64 << 20  # bytes of files


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of this account that is to be copied: where it is, and its version then."""

    drive: str
    item: str
    path: str
    version: str | None
    size: int | None


class Held:
    """By the mark of its upload. The oldest make room for new ones. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, bytes] = {}
        self._copies: dict[str, Copy] = {}
        self._sessions: dict[str, str] = {}  # addresses: secrets

    def keep(self, mark: str, data: bytes) -> None:
        with self._lock:
            self._files.pop(mark, None)
            self._copies.pop(mark, None)
            self._files[mark] = data
            while sum(map(len, self._files.values())) > _MOST and len(self._files) > 1:
                del self._files[next(iter(self._files))]

    def keep_copy(self, mark: str, copy: Copy) -> None:
        with self._lock:
            self._copies[mark] = copy

    def keep_session(self, mark: str, address: str) -> None:
        """Where the bytes were sent that were to get their name at once."""
        with self._lock:
            self._sessions[mark] = address

    def session_of(self, mark: str) -> str:
        """ "" for none."""
        with self._lock:
            return self._sessions.get(mark, "")

    def of(self, mark: str) -> bytes | None:
        with self._lock:
            return self._files.get(mark)

    def copy_of(self, mark: str) -> Copy | None:
        with self._lock:
            return self._copies.get(mark)

    def drop(self, mark: str) -> None:
        with self._lock:
            self._files.pop(mark, None)
            self._copies.pop(mark, None)
            self._sessions.pop(mark, None)
