"""Sources that are opened instead of looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from providers.base import Capabilities, Place, Reader
from providers.errors import NotFound
from tests.transfers.queue_case import LEFT, RIGHT, Memory, QueueCase
from tests.transfers.run_case import transferring
from transfers.batch import SMALL, Sizes
from transfers.control import Stopped
from transfers.model import JobState, NewJob, Op, Policy, SetLimits
from transfers.worker import bring

S = JobState
COUNT = 10


class Telling(Memory):
    """A place whose reads tell what a look does; counts what it is asked, and what is open."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.open = 0
        self.store.fail = lambda operation, path: self.asked.update([operation])

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, told_when_read=True, near=False)

    @contextmanager
    def read(
        self, path: str, *, offset: int = 0, length: int | None = None, version: str | None = None
    ) -> Iterator[Reader]:
        with super().read(path, offset=offset, length=length, version=version) as reader:
            self.open += 1
            try:
                yield reader
            finally:
                self.open -= 1


@pytest.fixture
def telling(case: QueueCase, monkeypatch: pytest.MonkeyPatch) -> Telling:
    monkeypatch.setattr(Sizes, "of", lambda sizes, lane: COUNT)
    monkeypatch.setattr("transfers.runner.SECONDS", 60.0)
    monkeypatch.setattr("transfers.runs.LOOK_SECONDS", 60.0)
    place = Telling()
    case.left = case.places[LEFT] = place
    case.engine.send(SetLimits(workers=1))
    return place


def _send(case: QueueCase, policy: Policy = Policy.ASK) -> tuple[int, ...]:
    new = []
    for n in range(COUNT):
        if case.left.get(f"/{n}") is None:
            case.left.put(f"/{n}", f"{n}".encode())
        new.append(NewJob(Op.COPY, Place(LEFT, f"/{n}"), Place(RIGHT, f"/{n}"), size=1))
    return case.send_new(*new, policy=policy)


def test_each_small_file_is_read_once_and_looked_at_once_after_that(
    case: QueueCase, telling: Telling
) -> None:
    jobs = case.finish(*_send(case))
    assert {job.state for job in jobs} == {S.DONE}
    assert all(case.right.get(f"/{n}") == f"{n}".encode() for n in range(COUNT))
    assert (telling.asked["read"], telling.asked["stat"], telling.open) == (COUNT, COUNT, 0)


def test_what_changes_while_it_is_read_is_noticed(case: QueueCase, telling: Telling) -> None:
    changed: list[str] = []

    def change(operation: str, path: str) -> None:
        if operation == "chunk" and path == "/7" and not changed:
            changed.append(path)
            telling.put("/7", b"changed")

    telling.store.fail = change
    numbers = _send(case)
    jobs = case.finish(*numbers)
    assert {job.state for job in jobs} == {S.DONE}
    assert case.right.get("/7") == b"changed"
    assert [job.id for job in jobs if job.restarts] == [numbers[7]]


def test_nothing_is_read_that_is_not_wanted(case: QueueCase, telling: Telling) -> None:
    for n in range(COUNT):
        case.right.put(f"/{n}", b"mine")
    jobs = case.finish(*_send(case, Policy.SKIP))
    assert {job.state for job in jobs} == {S.SKIPPED}
    assert telling.asked["read"] == 0


def test_one_that_is_gone_fails_and_the_others_do_not(case: QueueCase, telling: Telling) -> None:
    def gone(operation: str, path: str) -> None:
        if path == "/7":
            raise NotFound(path)

    telling.store.fail = gone
    numbers = _send(case)
    failed = [job.id for job in case.finish(*numbers) if job.state is S.FAILED]
    assert failed == [numbers[7]]


def test_what_was_opened_for_nothing_is_closed_at_once() -> None:
    place, target = Telling(), Memory()
    place.put("/a", bytes(SMALL + 1))
    run, _ = transferring(place, target)
    run.alone = False
    run.job = replace(run.job, state=S.PREPARING, upload=None)
    with pytest.raises(Stopped):
        bring(run)
    assert (place.asked["read"], place.open) == (1, 0)
