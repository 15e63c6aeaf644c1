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

    def __init__(self, workers: int, connections: Callable[[str], int]) -> None:
        self.workers = workers
        self._connections = connections
        self._running: Counter[str] = Counter()
        self._total = 0
        self._asking: Counter[str] = Counter()
        self._resting: dict[Lane, float] = {}

    def started(self, lane: Lane) -> None:
        self._total += 1
        self._running.update(set(lane))

    def ended(self, lane: Lane) -> None:
        self._total -= 1
        self._running.subtract(set(lane))

    def note(self, before: Job | None, after: Job | None) -> None:
        """Take in a job's new state: a parked one that asks blocks its endpoint."""
        for job, sign in ((before, -1), (after, 1)):
            if job is not None and job.state is JobState.PARKED and job.asks:
                self._asking[job.asks] += sign

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
        """Whether a job of `lane` may start now."""
        if self._total >= self.workers or lane in self._resting:
            return False
        return all(
            self._asking[endpoint] == 0 and self._running[endpoint] < self._connections(endpoint)
            for endpoint in set(lane)
        )
