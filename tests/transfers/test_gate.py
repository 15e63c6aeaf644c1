"""How many jobs may run at once, and where none may."""

from __future__ import annotations

from tests.transfers.samples import LEFT, RIGHT, make_job
from transfers.gate import Gate
from transfers.model import JobState
from transfers.schedule import Lane

_LANE = Lane(LEFT, RIGHT)
_OTHER = Lane("memory://a", "memory://b")
_CLEANS = Lane(RIGHT, RIGHT, cleans=True)


def _gate(workers: int = 4, connections: int = 8) -> Gate:
    return Gate(lambda endpoint: connections, workers)


def test_no_more_jobs_run_than_there_are_workers() -> None:
    gate = _gate(workers=2)
    gate.started(_LANE)
    assert gate.has_room(_LANE)
    gate.started(_OTHER)
    assert not gate.has_room(_LANE)
    gate.ended(_OTHER)
    assert gate.has_room(_LANE)


def test_an_endpoint_gets_no_more_jobs_than_it_has_connections() -> None:
    gate = _gate(connections=1)
    gate.started(Lane(LEFT, "memory://x"))
    assert not gate.has_room(_LANE)
    assert gate.has_room(_OTHER)


def test_a_copy_within_one_endpoint_counts_once() -> None:
    gate = _gate(connections=2)
    gate.started(Lane(LEFT, LEFT))
    assert gate.has_room(Lane(LEFT, LEFT))
    gate.started(Lane(LEFT, LEFT))
    assert not gate.has_room(Lane(LEFT, LEFT))


def test_a_resting_lane_opens_when_its_time_has_come() -> None:
    gate = _gate()
    gate.rest(_LANE, 50.0)
    gate.rest(_LANE, 20.0)
    assert gate.next_open(10.0) == 50.0
    assert not gate.has_room(_LANE)
    assert gate.has_room(_OTHER)
    assert gate.next_open(50.0) is None
    assert gate.has_room(_LANE)


def test_a_person_can_wake_a_resting_lane() -> None:
    gate = _gate()
    gate.rest(_LANE, 50.0)
    gate.wake(_LANE)
    assert gate.has_room(_LANE)
    assert gate.next_open(0.0) is None


def test_an_endpoint_that_asks_gets_nothing_until_every_question_is_answered() -> None:
    gate = _gate()
    parked = [make_job(n, JobState.PARKED, asks=RIGHT) for n in (1, 2)]
    for job in parked:
        gate.note(make_job(job.id), job)
    assert not gate.has_room(_LANE)
    assert not gate.has_room(Lane(RIGHT, "memory://x"))
    assert gate.has_room(_OTHER)
    gate.note(parked[0], make_job(1))
    assert not gate.has_room(_LANE)
    gate.note(parked[1], None)
    assert gate.has_room(_LANE)


def test_a_conflict_asks_no_endpoint_and_blocks_none() -> None:
    gate = _gate()
    gate.note(make_job(1), make_job(1, JobState.PARKED))
    assert gate.has_room(_LANE)


def test_a_server_that_cannot_be_reached_gets_nothing_in_any_lane() -> None:
    lost = {RIGHT}
    gate = Gate(lambda endpoint: 8, 4, rests=lost.__contains__)
    assert not gate.has_room(_LANE)
    assert not gate.has_room(Lane(RIGHT, "memory://x"))
    assert gate.has_room(_OTHER)
    lost.clear()
    assert gate.has_room(_LANE)


def test_a_held_gate_lets_nothing_start() -> None:
    gate = _gate()
    gate.held = True
    assert not gate.has_room(_LANE)
    gate.held = False
    assert gate.has_room(_LANE)


def test_what_a_cancelled_job_left_is_removed_whoever_else_runs_and_also_while_held() -> None:
    gate = _gate(workers=1)
    gate.started(_LANE)
    assert gate.has_room(_CLEANS) and not gate.has_room(_LANE)
    gate.held = True
    assert gate.has_room(_CLEANS)


def test_a_clean_up_keeps_to_the_connections_of_its_place_and_to_its_rest() -> None:
    gate = _gate(connections=1)
    gate.started(_LANE)
    assert not gate.has_room(_CLEANS)
    gate.ended(_LANE)
    gate.rest(_CLEANS, 100.0)
    assert not gate.has_room(_CLEANS)


def test_a_limit_of_a_person_wins_over_what_the_place_says() -> None:
    gate = _gate(connections=8)
    gate.site_limits[RIGHT] = 1
    gate.started(_LANE)
    assert not gate.has_room(_LANE)
    assert gate.has_room(_OTHER)


def test_a_large_file_gets_spare_connections_but_leaves_one() -> None:
    gate = _gate(connections=4)
    gate.started(_LANE)
    assert gate.widened(_LANE, 4) == 3
    assert gate.has_room(_LANE)
    gate.started(_LANE)
    assert not gate.has_room(_LANE)
    gate.ended(_LANE, 3)
    assert gate.has_room(_LANE)


def test_without_spare_connections_a_large_file_has_its_one() -> None:
    gate = _gate(connections=2)
    gate.started(_LANE)
    assert gate.widened(_LANE, 4) == 1
