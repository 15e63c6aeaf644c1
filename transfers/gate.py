"""How many jobs may run: altogether, for each endpoint, and for one that is in trouble. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from transfers.model import Job, JobState
from transfers.schedule import Lane


class Gate:
    """Counts what runs. An endpoint that waits for a person, or that was lost, gets no more.

    Otherwise every queued job of a server that is down, or whose password is missing, would knock
    on its door (faults.md F6; one circuit for each endpoint).
    """

    def __init__(
        self,
        connections: Callable[[str], int],
        workers: int = 1,
        *,
        rests: Callable[[str], bool] = lambda endpoint: False,
    ) -> None:
        """`rests`: whether an endpoint is asked nothing just now: it wants to be left alone, or
        cannot be reached."""
        self.workers = workers
        self._rests = rests
        self._connections = connections
        self._running: Counter[str] = Counter()
        self._total = 0
        self._asking: Counter[str] = Counter()
        self._resting: dict[Lane, float] = {}
        self.site_limits: dict[str, int] = {}  # by endpoint, where a person set one
        self.held = False  # nothing more is started

    def started(self, lane: Lane) -> None:
        self._total += 1
        self._running.update(lane.endpoints)

    def ended(self, lane: Lane, streams: int = 1) -> None:
        """A job is over that had been given `streams` connections of its lane."""
        self._total -= 1
        for endpoint in lane.endpoints:
            self._running[endpoint] -= streams

    def widened(self, lane: Lane, streams: int) -> int:
        """Give a running job up to `streams` connections; returns how many it has, then.

        One stays free for whatever comes next: a large file must not hold up the small ones.
        """
        spare = min(self._room(endpoint) for endpoint in lane.endpoints) - 1
        more = max(0, min(streams - 1, spare))
        for endpoint in lane.endpoints:
            self._running[endpoint] += more
        return 1 + more

    def _room(self, endpoint: str) -> int:
        most = self.site_limits.get(endpoint) or self._connections(endpoint)
        return most - self._running[endpoint]

    def note(self, before: Job | None, after: Job | None) -> None:
        """Take in a job's new state: a parked one that asks blocks its endpoint."""
        if before is not None and before.asks and before.state is JobState.PARKED:
            self._asking[before.asks] -= 1
        if after is not None and after.asks and after.state is JobState.PARKED:
            self._asking[after.asks] += 1

    def rest(self, lane: Lane, until: float) -> None:
        """Leave `lane` alone until the monotonic time `until`."""
        self._resting[lane] = max(until, self._resting.get(lane, 0.0))

    def wake(self, lane: Lane) -> None:
        """A person asked for it again, or it answered."""
        self._resting.pop(lane, None)

    def next_open(self, now: float) -> float | None:
        """When a resting lane opens again, on the monotonic clock."""
        self._resting = {lane: until for lane, until in self._resting.items() if until > now}
        return min(self._resting.values(), default=None)

    def has_room(self, lane: Lane) -> bool:
        """Whether a job of `lane` may start now.

        What a cancelled job left is removed whoever else runs, and while the queue is held: a
        person was told that it is being cancelled, and the process may end any time.
        """
        if not lane.cleans and (self.held or self._total >= self.workers):
            return False
        return lane not in self._resting and all(
            self._asking[endpoint] == 0 and not self._rests(endpoint) and self._room(endpoint) > 0
            for endpoint in lane.endpoints
        )

    def asks(self, endpoint: str) -> bool:
        """Whether `endpoint` waits for a person's answer."""
        return self._asking[endpoint] > 0
