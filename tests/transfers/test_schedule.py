"""Which job runs next."""

from __future__ import annotations

import itertools
from dataclasses import replace

from providers.base import Place
from tests.transfers.samples import LEFT, RIGHT, make_job
from transfers.model import Job, JobState, Op
from transfers.schedule import Lane, Schedule


class Queue:
    """A schedule and the jobs it is told of."""

    def __init__(self, *jobs: Job) -> None:
        self.schedule = Schedule()
        self.jobs: dict[int, Job] = {}
        self.closed: set[Lane] = set()
        for job in jobs:
            self.put(job)

    def put(self, job: Job) -> None:
        self.schedule.note(self.jobs.get(job.id), job)
        self.jobs[job.id] = job

    def turn(self, number: int, state: JobState) -> None:
        self.put(replace(self.jobs[number], state=state))

    def drop(self, number: int) -> None:
        self.schedule.note(self.jobs.pop(number), None)

    def take(self) -> int | None:
        job = self.schedule.take(self.jobs.get, lambda lane: lane not in self.closed)
        if job is None:
            return None
        self.turn(job.id, JobState.PREPARING)
        return job.id

    def take_all(self) -> list[int]:
        taken = []
        while (number := self.take()) is not None:
            taken.append(number)
        return taken


_NUMBERS = itertools.count()


def _to(endpoint: str) -> Place:
    return Place(endpoint, f"/{next(_NUMBERS)}")


def test_jobs_run_in_queue_order_across_lanes() -> None:
    jobs = [make_job(n, target=_to(f"memory://{n % 3}")) for n in (4, 2, 5, 1, 3)]
    assert Queue(*jobs).take_all() == [1, 2, 3, 4, 5]


def test_a_lane_without_room_is_passed_over_not_waited_for() -> None:
    queue = Queue(*(make_job(n, target=_to(f"memory://{n % 2}")) for n in (1, 2, 3, 4)))
    queue.closed = {Lane(LEFT, "memory://1")}
    assert queue.take_all() == [2, 4]
    queue.closed.clear()
    assert queue.take_all() == [1, 3]


def test_only_queued_jobs_are_taken() -> None:
    queue = Queue(*(make_job(n) for n in (1, 2, 3)))
    queue.turn(1, JobState.PAUSED)
    queue.drop(2)
    assert queue.take_all() == [3]
    queue.turn(1, JobState.QUEUED)
    assert queue.take_all() == [1]


def test_a_job_moved_and_moved_back_runs_once() -> None:
    queue = Queue(*(make_job(n) for n in (1, 2)))
    queue.put(replace(queue.jobs[1], seq=9))
    queue.put(replace(queue.jobs[1], seq=1))
    assert queue.take_all() == [1, 2]


def test_a_job_moved_down_runs_later() -> None:
    queue = Queue(*(make_job(n) for n in (1, 2)))
    queue.put(replace(queue.jobs[1], seq=9))
    assert queue.take_all() == [2, 1]


def test_waiting_jobs_come_back_when_their_time_has_come() -> None:
    schedule = Schedule()
    assert schedule.next_due() is None
    schedule.wait(7, 20.0)
    schedule.wait(8, 10.0)
    assert schedule.next_due() == 10.0
    assert schedule.due(9.9) == []
    assert schedule.due(10.0) == [8]
    assert schedule.due(100.0) == [7]
    assert schedule.next_due() is None


def _removal(number: int) -> Job:
    return make_job(number, op=Op.REMOVE_DIR)


def test_directories_are_removed_only_after_the_last_file_of_their_batch() -> None:
    queue = Queue(make_job(1), make_job(2), _removal(3))
    assert queue.take_all() == [1, 2]
    queue.turn(1, JobState.DONE)
    queue.turn(2, JobState.PAUSED)
    assert queue.take() is None
    queue.turn(2, JobState.FAILED)
    assert queue.take() == 3


def test_another_batch_does_not_hold_a_removal() -> None:
    queue = Queue(make_job(1, batch=2), _removal(2))
    queue.closed = {Lane(LEFT, RIGHT)}
    assert queue.take() is None
    queue.closed.clear()
    assert queue.take_all() == [1, 2]


def test_a_directory_is_removed_only_after_the_one_below_it() -> None:
    queue = Queue(_removal(1), _removal(2), _removal(3))
    assert queue.take_all() == [1]
    queue.turn(1, JobState.WAITING)
    assert queue.take_all() == []
    queue.turn(1, JobState.QUEUED)
    assert queue.take_all() == [1]
    queue.turn(1, JobState.DONE)
    assert queue.take_all() == [2]
    queue.turn(2, JobState.SKIPPED)
    assert queue.take_all() == [3]


def test_a_removal_that_is_taken_out_of_the_queue_does_not_hold_the_next() -> None:
    queue = Queue(_removal(1), _removal(2), _removal(3))
    queue.turn(1, JobState.CANCELLED)
    queue.drop(1)
    assert queue.take_all() == [2]
    queue.turn(2, JobState.PARKED)  # once it is answered, the one above it would not be empty yet
    assert queue.take_all() == []
    queue.turn(2, JobState.FAILED)
    assert queue.take_all() == [3]


def test_a_removal_moved_to_the_top_still_waits_for_the_files() -> None:
    queue = Queue(make_job(1), _removal(2))
    queue.put(replace(queue.jobs[2], seq=-1))
    assert queue.take() == 1
    assert queue.take() is None
    queue.turn(1, JobState.DONE)
    assert queue.take() == 2


def test_removals_that_were_stopped_or_moved_before_their_turn_hold_nobody() -> None:
    queue = Queue(make_job(1), _removal(2), _removal(3), _removal(4))
    queue.turn(2, JobState.CANCELLED)
    queue.put(replace(queue.jobs[3], seq=9))
    assert queue.take() == 1
    queue.turn(1, JobState.DONE)
    assert queue.take() == 4
    queue.turn(4, JobState.DONE)
    assert queue.take() == 3


def test_G2_a_job_waits_for_the_one_that_writes_its_destination() -> None:
    queue = Queue(*(make_job(n, target=Place(RIGHT, f"/{n % 2}")) for n in (1, 2, 3)))
    assert queue.take_all() == [1, 2]
    queue.turn(1, JobState.TRANSFERRING)
    assert queue.take() is None
    queue.turn(1, JobState.DONE)
    assert queue.take_all() == [3]


def test_G2_a_renamed_destination_lets_go_of_the_one_it_was_taken_for() -> None:
    queue = Queue(*(make_job(n, target=Place(RIGHT, "/x")) for n in (1, 2)))
    assert queue.take_all() == [1]
    queue.put(replace(queue.jobs[1], state=JobState.TRANSFERRING, target=Place(RIGHT, "/x (2)")))
    queue.turn(1, JobState.WAITING)
    assert queue.take_all() == [2]


def test_higher_priorities_go_first_whatever_their_place() -> None:
    queue = Queue(*(make_job(n, priority=p) for n, p in ((1, 0), (2, -1), (3, 2), (4, 0))))
    assert queue.take_all() == [3, 1, 4, 2]


def test_a_job_that_is_only_known_is_not_taken_but_holds_the_removals_back() -> None:
    queue = Queue()
    file, removal = make_job(1), make_job(2, op=Op.REMOVE_DIR)
    for job in (file, removal):
        queue.jobs[job.id] = job
        queue.schedule.note(None, job, known_only=True)
    assert queue.take_all() == []
    for job in (file, removal):
        queue.schedule.note(job, job)
    assert queue.take_all() == [1]
    queue.turn(1, JobState.DONE)
    assert queue.take_all() == [2]


def test_a_job_that_was_put_back_is_offered_again_and_its_destination_is_free() -> None:
    queue = Queue(make_job(1, target=Place(RIGHT, "/x")), make_job(2, target=Place(RIGHT, "/x")))
    job = queue.schedule.take(queue.jobs.get, lambda lane: True)
    assert job is not None
    queue.schedule.put_back(job)
    assert queue.take_all() == [1]
    queue.turn(1, JobState.DONE)
    assert queue.take_all() == [2]
