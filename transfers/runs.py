"""The jobs that run: each with its thread, its switch and the watch over it."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from providers.base import Interruptible, Place
from transfers.control import Checkpoint, Control, Stop
from transfers.crew import Crew
from transfers.draft import Signal
from transfers.journal import Part
from transfers.limit import Limiter
from transfers.messages import Ended, Message, Reported, Widened
from transfers.model import Job, JobState
from transfers.pool import ProviderPool
from transfers.run import Run
from transfers.runner import run_job
from transfers.watchdog import LOW_SPEED, STOP_SECONDS, LowSpeed, Watch


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
        inbox: queue.SimpleQueue[Message],
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
        self._runs: dict[int, Run] = {}
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

    def start(self, job: Job, checkpoint: Checkpoint | None, *, clean: bool) -> Control:
        """Have `job` worked in a thread. `clean`: nothing of it lies unfinished."""
        control = Control()
        control.checkpoint = checkpoint
        if not clean:
            control.touches()
        run = Run(
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
        self._runs[job.id] = run
        self._watches[job.id] = Watch(self._tuning.low_speed)
        self._crew.start(partial(run_job, run, self._inbox))
        return control

    def ended(self, job: int) -> None:
        """Let go of a run that is over."""
        self._runs.pop(job, None)
        self._watches.pop(job, None)

    def signal(self, signal: Signal) -> None:
        """Tell a run to stop, or that it need not pause after all."""
        run = self._runs.get(signal.job)
        if run is None:
            return
        if signal.why is None:
            run.control.take_back_pause()
        else:
            run.control.stop(signal.why)
            if signal.why is Stop.CANCEL and run.control.give_up():
                self._give_up(run)

    def _give_up(self, run: Run) -> None:
        """Nothing of it lies anywhere: nobody waits for its server, nor until it is cut off."""
        cancelled = replace(run.job, state=JobState.CANCELLED, reason="", begun=False)
        self._inbox.put(Ended(cancelled))
        cut = threading.Timer(STOP_SECONDS, self._interrupt, (run,))
        cut.daemon = True
        cut.start()

    def stop_all(self) -> None:
        """They end soon and keep what they have."""
        for run in self._runs.values():
            run.control.stop(Stop.QUIT)

    def watch(self) -> None:
        """Cut off what does not stop when told to, or hardly moves."""
        now = time.monotonic()
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
