"""How slowly something may come that is no file (faults.md B5). Pure."""

from __future__ import annotations

from providers.records import dataclass


@dataclass(slots=True)
class Pace:
    """At least `rate` bytes a second, over every `seconds` of waiting for them.

    Only waiting counts: what takes its time with the bytes is no fault of the server. Files have
    their own rule, the queue's: a person sees how fast they come, and may want a slow one.
    """

    rate: float
    seconds: float
    _came: int = 0
    _waited: float = 0.0

    def keeps(self, count: int, waited: float) -> bool:
        """Whether it is fast enough still, after `count` bytes came in `waited` seconds."""
        self._came += count
        self._waited += waited
        if self._waited < self.seconds:
            return True
        kept = self._came >= self.rate * self._waited
        self._came, self._waited = 0, 0.0
        return kept
