"""Which job runs next: in queue order, as far as each endpoint's politeness allows. No threads."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import NamedTuple

from providers.base import Place
from transfers.model import FINISHED, RUNNING, Job, JobState, Op


class Lane(NamedTuple):
    """Source and destination endpoint: jobs of one lane compete for the same connections.

    `cleans`: nothing is moved, only what a cancelled job left at its destination is removed.
    """

    source: str
    target: str
    cleans: bool = False

    @property
    def endpoints(self) -> frozenset[str]:
        return frozenset({self.source, self.target})


_Turn = tuple[int, int, int]
"""Where a job stands: minus its priority, its place in the queue, its number."""

_KEEPS_TURN = RUNNING | {JobState.WAITING, JobState.PARKED}


class Schedule:
    """Queued jobs by lane, waiting jobs by time. A job is looked up again before it is started."""

    def __init__(self) -> None:
        self._lanes: defaultdict[Lane, list[_Turn]] = defaultdict(list)
        self._writing: dict[Place, int] = {}  # by destination: the job that runs
        self._behind: defaultdict[Place, list[tuple[Lane, _Turn]]] = defaultdict(list)
        self._targets: dict[int, Place] = {}  # of the jobs that run, as they were when taken
        self._due: list[tuple[float, int]] = []
        self._left: Counter[int] = Counter()  # unfinished jobs of a batch, directory removals aside
        self._removals: defaultdict[int, list[tuple[int, int, Lane, int]]] = defaultdict(list)
        self._held: dict[int, _Turn] = {}  # of each removal that is not released
        self._removing: dict[int, int] = {}  # by batch: the removal whose turn it is

    def note(self, before: Job | None, after: Job | None, *, known_only: bool = False) -> None:
        """Take in a job's new state. None: it was not there, or no longer is.

        `known_only`: it is not to be run for the time being.
        """
        job = after or before
        if job is None:
            return
        was_left = before is not None and before.state not in FINISHED
        is_left = after is not None and after.state not in FINISHED
        if is_left != was_left and job.op is not Op.REMOVE_DIR:
            self._left[job.batch] += 1 if is_left else -1
        if self._held or self._removing:
            self._end_turn(before, after)
        if self._targets:
            self._end_run(before, after)
        if after is not None and after.state is JobState.QUEUED and not known_only:
            lane = _lane(after)
            if after.op is Op.REMOVE_DIR:
                self._held[after.id] = _turn(after)
                entry = (after.seq, after.id, lane, after.priority)
                heapq.heappush(self._removals[after.batch], entry)
            else:
                heapq.heappush(self._lanes[lane], _turn(after))
        if job.batch in self._removals:
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
        moved, is dropped here. One whose destination is being written waits for that (G2).
        """
        best: _Turn | None = None
        best_lane: Lane | None = None
        for lane, heap in self._lanes.items():
            if not has_room(lane):
                continue
            self._drop_unready(lane, heap, current)
            if heap and (best is None or heap[0] < best):
                best, best_lane = heap[0], lane
        if best is None or best_lane is None:
            return None
        return self._taken(best_lane, current)

    def take_alike(
        self,
        first: Job,
        current: Callable[[int], Job | None],
        fits: Callable[[Job], bool],
    ) -> Job | None:
        """The next queued job of the lane and the priority of `first`, when it `fits`."""
        lane = _lane(first)
        heap = self._lanes[lane]
        self._drop_unready(lane, heap, current)
        job = current(heap[0][2]) if heap else None
        if job is None or job.priority != first.priority or not fits(job):
            return None
        return self._taken(lane, current)

    def queued(self, job: Job) -> int:
        """About how many jobs are queued in the lane of `job`."""
        return len(self._lanes[_lane(job)])

    def _taken(self, lane: Lane, current: Callable[[int], Job | None]) -> Job | None:
        job = current(heapq.heappop(self._lanes[lane])[2])
        if job is not None:
            self._writing[job.target] = job.id
            self._targets[job.id] = job.target
        return job

    def put_back(self, job: Job) -> None:
        """Offer a job again that was taken and not started."""
        self._end_run(job, job)
        heapq.heappush(self._lanes[_lane(job)], _turn(job))

    def _drop_unready(
        self, lane: Lane, heap: list[_Turn], current: Callable[[int], Job | None]
    ) -> None:
        while heap:
            turn = heap[0]
            job = current(turn[2])
            stale = job is None or job.state is not JobState.QUEUED or _turn(job) != turn
            if job is not None and not stale:
                if job.target not in self._writing:
                    return
                self._behind[job.target].append((lane, turn))
            heapq.heappop(heap)

    def _end_run(self, before: Job | None, after: Job | None) -> None:
        """The destination of a job that no longer runs is free for the next one."""
        job = before or after
        if job is None or (after is not None and after.state in RUNNING):
            return
        target = self._targets.pop(job.id, None)
        if target is None:
            return
        self._writing.pop(target, None)
        for lane, turn in self._behind.pop(target, ()):
            heapq.heappush(self._lanes[lane], turn)

    def _end_turn(self, before: Job | None, after: Job | None) -> None:
        job = before or after
        if job is not None:
            self._held.pop(job.id, None)
        keeps = after is not None and after.state in _KEEPS_TURN
        if job is not None and not keeps and self._removing.get(job.batch) == job.id:
            del self._removing[job.batch]

    def _release_removals(self, batch: int) -> None:
        """One at a time: side by side, a directory would not be empty yet when it is removed."""
        if self._left[batch] != 0:
            return
        while self._removals[batch] and batch not in self._removing:
            seq, job_id, lane, priority = heapq.heappop(self._removals[batch])
            turn = (-priority, seq, job_id)
            if self._held.get(job_id) == turn:
                del self._held[job_id]
                self._removing[batch] = job_id
                heapq.heappush(self._lanes[lane], turn)


def lane_of(job: Job) -> Lane:
    """Where the connections of a job's run are counted."""
    return Lane(job.source.endpoint, job.target.endpoint)


def _lane(job: Job) -> Lane:
    """A cancelled job's destination alone is cleaned up: it does not wait for its source."""
    source = job.target if job.cancelling else job.source
    return Lane(source.endpoint, job.target.endpoint, job.cancelling)


def _turn(job: Job) -> _Turn:
    return (-job.priority, job.seq, job.id)
