"""Servers that asked to be left alone for a while (Retry-After): until then no job starts there, in
this process or the next.

Journaled is when that ends by the clock on the wall, and how long it was at first: no other clock
goes on over a restart, and one that was set back meanwhile must not make the rest longer (A12).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from transfers.retry import LONGEST_REST

_REST = "rest "  # + endpoint: the name of its setting


class Rests:
    """Used by the coordinator's thread only. `clock` is monotonic, `wall` in Unix seconds.

    A person who asks for a job again does not end a rest: it is the server's to say.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._until: dict[str, float] = {}  # by endpoint, on `clock`

    def resting(self, endpoint: str) -> bool:
        return self._until.get(endpoint, 0.0) > self._clock()

    def begin(self, endpoint: str, seconds: float) -> dict[str, str]:
        """Leave `endpoint` alone for `seconds`, or as long as it said before if that is longer.

        Returns the setting that is to be journaled.
        """
        now, wall = self._clock(), self._wall()
        until = self._until[endpoint] = max(now + seconds, self._until.get(endpoint, 0.0))
        left = until - now
        return {_REST + endpoint: f"{math.ceil(wall + left)} {math.ceil(left)}"}

    def restore(self, settings: Mapping[str, str]) -> None:
        """What earlier processes were asked for, as far as it is not over."""
        for name, value in settings.items():
            until, _, asked = value.partition(" ")
            if name.startswith(_REST) and until.isdecimal() and asked.isdecimal():
                left = min(int(until) - self._wall(), int(asked), LONGEST_REST)
                self._until[name.removeprefix(_REST)] = self._clock() + left

    def next_open(self) -> float | None:
        """When one of them may be asked again, on the monotonic clock; None: nobody rests."""
        now = self._clock()
        self._until = {place: until for place, until in self._until.items() if until > now}
        return min(self._until.values(), default=None)

    def sentence(self) -> str:
        """For a person: who asked for it, and until when; "" when nobody rests."""
        if (opens := self.next_open()) is None:
            return ""
        endpoint = next(place for place, until in self._until.items() if until == opens)
        minute = math.ceil((self._wall() + opens - self._clock()) / 60) * 60
        until = time.strftime("%H:%M", time.localtime(minute))
        return f"{endpoint} asked to be left alone: what is queued there waits until {until}."
