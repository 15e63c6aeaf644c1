"""A server that cannot be reached for a while: the queue waits for it, and loses nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from providers.base import Place
from providers.errors import ConnectionLost, Unreachable
from tests.transfers.queue_case import LEFT, PART, RIGHT, Hold, QueueCase
from transfers.model import RUNNING, Cancel, Job, JobState, NewJob, Op, Pause, Resume, Retry

S = JobState
_WORKERS = 4


class Server:
    """For `Store.fail`: cannot be reached as long as `down`; counts who tries in `knocks`.

    After `most` knocks it is there again.
    """

    def __init__(self, endpoint: str = RIGHT, most: int = 1 << 30) -> None:
        self.down = True
        self.knocks = 0
        self._endpoint, self._most = endpoint, most
        self._lock = threading.Lock()

    def __call__(self, operation: str, path: str) -> None:
        with self._lock:
            if not self.down:
                return
            self.knocks += 1
            self.down = self.knocks < self._most
        raise Unreachable(self._endpoint, "nobody is at home")


def _queue(case: QueueCase, count: int) -> list[int]:
    for number in range(count):
        case.left.put(f"/{number}", os.urandom(PART + number))
    new = [
        NewJob(Op.COPY, Place(LEFT, f"/{n}"), Place(RIGHT, f"/{n}"), size=PART + n)
        for n in range(count)
    ]
    return list(case.send_new(*new))


def _at_once(case: QueueCase) -> list[int]:
    """How many jobs ran at once after each change, from when the first ones gave up."""
    running: set[int] = set()
    counts, gave_up = [], 0
    for change in case.watch.heard:
        job = change.job
        gave_up += job.state is S.WAITING
        (running.add if job.state in RUNNING else running.discard)(job.id)
        if job.state is S.TRANSFERRING:
            break
        if gave_up >= _WORKERS:
            counts.append(len(running))
    return counts


@pytest.fixture
def long_rest(case: QueueCase, monkeypatch: pytest.MonkeyPatch) -> QueueCase:
    """An endpoint that cannot be reached rests for five minutes: too long for a test."""
    monkeypatch.setattr("transfers.retry.FIRST_DELAY", 1e6)
    case.restart(random=lambda: 1.0)  # type: ignore[arg-type]
    return case


@pytest.mark.usefixtures("soon")
def test_B7_an_outage_costs_no_attempt_and_one_job_at_a_time_knocks(case: QueueCase) -> None:
    case.right.store.fail = server = Server(most=20)
    jobs = case.finish(*_queue(case, 30))
    assert server.knocks == 20
    assert {(job.state, job.attempt, job.reason) for job in jobs} == {(S.DONE, 1, "")}
    counts = _at_once(case)
    assert len(counts) > 20
    assert max(counts) == 1
    assert all(case.right.get(f"/{n}") == case.left.get(f"/{n}") for n in range(30))


@pytest.mark.usefixtures("soon")
def test_B7_the_same_goes_for_a_source(case: QueueCase) -> None:
    case.left.store.fail = server = Server(LEFT, most=20)
    jobs = case.finish(*_queue(case, 30))
    assert server.knocks == 20
    assert {(job.state, job.attempt) for job in jobs} == {(S.DONE, 1)}
    assert max(_at_once(case)) == 1


@pytest.mark.usefixtures("soon")
def test_B7_after_the_hour_attempts_count_and_the_queue_ends(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfers.outage.FREE_SECONDS", 0.0)
    case.right.store.fail = server = Server()
    jobs = case.finish(*_queue(case, 3))
    assert {(job.state, job.attempt) for job in jobs} == {(S.FAILED, 8)}
    assert server.knocks == 24
    assert jobs[0].reason == (
        f"{RIGHT}: cannot be reached: nobody is at home."
        " Check the network, the address and that the server is running."
    )
    case.engine.send(Resume(()))  # answered once what came before is taken in
    assert case.engine.idle


def test_B7_a_person_is_told_that_it_is_tried_again_and_when(long_rest: QueueCase) -> None:
    case = long_rest
    case.right.store.fail = Server()
    (number,) = _queue(case, 1)
    job = case.reach(number, S.WAITING)
    assert job.attempt == 0
    assert job.reason.startswith(f"{RIGHT}: cannot be reached: nobody is at home. Check")
    assert job.reason.endswith("It is tried again.")
    row = case.engine.row(number)
    assert row is not None and row.retry_in is not None and 290 < row.retry_in <= 300


def _resume(case: QueueCase, waiting: int) -> None:
    case.engine.send(Resume((waiting,)))


def _retry(case: QueueCase, waiting: int) -> None:
    case.engine.send(Retry((waiting,)))


def _pause_and_resume(case: QueueCase, waiting: int) -> None:
    case.engine.send(Pause((waiting,)))
    case.engine.send(Resume((waiting,)))


@pytest.mark.parametrize("ask", [_resume, _retry, _pause_and_resume])
def test_B7_a_person_who_asks_for_one_job_opens_the_server_for_all(
    long_rest: QueueCase, ask: Callable[[QueueCase, int], None]
) -> None:
    case = long_rest
    case.right.store.fail = server = Server()
    numbers = _queue(case, 10)
    for number in numbers[:_WORKERS]:
        case.reach(number, S.WAITING)
    assert server.knocks == _WORKERS
    server.down = False
    ask(case, numbers[1])
    assert {(job.state, job.attempt) for job in case.finish(*numbers)} == {(S.DONE, 1)}


def test_B7_a_job_that_is_cancelled_does_not_wait_for_its_server(long_rest: QueueCase) -> None:
    case = long_rest
    case.right.store.fail = Hold("put_part", times=99, error=Unreachable(RIGHT))
    (number,) = _queue(case, 1)
    case.reach(number, S.WAITING)
    case.engine.send(Cancel((number,)))
    job = case.reach(number, S.CANCELLED)
    assert job.reason == f"its unfinished bytes may be left behind: {RIGHT} cannot be reached"


def test_B7_a_cancelled_job_is_cleaned_up_though_its_source_cannot_be_reached(
    long_rest: QueueCase,
) -> None:
    case = long_rest
    case.left.put("/a", os.urandom(5 * PART))
    case.left.store.fail = Hold("chunk", nth=4, times=99, error=Unreachable(LEFT))
    number = case.copy()
    case.reach(number, S.WAITING)
    assert case.right.leftovers() != []
    case.engine.send(Cancel((number,)))
    assert case.reach(number, S.CANCELLED).reason == ""
    assert case.right.leftovers() == []


def _failed_after_four_parts(case: QueueCase) -> tuple[int, Hold, Job]:
    case.left.put("/a", os.urandom(8 * PART))
    lost = ConnectionLost("/a")
    case.right.store.fail = hold = Hold("put_part", nth=5, times=8, error=lost)
    number = case.copy()
    (job,) = case.finish(number)
    assert (job.state, job.attempt, job.sent) == (S.FAILED, 8, 4 * PART)
    assert hold.calls == 12
    return number, hold, job


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.usefixtures("soon")
def test_a_job_that_failed_goes_on_behind_its_stored_parts_when_it_is_retried(
    case: QueueCase, restart: bool
) -> None:
    number, hold, _ = _failed_after_four_parts(case)
    if restart:
        case.restart()
    row = case.engine.row(number)
    assert row is not None and row.moved == 4 * PART
    case.engine.send(Retry())
    job = case.reach(number, S.DONE)
    assert (job.attempt, hold.calls) == (1, 16)
    assert case.right.get("/a") == case.left.get("/a")


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.usefixtures("soon")
def test_a_job_that_failed_is_sent_from_the_start_when_its_source_is_another_one(
    case: QueueCase, restart: bool
) -> None:
    number, hold, _ = _failed_after_four_parts(case)
    case.left.put("/a", os.urandom(8 * PART))
    if restart:
        case.restart()
    case.engine.send(Retry())
    case.reach(number, S.DONE)
    assert hold.calls == 20
    assert case.right.get("/a") == case.left.get("/a")
