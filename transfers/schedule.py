"""Which job runs next: in queue order, as far as each endpoint's politeness allows. No threads."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable

from transfers.model import FINISHED, RUNNING, Job, JobState, Op

Lane = tuple[str, str]
"""Source and destination endpoint: jobs of one lane compete for the same connections."""

_KEEPS_TURN = RUNNING | {JobState.WAITING, JobState.PARKED}


class Schedule:
    """Queued jobs by lane, waiting jobs by time. A job is looked up again before it is started."""

    def __init__(self) -> None:
        self._lanes: defaultdict[Lane, list[tuple[int, int]]] = defaultdict(list)
        self._due: list[tuple[float, int]] = []
        self._left: Counter[int] = Counter()  # unfinished jobs of a batch, directory removals aside
        self._removals: defaultdict[int, list[tuple[int, int, Lane]]] = defaultdict(list)
        self._held: dict[
            int, int
        ] = {}  # the place in the queue of each removal that is not released
        self._removing: dict[int, int] = {}  # by batch: the removal whose turn it is

    def note(self, before: Job | None, after: Job | None) -> None:
        """Take in a job's new state. None: it was not there, or no longer is."""
        self._count(before, -1)
        self._count(after, 1)
        self._end_turn(before, after)
        if after is not None and after.state is JobState.QUEUED:
            lane = (after.source.endpoint, after.target.endpoint)
            if after.op is Op.REMOVE_DIR:
                self._held[after.id] = after.seq
                heapq.heappush(self._removals[after.batch], (after.seq, after.id, lane))
            else:
                heapq.heappush(self._lanes[lane], (after.seq, after.id))
        for job in (before, after):
            if job is not None:
                self._release_removals(job.batch)

    def wait(self, job: int, until: float) -> None:
        """Have `job` come back from `due` at the monotonic time `until`."""
        heapq.heappush(self._due, (until, job))

    def due(self, now: float) -> list[int]:
        """The waiting jobs whose time has come."""
        jobs = []
        while self._due and self._due[0][0] <= now:
            jobs.append(heapq.heappop(self._due)[1])
        return jobs

    def next_due(self) -> float | None:
        """When `due` has something again, on the monotonic clock."""
        return self._due[0][0] if self._due else None

    def take(
        self, current: Callable[[int], Job | None], has_room: Callable[[Lane], bool]
    ) -> Job | None:
        """The first queued job whose lane has room; it is not offered again by itself.

        `current` tells a job as it is now: an entry for one that is no longer queued, or that was
        moved, is dropped here.
        """
        best: tuple[int, int] | None = None
        best_lane: Lane | None = None
        for lane, heap in self._lanes.items():
            self._drop_stale(heap, current)
            if heap and (best is None or heap[0] < best) and has_room(lane):
                best, best_lane = heap[0], lane
        if best is None or best_lane is None:
            return None
        heapq.heappop(self._lanes[best_lane])
        return current(best[1])

    @staticmethod
    def _drop_stale(heap: list[tuple[int, int]], current: Callable[[int], Job | None]) -> None:
        while heap:
            seq, job_id = heap[0]
            job = current(job_id)
            if job is not None and job.state is JobState.QUEUED and job.seq == seq:
                return
            heapq.heappop(heap)

    def _count(self, job: Job | None, sign: int) -> None:
        if job is not None and job.op is not Op.REMOVE_DIR and job.state not in FINISHED:
            self._left[job.batch] += sign

    def _end_turn(self, before: Job | None, after: Job | None) -> None:
        job = before or after
        if job is not None:
            self._held.pop(job.id, None)
        keeps = after is not None and after.state in _KEEPS_TURN
        if job is not None and not keeps and self._removing.get(job.batch) == job.id:
            del self._removing[job.batch]

    def _release_removals(self, batch: int) -> None:
        """One at a time: side by side, a directory would not be empty yet when it is removed."""
        if self._left[batch] != 0 or batch not in self._removals:
            return
        while self._removals[batch] and batch not in self._removing:
            seq, job_id, lane = heapq.heappop(self._removals[batch])
            if self._held.get(job_id) == seq:
                del self._held[job_id]
                self._removing[batch] = job_id
                heapq.heappush(self._lanes[lane], (seq, job_id))
