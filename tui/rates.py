"""How fast the queue was in the last minute, as a line of blocks. Pure; the clock is passed in."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

_SECONDS = 60  # that are remembered, one rate each
_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-:=+*#"


class Rates:
    """One rate a second, in bytes a second; `now` in seconds, and only grows."""

    def __init__(self) -> None:
        self._rates: deque[float] = deque(maxlen=_SECONDS)
        self._second = -math.inf

    def note(self, rate: float, now: float) -> None:
        """The queue moves at `rate`. Seconds in which nobody looked had the one before."""
        second = math.floor(now)
        missed = min(_SECONDS, second - self._second) if self._rates else 1
        if missed >= 1:
            last = self._rates[-1] if self._rates else rate
            self._rates.extend([last] * (int(missed) - 1) + [rate])
            self._second = second

    def cells(self, count: int) -> list[float | None]:
        """The last minute in `count` cells, the newest last; None: before anybody looked."""
        each = _SECONDS / count
        known = [None] * (_SECONDS - len(self._rates)) + [*self._rates]
        spans = [known[int(at * each) : int((at + 1) * each)] for at in range(count)]
        return [_mean([rate for rate in span if rate is not None]) for span in spans]

    def line(self, count: int, *, ascii_only: bool = False) -> str:
        """`cells` as blocks, the highest as high as a line is."""
        cells = self.cells(count) if count else []
        highest = max((cell for cell in cells if cell is not None), default=0.0)
        blocks = _ASCII if ascii_only else _BLOCKS
        return "".join(" " if cell is None else _block(cell, highest, blocks) for cell in cells)


def _mean(rates: Sequence[float]) -> float | None:
    return sum(rates) / len(rates) if rates else None


def _block(rate: float, highest: float, blocks: str) -> str:
    share = rate / highest if highest >= 1 else 0.0
    return blocks[min(len(blocks) - 1, max(0, round(share * (len(blocks) - 1))))]
