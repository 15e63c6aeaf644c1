"""Where a tab was, as in a browser: back, forward, and what was ahead is gone after a new way."""

from __future__ import annotations

from providers.base import Place
from providers.records import dataclass, replace

_MOST = 100  # stops


@dataclass(frozen=True, slots=True)
class Stop:
    """A place, and the path the cursor was on when it was left."""

    place: Place
    cursor: str | None = None


class History:
    """The stops of one tab; a step is only taken once its place could be read (`arrive`)."""

    def __init__(self) -> None:
        self._stops: list[Stop] = []
        self._at = -1

    def note(self, cursor: str | None) -> None:
        """The cursor of the place that is left."""
        if self._stops:
            self._stops[self._at] = replace(self._stops[self._at], cursor=cursor)

    def arrive(self, place: Place, by: int = 0) -> None:
        """`place` is shown: `by` steps away in the history, or a new stop of it."""
        if by and (stop := self.peek(by)) is not None and stop.place == place:
            self._at += by
            return
        if self._stops and self._stops[self._at].place == place:
            return
        self._stops[self._at + 1 :] = [Stop(place)]
        del self._stops[:-_MOST]
        self._at = len(self._stops) - 1

    def peek(self, by: int) -> Stop | None:
        """The stop `by` steps away; None where there is none."""
        index = self._at + by
        return self._stops[index] if 0 <= index < len(self._stops) else None

    def forget(self, by: int) -> None:
        """The stop `by` steps away cannot be read: it is no stop any longer."""
        if by and self.peek(by) is not None:
            del self._stops[self._at + by]
            self._at -= by < 0
