"""A queue whose process dies of one of its jobs: run again and again, to see what it makes of it.

Usage: python -m tests.faults.crash.poison QUEUE MANNER SOURCE TARGET [AFTER]

Copies every file of SOURCE to TARGET when QUEUE is new, else goes on with it. The file "poison"
ends the process in MANNER ("exit" or "segfault") once AFTER of its parts are stored in this run.
Without it, every job's state is printed when nothing more can be done.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from providers.base import Body, Capabilities, Parts, Place
from providers.local import LocalProvider
from transfers.engine import Engine
from transfers.model import FINISHED, Enqueue, JobState, NewJob, Op

PART = 1 << 12
POISON = "poison"
_WORKERS = 4
_OTHERS_SECONDS = 0.5  # that the poison waits for others to be under way, and they for its end
_REST = FINISHED | {JobState.PARKED}


class Poisoned(LocalProvider):
    """This computer, on which everything is under way at once when the poison strikes."""

    def __init__(self, end: Callable[[], None], after: int) -> None:
        self._end = end
        self._after = after
        self._changed = threading.Condition()
        self._others = 0
        self._stored = 0

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, parts=Parts(order="any", min_size=1, max_size=PART))

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        if POISON not in upload:
            if index == 0:
                self._be_under_way()
            return super().put_part(upload, index, offset, body)
        if self._stored >= self._after:
            self._strike()
        receipt = super().put_part(upload, index, offset, body)
        self._stored += 1
        return receipt

    def _be_under_way(self) -> None:
        with self._changed:
            self._others += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: False, _OTHERS_SECONDS)  # nothing wakes it

    def _strike(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._others >= _WORKERS - 1, _OTHERS_SECONDS)
        self._end()


def _segfault() -> None:
    signal.raise_signal(signal.SIGSEGV)


_MANNERS: dict[str, Callable[[], None]] = {"exit": lambda: os._exit(70), "segfault": _segfault}


def main(directory: str, manner: str, source: str, target: str, after: str = "0") -> None:
    _dump_no_core()
    place = Poisoned(_MANNERS[manner], int(after))
    new = not Path(directory, "queue.db").exists()
    engine = Engine(Path(directory), lambda endpoint: place, workers=_WORKERS)
    news: queue.SimpleQueue[object] = queue.SimpleQueue()
    engine.listen(news.put)
    if new:
        engine.send(Enqueue(_jobs(Path(source), Path(target))))
    while any(row.job.state not in _REST for row in engine.snapshot().rows):
        news.get()
    rows = engine.snapshot().rows
    engine.close()
    states = {Path(row.job.source.path).name: (row.job.state, row.job.reason) for row in rows}
    sys.stdout.write(json.dumps(states))


def _jobs(source: Path, target: Path) -> tuple[NewJob, ...]:
    """The poison first: it is met by each run."""
    names = sorted(os.listdir(source), key=lambda name: (name != POISON, name))
    return tuple(
        NewJob(Op.COPY, Place("file:", str(source / name)), Place("file:", str(target / name)))
        for name in names
    )


def _dump_no_core() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
