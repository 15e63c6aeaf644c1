"""A job's queue in a process of its own, to be killed at any moment."""

from __future__ import annotations

import queue as queues
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from providers.base import Provider
from transfers.engine import Engine
from transfers.model import FINISHED, Enqueue, Job, JobState, NewJob, StateChanged

_LOOK_SECONDS = 0.005
_AT_REST = FINISHED | {JobState.PARKED}


def carry(
    directory: Path,
    opened: Callable[[str], Provider],
    new: NewJob,
    told: Connection,
    *,
    rate: int | None = None,
    marks: bool = False,
) -> None:
    """Finish the one job in the queue, or `new` where there is none, and say how it ended.

    `marks`: say also up to which byte parts are journaled, first of all and whenever that moves.
    """
    ended: queues.SimpleQueue[Job] = queues.SimpleQueue()

    def hear(changes: Sequence[StateChanged]) -> None:
        for change in changes:
            if change.job.state in _AT_REST:
                ended.put(change.job)

    engine = Engine(directory, opened, rate=rate, random=lambda: 0.0)
    engine.listen(hear)
    if not engine.snapshot(0, 1).count:
        engine.send(Enqueue((new,)))
    told.send("works")
    if marks:
        _tell_marks(engine, ended, told)
    rows = engine.snapshot(0, 1).rows
    there = rows and rows[0].job.state in _AT_REST
    job = rows[0].job if there else ended.get()
    engine.close()
    told.send((str(job.state), str(job.proof and job.proof.word), job.reason))


def _tell_marks(engine: Engine, ended: queues.SimpleQueue[Job], told: Connection) -> None:
    """Until the job is at rest."""
    last = -1
    while ended.empty():
        (row,) = engine.snapshot(0, 1).rows
        if row.job.sent != last:
            last = row.job.sent
            told.send(last)
        if row.job.state in _AT_REST:
            return
        time.sleep(_LOOK_SECONDS)
