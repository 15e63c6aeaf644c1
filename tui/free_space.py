"""How much may still be written where a pane stands: asked in the background, one at a time.

A place that does not answer costs one thread and holds up nobody: nothing else is asked meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from providers.base import Measured, Place, Provider
from providers.errors import ProviderError
from providers.records import dataclass
from tui.background import in_thread

AGAIN, AGAIN_FAR = 5.0, 30.0  # seconds between two questions about one place, near and far


@dataclass(frozen=True, slots=True)
class _Answer:
    """`free` in bytes, None where the place does not tell; `again`: when it may be asked next, in
    seconds, monotonic."""

    place: Place
    free: int | None
    again: float


class FreeSpace:
    """Used by the screen's thread only."""

    def __init__(self, open_provider: Callable[[str], Provider]) -> None:
        self._open = open_provider
        self._wanted: Place | None = None
        self._another = asyncio.Event()  # `_wanted` is not the place that was answered last
        self._answer: _Answer | None = None

    def of(self, place: Place) -> int | None:
        """What was told of `place`, in bytes; None: not known."""
        answer = self._answer
        return answer.free if answer is not None and answer.place == place else None

    def want(self, place: Place) -> None:
        """Have `ask` ask about `place`, instead of any other."""
        self._wanted = place
        if self._answer is not None and self._answer.place != place:
            self._another.set()

    async def ask(self, tell: Callable[[], None]) -> None:
        """Ask about what is wanted, until nothing is; `tell` after each answer."""
        while self._wanted is not None:
            await self._pause(self._wanted)
            place, self._wanted = self._wanted, None
            self._answer = await in_thread(partial(self._answered, place))
            tell()

    async def _pause(self, place: Place) -> None:
        """Wait until the one that was answered last may be asked about again, or another is."""
        self._another.clear()
        if self._answer is not None and self._answer.place == place:
            with suppress(TimeoutError):
                left = self._answer.again - time.monotonic()
                await asyncio.wait_for(self._another.wait(), max(0.0, left))

    def _answered(self, place: Place) -> _Answer:
        """Blocking."""
        gap, free = AGAIN_FAR, None
        with suppress(ProviderError):
            provider = self._open(place.endpoint)
            gap = AGAIN if provider.caps.near else AGAIN_FAR
            free = provider.room(place.path).free if isinstance(provider, Measured) else None
        return _Answer(place, free, time.monotonic() + gap)
