"""The bytes of one file on their way: counted, digested, slowed and stopped in one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from providers.base import Buffer, Reader
from transfers.control import Control
from transfers.limit import Limiter

if TYPE_CHECKING:
    from hashlib import _Hash

_LONGEST_NAP = 0.5  # seconds


class Stream:
    """A reader's chunks, handed out part by part. What passes is what is digested."""

    def __init__(self, reader: Reader, hasher: _Hash, control: Control, limiter: Limiter) -> None:
        self._chunks = reader.chunks()
        self._rest: memoryview | None = None
        self._hasher = hasher
        self._control = control
        self._limiter = limiter
        self.taken = 0  # bytes handed out

    def part(self, length: int | None) -> Iterator[Buffer]:
        """The next `length` bytes (None: all that come)."""
        left = length
        while left is None or left > 0:
            chunk = self._next()
            if chunk is None:
                return
            if left is not None and len(chunk) > left:
                chunk, self._rest = chunk[:left], chunk[left:]
            if left is not None:
                left -= len(chunk)
            self._account(chunk)
            yield chunk

    def at_end(self) -> bool:
        """Whether nothing is left. Asks the reader for its next chunk, so that it can object."""
        if self._rest is None:
            self._rest = self._next()
        return self._rest is None

    def _next(self) -> memoryview | None:
        if self._rest is not None:
            chunk, self._rest = self._rest, None
            return chunk
        for raw in self._chunks:
            if raw:
                return memoryview(raw)
        return None

    def _account(self, chunk: memoryview) -> None:
        self._control.check()
        self._slow_down(len(chunk))
        self._hasher.update(chunk)
        self.taken += len(chunk)
        self._control.gauge.add(len(chunk))

    def _slow_down(self, count: int) -> None:
        """Wait as the limiter says, in naps: a new limit holds for those who wait as well."""
        left = self._limiter.take(count)
        rate = self._limiter.rate
        while left > 0 and self._limiter.rate == rate:
            self._control.sleep(min(left, _LONGEST_NAP))
            left -= _LONGEST_NAP
