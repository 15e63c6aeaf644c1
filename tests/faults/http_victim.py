"""A download in a process of its own, to be killed at any moment: see `http_kills`."""

from __future__ import annotations

import queue as queues
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from providers.access import Access
from providers.base import Capabilities, Parts, Place, Provider
from providers.local import LocalProvider
from providers.registry import open_provider
from transfers.engine import Engine
from transfers.model import FINISHED, Enqueue, Job, JobState, NewJob, Op, StateChanged

PART = 256 << 10  # bytes
RATE = 32 << 20  # bytes a second
_AT_REST = FINISHED | {JobState.PARKED}


class _SmallParts(LocalProvider):
    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, parts=Parts("any", min_size=1, max_size=PART))


def work(directory: str, source: tuple[str, str], target: str, told: Connection) -> None:
    """In a process of its own: finish what is in the queue, or begin; say how the job ended."""

    def opened(endpoint: str) -> Provider:
        if endpoint == "file:":
            return _SmallParts()
        return open_provider(endpoint, Access(Path(directory) / "known_hosts"))

    ended: queues.SimpleQueue[Job] = queues.SimpleQueue()

    def hear(changes: Sequence[StateChanged]) -> None:
        for change in changes:
            if change.job.state in _AT_REST:
                ended.put(change.job)

    engine = Engine(Path(directory), opened, rate=RATE, random=lambda: 0.0)
    engine.listen(hear)
    if not engine.snapshot(0, 1).count:
        engine.send(Enqueue((NewJob(Op.COPY, Place(*source), Place("file:", target)),)))
    told.send("works")
    rows = engine.snapshot(0, 1).rows
    there = rows and rows[0].job.state in _AT_REST
    job = rows[0].job if there else ended.get()
    engine.close()
    told.send((str(job.state), str(job.proof and job.proof.word), job.reason))
