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

_STEPS_A_SECOND = 8  # of a limited transfer: an even flow, and a stop that is heard soon
_SMALLEST_STEP = 4096  # bytes


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
            most = self._most(left)
            if most is not None and len(chunk) > most:
                chunk, self._rest = chunk[:most], chunk[most:]
            if left is not None:
                left -= len(chunk)
            self._account(chunk)
            yield chunk

    def _most(self, left: int | None) -> int | None:
        """How many bytes may go at once: what is left of the part, and small steps when slowed."""
        rate = self._limiter.rate
        if rate <= 0:
            return left
        step = max(_SMALLEST_STEP, rate // _STEPS_A_SECOND)
        return step if left is None else min(left, step)

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
