"""Short ways to make jobs, entries and drafts for the tests of the queue's pure parts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from providers.base import Entry, Kind, Place
from transfers.book import Book
from transfers.commands import carry_out
from transfers.draft import Draft
from transfers.model import Command, Job, JobState, NewJob, Op

LEFT = "memory://left"
RIGHT = "memory://right"


def make_job(number: int, state: JobState = JobState.QUEUED, **fields: object) -> Job:
    given: dict[str, object] = {
        "id": number,
        "batch": 1,
        "seq": number,
        "key": f"{number:08x}",
        "op": Op.COPY,
        "source": Place(LEFT, f"/{number}"),
        "target": Place(RIGHT, f"/{number}"),
        "state": state,
    }
    return Job(**(given | fields))  # type: ignore[arg-type]


def new_job(name: str = "a", *, op: Op = Op.COPY, **fields: object) -> NewJob:
    return NewJob(op, Place(LEFT, f"/{name}"), Place(RIGHT, f"/{name}"), **fields)  # type: ignore[arg-type]


def make_entry(name: str = "a", **fields: object) -> Entry:
    given: dict[str, object] = {"path": f"/{name}", "name": name, "kind": Kind.FILE}
    return Entry(**(given | fields))  # type: ignore[arg-type]


class Desk:
    """A book, and commands carried out on it one cycle at a time."""

    def __init__(self, jobs: Iterable[Job] = (), now: float = 1000.0) -> None:
        self.book = Book(jobs)
        self.now = now
        self._keys = (f"{n:08x}" for n in itertools.count(0xA0))

    def draft(self) -> Draft:
        return Draft(self.book, self.now)

    def give(self, *commands: Command) -> tuple[int, ...]:
        """Carry out `commands` in one cycle; returns what the last one concerned."""
        draft = self.draft()
        concerned: tuple[int, ...] = ()
        for command in commands:
            concerned = carry_out(command, draft, lambda: next(self._keys))
        self.last = draft
        self.book.apply(draft.changes)
        return concerned

    def job(self, number: int) -> Job:
        job = self.book.get(number)
        assert job is not None
        return job

    def order(self) -> list[int]:
        return [job.id for job in self.book]
