"""When a mirror's deletions run: after all the rest of it succeeded, files before directories."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from providers.base import Place
from tests.transfers.samples import RIGHT, make_job
from tests.transfers.test_schedule import Queue
from transfers.model import SAME, Job, JobState, Op
from transfers.schedule import lane_of

S = JobState


def _prune(number: int, path: str = "", *, folder: bool = False) -> Job:
    target = Place(RIGHT, path or f"/{number}")
    return make_job(number, op=Op.PRUNE, target=target, agreed=None if folder else "v")


def _refused(queue: Queue) -> list[tuple[int, list[int]]]:
    """As the coordinator does: what is refused is skipped."""
    refused = queue.schedule.refused()
    for _, numbers in refused:
        for number in numbers:
            queue.turn(number, S.SKIPPED)
    return refused


def test_files_are_deleted_at_once_after_the_last_copy_of_their_batch() -> None:
    queue = Queue(_prune(3), _prune(4), make_job(1), make_job(2))
    assert queue.take_all() == [1, 2]
    queue.turn(1, S.DONE)
    assert queue.take_all() == []
    queue.turn(2, S.DONE)
    assert _refused(queue) == []
    assert queue.take_all() == [3, 4]


def test_directories_are_deleted_one_after_another_after_the_files_the_deepest_first() -> None:
    queue = Queue(
        _prune(1, "/a", folder=True),
        _prune(2, "/a/b/c", folder=True),
        _prune(3, "/a/b", folder=True),
        _prune(4, "/a/b/c/f"),
        _prune(5, "/a/f"),
    )
    assert queue.take_all() == [4, 5]
    queue.turn(4, S.DONE)
    assert queue.take_all() == []
    queue.turn(5, S.PAUSED)
    assert queue.take_all() == []
    queue.turn(5, S.QUEUED)
    assert queue.take_all() == [5]
    queue.turn(5, S.FAILED)
    assert queue.take_all() == [2]
    queue.turn(2, S.WAITING)
    assert queue.take_all() == []
    queue.turn(2, S.QUEUED)
    assert queue.take_all() == [2]
    queue.turn(2, S.DONE)
    assert queue.take_all() == [3]
    queue.turn(3, S.SKIPPED)
    assert queue.take_all() == [1]


@pytest.mark.parametrize("state", [S.FAILED, S.CANCELLED, S.SKIPPED])
def test_after_a_copy_that_did_not_succeed_all_deletions_are_refused(state: JobState) -> None:
    queue = Queue(make_job(1), make_job(2), _prune(3), _prune(4, folder=True))
    queue.turn(1, state)
    assert _refused(queue) == []
    assert queue.take_all() == [2]
    queue.turn(2, S.DONE)
    assert queue.take_all() == []
    assert _refused(queue) == [(1, [3, 4])]
    assert queue.take_all() == []
    assert _refused(queue) == []


@pytest.mark.parametrize("fields", [{"reason": SAME}, {"op": Op.NOTE, "reason": "a link"}])
def test_what_was_the_same_or_left_out_by_choice_hinders_no_deletion(
    fields: dict[str, object],
) -> None:
    queue = Queue(make_job(1, S.SKIPPED, **fields), _prune(2))
    assert _refused(queue) == []
    assert queue.take_all() == [2]


@pytest.mark.parametrize("state", [S.FAILED, S.SKIPPED])
def test_a_deletion_that_did_not_succeed_hinders_no_other(state: JobState) -> None:
    queue = Queue(_prune(1), _prune(2), _prune(3, "/d", folder=True))
    queue.turn(1, state)
    assert queue.take_all() == [2]
    queue.turn(2, S.DONE)
    assert _refused(queue) == []
    assert queue.take_all() == [3]


def test_a_copy_that_is_tried_again_holds_the_deletions_until_it_is_done() -> None:
    queue = Queue(make_job(1), make_job(2), _prune(3))
    queue.turn(1, S.FAILED)
    queue.turn(1, S.QUEUED)
    queue.turn(2, S.DONE)
    assert _refused(queue) == []
    assert queue.take_all() == [1]
    queue.turn(1, S.DONE)
    assert queue.take_all() == [3]


def test_a_deletion_that_was_released_is_held_again_when_a_copy_goes_on_after_all() -> None:
    queue = Queue(make_job(1, S.DONE), _prune(2), _prune(3, "/d", folder=True))
    queue.closed = {lane_of(make_job(1))}
    assert queue.take() is None
    queue.turn(1, S.QUEUED)
    queue.closed.clear()
    assert queue.take_all() == [1]
    queue.turn(1, S.FAILED)
    assert _refused(queue) == [(1, [2, 3])]


def test_a_deletion_that_rested_is_refused_when_it_goes_on_after_a_failure() -> None:
    queue = Queue(make_job(1), _prune(2))
    queue.turn(2, S.PAUSED)
    queue.turn(1, S.FAILED)
    assert _refused(queue) == []
    queue.turn(2, S.QUEUED)
    assert _refused(queue) == [(1, [2])]


def test_a_deletion_that_was_moved_or_cancelled_is_refused_once_or_not_at_all() -> None:
    queue = Queue(make_job(1), _prune(2), _prune(3))
    queue.put(replace(queue.jobs[2], seq=9))
    queue.turn(3, S.CANCELLED)
    queue.turn(1, S.FAILED)
    assert _refused(queue) == [(1, [2])]


def test_another_batch_hinders_no_deletion() -> None:
    queue = Queue(make_job(1, batch=2), _prune(2))
    queue.turn(1, S.FAILED)
    assert _refused(queue) == []
    assert queue.take_all() == [2]


def test_while_a_file_gets_another_name_nobody_writes_either_address() -> None:
    old, new = Place(RIGHT, "/old"), Place(RIGHT, "/new")
    queue = Queue(
        make_job(1, op=Op.RENAME, source=old, target=new),
        make_job(2, target=old),
        make_job(3, target=new),
        make_job(4, op=Op.RENAME, source=new, target=Place(RIGHT, "/newer")),
    )
    assert queue.take_all() == [1]
    queue.turn(1, S.DONE)
    assert queue.take_all() == [2, 3]
    queue.turn(3, S.DONE)
    assert queue.take_all() == [4]


def test_a_great_many_deletions_take_no_time_to_hold_back() -> None:
    """Each copy that ends is looked at once, whatever waits for it."""
    count = 30_000
    queue = Queue(*(_prune(n, f"/d/{n}", folder=n % 2 == 0) for n in range(1, count + 1)))
    copies = [make_job(n) for n in range(count + 1, 2 * count + 1)]
    for job in copies:
        queue.put(job)
    began = time.perf_counter()
    for job in copies:
        queue.turn(job.id, S.DONE)
        queue.schedule.refused()
    assert len(queue.take_all()) == count // 2
    assert time.perf_counter() - began < 20
