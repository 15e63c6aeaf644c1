"""The jobs that run: each with its thread, its switch and the watch over it."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from providers.base import Interruptible, Place
from providers.many import Batcher
from providers.records import dataclass
from transfers.batch import Batch, Sizes
from transfers.control import Checkpoint, Control, Stop
from transfers.crew import Crew
from transfers.draft import Signal
from transfers.journal import Part
from transfers.limit import Limiter
from transfers.messages import Inbox, Reported, Together, Widened
from transfers.model import Job
from transfers.pool import ProviderPool
from transfers.run import Run
from transfers.runner import never_begun, run_batch
from transfers.schedule import lane_of
from transfers.watchdog import LOOK_SECONDS, LOW_SPEED, STOP_SECONDS, LowSpeed, Watch


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the queue runs. `workers` files at once and `rate` in bytes a second; None: as before.

    `random` (0 to 1) spreads the delays of retries.
    """

    workers: int | None = None
    rate: int | None = None
    random: Callable[[], float] = random.random
    low_speed: LowSpeed = LOW_SPEED


class Runs:
    """Used by the coordinator's thread only. `full`: whether the disk of a folder is."""

    def __init__(
        self,
        inbox: Inbox,
        pool: ProviderPool,
        limiter: Limiter,
        full: Callable[[str, str], bool],
        tuning: Tuning,
    ) -> None:
        self._inbox = inbox
        self._pool = pool
        self._limiter = limiter
        self._full = full
        self._tuning = tuning
        self.sizes = Sizes()
        self._runs: dict[int, Run] = {}
        self._batches: dict[int, Batch] = {}  # by job
        self._watches: dict[int, Watch] = {}
        self._known_directories: set[tuple[Place, str]] = set()
        self._crew = Crew("transfer")

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[int]:
        """The numbers of the jobs."""
        return iter(self._runs)

    def get(self, job: int) -> Run | None:
        return self._runs.get(job)

    def at_once(self, most: int) -> int:
        """How many bytes may move in one piece under the speed limit, where `most` would."""
        return self._limiter.at_once(most)

    def start(self, runs: Sequence[Run]) -> None:
        """Have `runs` worked in a thread, one after the other."""
        batch = Batch(runs, time.monotonic())
        for run in runs:
            run.alone = len(runs) == 1
            self._runs[run.job.id] = run
            self._batches[run.job.id] = batch
            self._watches[run.job.id] = Watch(self._tuning.low_speed)
        self._crew.start(partial(run_batch, batch, self._inbox))

    def made(self, job: Job, checkpoint: Checkpoint | None, *, clean: bool) -> Run:
        """A run for `start`. `clean`: nothing of `job` lies unfinished."""
        control = Control()
        control.checkpoint = checkpoint
        if not clean:
            control.touches()
        return Run(
            job=job,
            control=control,
            limiter=self._limiter,
            provider=self._pool.get,
            reporter=self._report,
            known_directories=self._known_directories,
            widener=self._widen,
            clean=clean,
            full=self._full,
            random=self._tuning.random,
        )

    def ended(self, job: int) -> bool:
        """Let go of a run that is over; whether its thread has no other."""
        run = self._runs.pop(job)
        self._watches.pop(job)
        batch = self._batches.pop(job)
        if batch.leaves():
            return False
        if batch.small and batch.spent:
            lane = lane_of(run.job)
            places = map(self._pool.opened, lane.endpoints)
            together = any(isinstance(place, Batcher) for place in places)
            self.sizes.took(lane, batch.count, batch.spent, together=together)
        return True

    def signal(self, signal: Signal) -> None:
        """Tell a run to stop, or that it need not pause after all."""
        run = self._runs.get(signal.job)
        if run is None:
            return
        if signal.why is None:
            run.control.take_back_pause()
        elif not self._taken_back(run, signal.why):
            run.control.stop(signal.why)
            if signal.why is Stop.CANCEL and run.control.give_up():
                self._give_up(run)

    def _give_up(self, run: Run) -> None:
        """Nothing of it lies anywhere: nobody waits for its server, nor until it is cut off."""
        self._inbox.put(never_begun(run, Stop.CANCEL))
        cut = threading.Timer(STOP_SECONDS, self._interrupt, (run,))
        cut.daemon = True
        cut.start()

    def _taken_back(self, run: Run, why: Stop) -> bool:
        """Whether the run was not begun, and ends here."""
        if not run.clean or not self._batches[run.job.id].take_back(run):
            return False
        if run.control.ends():
            self._inbox.put(never_begun(run, why))
        return True

    def hand_back(self, why: Stop, before: float = math.inf) -> None:
        """Have all that is not begun end, of what was started `before` (monotonic seconds)."""
        for batch in set(self._batches.values()):
            if batch.began < before and (batch.count > 1 or why is not Stop.YIELD):
                back = [run for run in batch.take_back_all() if run.control.ends()]
                if back:
                    self._inbox.put(Together(tuple(never_begun(run, why) for run in back)))

    def stop_all(self) -> None:
        """They end soon and keep what they have."""
        self.hand_back(Stop.QUIT)
        for run in self._runs.values():
            run.control.stop(Stop.QUIT)

    def watch(self) -> None:
        """Cut off what does not stop when told to, or hardly moves; free what waits behind it."""
        now = time.monotonic()
        self.hand_back(Stop.YIELD, now - LOOK_SECONDS)
        for job_id, run in self._runs.items():
            if self._watches[job_id].cut(run.control, now):
                self._interrupt(run)

    def _interrupt(self, run: Run) -> None:
        for endpoint in {run.job.source.endpoint, run.job.target.endpoint}:
            place = self._pool.opened(endpoint)
            if place is not None and isinstance(place, Interruptible):
                for thread in list(run.control.threads):
                    place.interrupt(thread)

    # Called by workers -------------------------------------------------------------------------

    def _report(self, job: Job, part: Part | None, wait: bool) -> Job:
        """With `wait` it returns once the journal has it."""
        message = Reported(job, part, wait)
        self._inbox.put(message)
        return message.reply.result() if wait else job

    def _widen(self, job: int, streams: int) -> int:
        """How many connections at once a run may use, of the `streams` that would be useful."""
        message = Widened(job, streams)
        self._inbox.put(message)
        return message.reply.result()
