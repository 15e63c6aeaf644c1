"""Rates and times left, from counters that only grow. The clock is passed in."""

from __future__ import annotations

import math

from providers.records import dataclass

_MEMORY_SECONDS = 4.0  # a change of speed is mostly seen after this
_SHORTEST_SECONDS = 0.1
SLOWEST = 512.0  # bytes a second: below it a transfer stands still; half of the lowest limit
_SURE_SECONDS = 60.0  # what ends within them may be slow: small files are
_LONGEST_SECONDS = 99 * 3600.0


class Gauge:
    """Bytes of one attempt that are across; `reread`: read once more, for a proof.

    One thread adds; any thread reads.
    """

    __slots__ = ("moved", "reread", "resumed")

    def __init__(self, resumed: int = 0) -> None:
        self.resumed = resumed
        self.moved = resumed
        self.reread = 0

    def add(self, count: int) -> None:
        self.moved += count


@dataclass(frozen=True, slots=True)
class Reading:
    """A rate in bytes a second, smoothed, and the counter and time (seconds) it was taken at."""

    at: float
    moved: int
    rate: float = 0.0


def advance(last: Reading | None, moved: int, now: float) -> Reading:
    """The reading after `last`: an exponential average with a memory of a few seconds."""
    if last is None or moved < last.moved:
        return Reading(now, moved)
    elapsed = now - last.at
    if elapsed < _SHORTEST_SECONDS:
        return last
    current = (moved - last.moved) / elapsed
    if last.rate == 0.0:
        return Reading(now, moved, current)
    weight = 1.0 - math.exp(-elapsed / _MEMORY_SECONDS)
    return Reading(now, moved, last.rate + weight * (current - last.rate))


def eta(left: int | None, rate: float) -> float | None:
    """Seconds until `left` bytes are across; None when nobody can tell.

    The rate of what stands still fades away: what it would tell then are months, and wrong.
    """
    if left is None or rate < 1.0:
        return None
    seconds = max(0, left) / rate
    fades = rate < SLOWEST and seconds > _SURE_SECONDS
    return None if fades or seconds > _LONGEST_SECONDS else seconds
