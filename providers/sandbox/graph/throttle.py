"""429 with Retry-After: asked for by a test, or because a rate is exceeded."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from providers.sandbox.graph.clock import Clock
from providers.sandbox.graph.errors import GraphError

_SHOWN_FROM = 0.8  # of the limit: from there on applications are told what remains


class Throttle:
    """Refused requests are counted as well (`refused`)."""

    def __init__(self, clock: Clock) -> None:
        self.refused = 0
        self._clock = clock
        self._limit = 0
        self._seconds = 0.0
        self._counted: list[datetime] = []
        self._until: datetime | None = None
        self._status = 429

    def hold(self, seconds: float, status: int = 429) -> None:
        """Refuse everything for so long."""
        self._until = self._clock.now() + timedelta(seconds=seconds)
        self._status = status

    def limit(self, requests: int, seconds: float) -> None:
        """Refuse for `seconds` when more than `requests` come in that time. 0: no limit."""
        self._limit, self._seconds = requests, seconds
        self._counted.clear()

    def check(self, *, app_only: bool) -> dict[str, str]:
        """Count a request and give the headers that its answer has. Raises GraphError."""
        now = self._clock.now()
        if self._until is not None and now < self._until:
            raise self._refusal(now, self._until, app_only)
        if self._until is not None:
            self._until = None
            self._counted.clear()
        if not self._limit:
            return {}
        oldest = now - timedelta(seconds=self._seconds)
        self._counted = [*(moment for moment in self._counted if moment > oldest), now]
        if len(self._counted) > self._limit:
            self.hold(self._seconds)
            raise self._refusal(now, now + timedelta(seconds=self._seconds), app_only)
        shown = app_only and len(self._counted) >= self._limit * _SHOWN_FROM
        left = self._limit - len(self._counted)
        return self._rate(left, math.ceil(self._seconds)) if shown else {}

    def _refusal(self, now: datetime, until: datetime, app_only: bool) -> GraphError:
        self.refused += 1
        wait = math.ceil((until - now).total_seconds())
        headers = {"Retry-After": str(wait), **(self._rate(0, wait) if app_only else {})}
        code = "activityLimitReached" if self._status == 429 else "serviceNotAvailable"
        message = "The request has been throttled"
        return GraphError(self._status, code, message, "throttledRequest", "quota", headers=headers)

    def _rate(self, left: int, seconds: int) -> dict[str, str]:
        """IETF draft-03, as SharePoint sends it to applications only."""
        values = {"Limit": self._limit, "Remaining": left, "Reset": seconds}
        return {f"RateLimit-{name}": str(value) for name, value in values.items()}
