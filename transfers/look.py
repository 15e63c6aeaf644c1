"""A queue that nobody works, only looked at: its jobs as they were left, and why they stand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from transfers.book import Book
from transfers.engine import JOURNAL_NAME
from transfers.gate import Gate
from transfers.journal import Journal
from transfers.limit import Limiter
from transfers.limits import Limits
from transfers.lock import QueueLock
from transfers.model import Job, Snapshot
from transfers.recover import at_rest, checkpoint, has_parts
from transfers.view import View


def look(directory: Path) -> Snapshot:
    """Every job of the queue in `directory`, which is made (0700) when there is none.

    An engine would queue again what waits for a person, and why it waits would be lost. Raises
    QueueInUse, JournalError.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = QueueLock(directory)
    try:
        with closing(Journal(directory / JOURNAL_NAME)) as journal:
            return _seen(journal)
    finally:
        lock.release()


def _seen(journal: Journal) -> Snapshot:
    jobs = [at_rest(job) for job in journal.load()]
    view, limits = View(time.monotonic), _limits()
    view.start(Book(jobs))
    for job, kept in _kept(journal, jobs):
        view.ended(job.id, kept)
    limits.restore(journal.settings(), None, None)
    limits.show(view)
    view.notice = journal.notice
    return view.snapshot(0, len(jobs))


def _limits() -> Limits:
    """What a person set is read as an engine reads it; nothing is ever started with it."""
    return Limits(Limiter(time.monotonic), Gate(lambda endpoint: 1))


def _kept(journal: Journal, jobs: Sequence[Job]) -> list[tuple[Job, int]]:
    """The jobs that go on where they ended, and how many bytes of each are across."""
    found = [(job, checkpoint(job, journal.parts(job.id))) for job in jobs if has_parts(job)]
    return [(job, kept.offset) for job, kept in found if kept is not None]
