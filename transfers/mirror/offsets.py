"""Times that differ by one and the same amount: a clock, a time zone, summer time. Pure.

Files that are written again at fixed hours, or renamed in turn (log.1, log.2), look much like that.
So an offset counts only where the files' own times reach over more than twice of it, and where
they are not the times that other files have on the other side: rather a copy too many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Times = tuple[float, float]
"""Of one file, on the left and on the right: Unix seconds."""

_FEWEST = 8  # files of one offset
_WIDTH = 4.0  # seconds in which the differences of one offset lie: both sides round
_QUARTER = 900.0  # seconds: what time zones are told apart by
_FURTHEST = 14 * 3600.0  # of a time zone from UTC
_SHARE_OF_ZONE = 0.25  # of all that differ: other files may be in the other half of the year
_SHARE = 0.75


class Offset(NamedTuple):
    """The left's time minus the right's, in seconds."""

    seconds: float

    def holds(self, times: Times) -> bool:
        return abs(times[0] - times[1] - self.seconds) <= _WIDTH / 2


def offsets(times: Sequence[Times], agreeing: int) -> list[Offset]:
    """Those of files of one size whose times differ. `agreeing`: how many more do not differ."""
    found: list[Offset] = []
    left = [*times]
    while (offset := _most_common(left, agreeing)) is not None:
        found.append(offset)
        left = [each for each in left if not offset.holds(each)]
    return found


def _most_common(times: Sequence[Times], agreeing: int) -> Offset | None:
    cluster = _cluster(times)
    if len(cluster) < _FEWEST:
        return None
    differences = sorted(left - right for left, right in cluster)
    offset = differences[len(differences) // 2]
    zone = round(offset / _QUARTER) * _QUARTER
    is_zone = 0 < abs(zone) <= _FURTHEST and abs(zone - offset) <= _WIDTH / 2
    if len(cluster) < len(times) * (_SHARE_OF_ZONE if is_zone else _SHARE):
        return None
    if not is_zone and agreeing > len(cluster):  # a wrong clock is wrong for all
        return None
    found = Offset(zone if is_zone else offset)
    held = [each for each in cluster if found.holds(each)]
    return found if len(held) >= _FEWEST and _by_nobody(held, found) else None


def _cluster(times: Sequence[Times]) -> Sequence[Times]:
    """The most of them whose differences lie within the width."""
    ordered = sorted(times, key=lambda each: each[0] - each[1])
    best, first = (0, 0), 0
    for last, (left, right) in enumerate(ordered):
        while (left - right) - (ordered[first][0] - ordered[first][1]) > _WIDTH:
            first += 1
        best = max(best, (first, last + 1), key=lambda span: span[1] - span[0])
    return ordered[slice(*best)]


def _by_nobody(times: Sequence[Times], offset: Offset) -> bool:
    """Whether no habit of whoever writes these files explains it."""
    lefts = [left for left, _ in times]
    if max(lefts) - min(lefts) <= 2 * abs(offset.seconds):
        return False
    rights = {round(right / _WIDTH) for _, right in times}
    taken = sum(any(round(left / _WIDTH) + near in rights for near in (-1, 0, 1)) for left in lefts)
    return taken * 2 <= len(times)


def in_words(offset: Offset) -> str:
    """ "1 hour earlier": how the right's times are to the left's."""
    seconds = round(abs(offset.seconds)) or round(abs(offset.seconds), 2)
    units = ((3600, "hour"), (60, "minute"), (1, "second"))
    size, unit = next((each for each in units if seconds % each[0] == 0), units[-1])
    count = seconds / size
    shown = f"{count:g} {unit}" + ("" if count == 1 else "s")
    return f"{shown} {'earlier' if offset.seconds > 0 else 'later'}"
