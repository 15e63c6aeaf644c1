"""The bytes of a file as an answer brings them: counted, in order, to where they are wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

from providers.base import Entry
from providers.errors import ConnectionLost

_PIECE = 1 << 20  # bytes


class Body(Protocol):
    """What is left of an answer."""

    def fill(self, memory: memoryview) -> int:
        """Some of the bytes that come next: how many; 0 after the last."""
        ...


class Delivery:
    """See `providers.base.Reader` and `Filler`. `count`: how many bytes must come, where the
    answer's own end does not say it: a part in chunks may end too early or too late. `body` None:
    there are none."""

    def __init__(self, entry: Entry, body: Body | None, count: int | None = None) -> None:
        self.entry = entry
        self._body = body
        self._left = count
        self._most = _PIECE if entry.size is None else min(_PIECE, max(1, entry.size))

    def chunks(self) -> Iterator[memoryview]:
        """Views of one buffer that is filled again and again."""
        buffer = memoryview(bytearray(self._most))
        while filled := self.fill(buffer):
            yield buffer[:filled]

    def fill(self, memory: memoryview) -> int:
        count = 0 if self._body is None else self._body.fill(memory)
        if self._left is None:
            return count
        self._left -= count
        if self._left < 0:
            raise ConnectionLost(self.entry.path, "more bytes came than the service had said")
        if not count and self._left:
            what = f"{self._left} bytes fewer came than the service had said"
            raise ConnectionLost(self.entry.path, what)
        return count


class SealedDelivery(Delivery):
    """One whose bytes have the MD5 that its place may have of them. See `providers.base.Sealing`.

    `md5`: in hex, of the whole of what comes.
    """

    def __init__(self, entry: Entry, body: Body, count: int | None, md5: str) -> None:
        super().__init__(entry, body, count)
        self._wanted, self._made = md5, hashlib.md5(usedforsecurity=False)
        self.sealed = False

    def fill(self, memory: memoryview) -> int:
        count = super().fill(memory)
        if count:
            self._made.update(memory[:count])
        else:
            self.sealed = self._made.hexdigest() == self._wanted
        return count
