"""Small files that one thread brings across together: the queue hears of all of them at once.

For each of them alone, waking the coordinator and waiting for its commit takes several times as
long as moving the bytes. A batch is short in time, so that a pause, a hold and the other threads
need not wait for it; what its thread has not begun may be taken back.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from transfers.model import Job, Op

if TYPE_CHECKING:
    from transfers.run import Run
    from transfers.schedule import Lane

SECONDS = 0.25  # what a batch is to take: nobody sees the states within it
SMALL = 1 << 20
"""Bytes: what is lost of such a file is not worth waiting for the journal. That an upload of it may
have begun is journaled before it runs (`Job.begun`), and its path and key are enough to find it."""

BYTES = 8 << 20
"""Of all files of a batch: a place may hold them in memory until they get their names."""

_MOST = 64
_MOST_TOGETHER = 256  # where its files wait together: fewer commits
_TOGETHER_SECONDS = 1.5  # what a batch may take where its files wait together


def is_small(size: int | None) -> bool:
    return size is not None and size <= SMALL


def held(job: Job) -> int:
    """Bytes that a file of a batch may take up until it has its name."""
    if job.op is Op.PRUNE:
        return 0
    return SMALL if job.size is None else job.size


def may_join(job: Job) -> bool:
    """Whether `job` is plain enough for a batch: whatever befell a job, it runs on its own then.

    One of unknown size may; it leaves when it turns out not to be small (`transfers.prepare`).
    """
    fresh = job.started is None and not (job.begun or job.crashes or job.cancelling)
    return fresh and _is_plain(job)


def _is_plain(job: Job) -> bool:
    small = job.size is None or is_small(job.size)
    return job.op is Op.PRUNE or (job.op is Op.COPY and small)


class Batch:
    """The runs that one thread works, in their order. Thread-safe.

    `began` is monotonic, in seconds.
    """

    def __init__(self, runs: Sequence[Run], began: float) -> None:
        self.began = began
        self.count = len(runs)
        self.small = all(_is_plain(run.job) for run in runs)
        self.spent = 0.0  # seconds of its thread, but for waiting for the journal
        self._left = self.count
        self._lock = threading.Lock()
        self._waiting = deque(runs)

    def leaves(self) -> bool:
        """One of the runs is over: whether others are not. Called by the coordinator only."""
        self._left -= 1
        return self._left > 0

    def take(self) -> Run | None:
        """The next one to be worked."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def put_back(self, runs: Sequence[Run]) -> None:
        """Have `runs`, which were taken and not begun, come before those that wait."""
        with self._lock:
            self._waiting.extendleft(reversed(runs))

    def take_back(self, run: Run) -> bool:
        """Whether `run` was not begun, and never will be."""
        with self._lock:
            waited = any(other is run for other in self._waiting)
            self._waiting = deque(other for other in self._waiting if other is not run)
            return waited

    def take_back_all(self) -> Iterator[Run]:
        """What was not begun, and never will be."""
        while (run := self.take()) is not None:
            yield run


class Sizes:
    """How many files a batch has, by lane: as many as its thread brings across in `SECONDS`.

    One, until files of that lane were fast: what is slow is spread over all threads, and seen to be
    under way one by one.
    """

    def __init__(self) -> None:
        self._sizes: dict[Lane, int] = {}

    def of(self, lane: Lane) -> int:
        return self._sizes.get(lane, 1)

    def least(self, lane: Lane) -> int:
        """How many files a batch takes, if there are so many, though others might share them: where
        they wait together, the end of a queue would else be many batches of a few."""
        size = self.of(lane)
        return size // 2 if size > _MOST else 1

    def took(self, lane: Lane, count: int, seconds: float, *, together: bool = False) -> None:
        """Learn from a batch of `count` files. `together`: a place of the lane takes many at once,
        and over distance many take hardly longer than one."""
        most = _MOST_TOGETHER if together else _MOST
        affordable = int(SECONDS * count / seconds) if seconds > 0 else most
        if together and seconds < _TOGETHER_SECONDS:
            affordable = most
        grown = max(self.of(lane), count * (4 if together else 2))
        self._sizes[lane] = max(1, min(affordable, grown, most))
