"""The bytes of one file on their way: counted, digested, slowed and stopped in one place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from providers.base import Buffer, Reader
from transfers.beside import Following
from transfers.control import Control
from transfers.limit import Limiter

_LONGEST_NAP = 0.5  # seconds

_STEPS_A_SECOND = 8  # of a limited transfer: an even flow, and a stop that is heard soon
_SMALLEST_STEP = 4096  # bytes
_FIRST_STEP = 64 << 10
_LARGEST_STEP = 1 << 20
_SOON, _LATE = 0.25, 2.0  # seconds for a step: the next is larger, or smaller


class Stream:
    """A reader's chunks, handed out part by part. What passes is what is digested.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        reader: Reader,
        following: Following,
        control: Control,
        limiter: Limiter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._chunks = reader.chunks()
        self._rest: memoryview | None = None
        self._following = following
        self._control = control
        self._limiter = limiter
        self._clock = clock
        self._step = _FIRST_STEP  # what goes at once: a slow line is to be seen to move
        self.taken = 0  # bytes handed out

    def part(self, length: int | None, seconds: float | None = None) -> Iterator[Buffer]:
        """The next `length` bytes (None: all that come), or what comes within `seconds`."""
        self._control.moving = True
        until = None if seconds is None else self._clock() + seconds
        left = length
        while left is None or left > 0:
            chunk = self._next()
            if chunk is None:
                break
            most = self._most(left)
            if len(chunk) > most:
                chunk, self._rest = chunk[:most], chunk[most:]
            if left is not None:
                left -= len(chunk)
            kept = self._account(chunk)
            before = self._clock()
            yield kept
            self._following.sent()
            self._pace(self._clock() - before)
            if until is not None and self._clock() >= until:
                break
        self._following.settle()
        # The place may take its time to bring all of it to its disk.
        self._control.moving = False

    def _most(self, left: int | None) -> int:
        """How many bytes may go at once: what is left of the part, and small steps when slowed."""
        step = min(self._step, largest_step(self._limiter) or self._step)
        return step if left is None else min(left, step)

    def _pace(self, took: float) -> None:
        if took < _SOON:
            self._step = min(self._step * 2, _LARGEST_STEP)
        elif took > _LATE:
            self._step = max(self._step // 2, _SMALLEST_STEP)

    def at_end(self) -> bool:
        """Whether nothing is left. Asks the reader for its next chunk, so that it can object."""
        if self._rest is None:
            self._control.moving = True
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

    def _account(self, chunk: memoryview) -> memoryview:
        self._control.check()
        slow_down(self._control, self._limiter, len(chunk))
        kept = self._following.keep(chunk)
        self.taken += len(chunk)
        self._control.gauge.add(len(chunk))
        return kept


def largest_step(limiter: Limiter) -> int | None:
    """How many bytes may go at once under `limiter`; None when it sets no limit."""
    rate = limiter.rate
    return max(_SMALLEST_STEP, rate // _STEPS_A_SECOND) if rate > 0 else None


def slow_down(control: Control, limiter: Limiter, count: int) -> None:
    """Wait as the limiter says, in naps: a new limit holds for those who wait as well."""
    left = limiter.take(count)
    rate = limiter.rate
    while left > 0 and limiter.rate == rate:
        control.sleep(min(left, _LONGEST_NAP))
        left -= _LONGEST_NAP
