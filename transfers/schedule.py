"""Which job runs next: in queue order, as far as each endpoint's politeness allows. No threads."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from providers.base import Place
from transfers.completion import Completion
from transfers.model import AFTERWARDS, RUNNING, Job, JobState, Op


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


class _Held(NamedTuple):
    """A removal or a deletion that is not released. The least of a batch goes first."""

    order: tuple[int, int]  # of deletions: the longest path first, which lies deepest
    turn: _Turn
    lane: Lane
    prunes: bool


class Schedule:
    """Queued jobs by lane, waiting jobs by time. A job is looked up again before it is started."""

    def __init__(self) -> None:
        self._lanes: defaultdict[Lane, list[_Turn]] = defaultdict(list)
        self._writing: dict[Place, int] = {}  # by destination: the job that runs
        self._behind: defaultdict[Place, list[tuple[Lane, _Turn]]] = defaultdict(list)
        self._running: dict[int, Job] = {}  # the jobs that run, as they were when taken
        self._due: list[tuple[float, int]] = []
        self._completion = Completion()
        self._files: defaultdict[int, list[_Held]] = defaultdict(list)  # by batch, to be deleted
        self._directories: defaultdict[int, list[_Held]] = defaultdict(list)  # heaps by batch
        self._held: dict[int, _Turn] = {}  # of each of these that is not released
        self._removing: dict[int, int] = {}  # by batch: the directory whose turn it is
        self._stirred: set[int] = set()  # batches in which something may be released

    def note(self, before: Job | None, after: Job | None, *, known_only: bool = False) -> None:
        """Take in a job's new state. None: it was not there, or no longer is.

        `known_only`: it is not to be run for the time being.
        """
        job = after or before
        if job is None:
            return
        self._completion.note(before, after)
        if self._held or self._removing:
            self._end_turn(before, after)
        if self._running:
            self._end_run(before, after)
        if after is not None and after.state is JobState.QUEUED and not known_only:
            if after.op in AFTERWARDS:
                self._hold(after)
            else:
                heapq.heappush(self._lanes[_lane(after)], _turn(after))
        if job.batch in self._directories or job.batch in self._files:
            self._stirred.add(job.batch)

    def refused(self) -> list[tuple[int, list[int]]]:
        """The queued deletions that are not to be, and are not offered: for each batch, how many of
        its other jobs did not succeed, and the deletions' numbers."""
        batches = filter(self._is_refused, tuple(self._stirred))
        found = [(self._completion.missed(batch), self._take_prunes(batch)) for batch in batches]
        return [(missed, jobs) for missed, jobs in found if jobs]

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
        self._release()
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
            self._writing |= dict.fromkeys(_written(job), job.id)
            self._running[job.id] = job
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
                busy = [place for place in _written(job) if place in self._writing]
                if job.op is Op.PRUNE and not self._completion.may_prune(job.batch):
                    self._hold(job)  # something of its batch goes on after all
                elif not busy:
                    return
                else:
                    self._behind[busy[0]].append((lane, turn))
            heapq.heappop(heap)

    def _end_run(self, before: Job | None, after: Job | None) -> None:
        """The destination of a job that no longer runs is free for the next one."""
        job = before or after
        if job is None or (after is not None and after.state in RUNNING):
            return
        taken = self._running.pop(job.id, None)
        if taken is None:
            return
        for place in _written(taken):
            self._writing.pop(place, None)
            for lane, turn in self._behind.pop(place, ()):
                heapq.heappush(self._lanes[lane], turn)

    def _end_turn(self, before: Job | None, after: Job | None) -> None:
        job = before or after
        if job is not None:
            self._held.pop(job.id, None)
        keeps = after is not None and after.state in _KEEPS_TURN
        if job is not None and not keeps and self._removing.get(job.batch) == job.id:
            del self._removing[job.batch]

    def _hold(self, job: Job) -> None:
        turn, prunes = _turn(job), job.op is Op.PRUNE
        self._held[job.id] = turn
        self._stirred.add(job.batch)
        if self._removing.get(job.batch) == job.id:
            del self._removing[job.batch]
        order = (-len(job.target.path) if prunes else 0, job.seq)
        held = _Held(order, turn, _lane(job), prunes)
        if prunes and job.agreed is not None:
            self._files[job.batch].append(held)
        else:
            heapq.heappush(self._directories[job.batch], held)

    def _release(self) -> None:
        """Offer what its batch held back, as far as that is over."""
        for batch in tuple(self._stirred):
            if self._completion.may_prune(batch):
                for held in self._files.pop(batch, ()):
                    self._offer(held)
            if self._completion.is_over(batch):
                self._release_directory(batch)
            if not self._is_refused(batch):
                self._stirred.discard(batch)

    def _is_refused(self, batch: int) -> bool:
        """Whether it has deletions that wait for `refused` to be asked."""
        directories = self._directories.get(batch)
        held = batch in self._files or (directories is not None and directories[0].prunes)
        refused = self._completion.is_over(batch) and self._completion.missed(batch) > 0
        return held and refused

    def _release_directory(self, batch: int) -> None:
        """One at a time: side by side, a directory would not be empty yet when it is removed."""
        directories = self._directories.get(batch)
        pruned = self._completion.may_prune(batch) and self._completion.files_are_pruned(batch)
        while directories and batch not in self._removing and (pruned or not directories[0].prunes):
            held = heapq.heappop(directories)
            if self._offer(held):
                self._removing[batch] = held.turn[2]
        if not directories:
            self._directories.pop(batch, None)

    def _offer(self, held: _Held) -> bool:
        """False: it was stopped or moved meanwhile."""
        job = held.turn[2]
        if self._held.get(job) != held.turn:
            return False
        del self._held[job]
        heapq.heappush(self._lanes[held.lane], held.turn)
        return True

    def _take_prunes(self, batch: int) -> list[int]:
        """The deletions that are held back, in no batch any more."""
        directories = self._directories.pop(batch, [])
        prunes = [*self._files.pop(batch, ()), *(held for held in directories if held.prunes)]
        if others := [held for held in directories if not held.prunes]:
            heapq.heapify(others)
            self._directories[batch] = others
        jobs = [held.turn[2] for held in prunes if self._held.get(held.turn[2]) == held.turn]
        for job in jobs:
            del self._held[job]
        return jobs


def lane_of(job: Job) -> Lane:
    """Where the connections of a job's run are counted."""
    return Lane(job.source.endpoint, job.target.endpoint)


def _lane(job: Job) -> Lane:
    """A cancelled job's destination alone is cleaned up: it does not wait for its source."""
    source = job.target if job.cancelling else job.source
    return Lane(source.endpoint, job.target.endpoint, job.cancelling)


def _turn(job: Job) -> _Turn:
    return (-job.priority, job.seq, job.id)


def _written(job: Job) -> tuple[Place, ...]:
    """The addresses that no other job may write at the same time."""
    return (job.target, job.source) if job.op is Op.RENAME else (job.target,)
