"""The second thing that goes wrong while the first is being dealt with; and what is cleaned up."""

from __future__ import annotations

import json
import os
import threading

import pytest

from providers.base import Place
from providers.errors import AuthRequired, ConnectionLost, Denied
from tests.transfers.queue_case import LEFT, PART, RIGHT, Hold, QueueCase, raises
from transfers.model import (
    Cancel,
    Clear,
    JobState,
    Op,
    ParkReason,
    Pause,
    Policy,
    ProofWord,
    Resume,
    Unpark,
    Verify,
)

S = JobState
LOST = ConnectionLost("/a")


@pytest.mark.usefixtures("quiet")
@pytest.mark.usefixtures("soon")
def test_a_bug_that_also_hits_the_cleaning_up_costs_one_job(case: QueueCase) -> None:
    case.left.put("/a", bytes(2 * PART))
    case.left.put("/b", b"b")
    case.right.store.fail = raises({"put_part": RuntimeError("bug"), "abort": ValueError("bug")})
    job = case.parked(case.copy("/a"), ParkReason.OTHER)
    assert "ValueError" in job.reason
    case.right.store.fail = None
    assert case.finish(case.copy("/b"))[0].state is S.DONE


@pytest.mark.usefixtures("soon")
def test_a_job_that_loses_its_connection_while_it_is_to_pause_is_paused(case: QueueCase) -> None:
    data = os.urandom(3 * PART)
    case.left.put("/a", data)
    paused = threading.Event()

    def cut() -> None:
        assert paused.wait(20)
        raise LOST

    case.right.store.fail = hold = Hold("put_part", nth=2, then=cut)
    number = case.copy()
    hold.wait()
    case.engine.send(Pause((number,)))
    paused.set()
    case.reach(number, S.PAUSED)
    assert S.WAITING not in case.watch.states(number)
    case.engine.send(Resume((number,)))
    assert case.finish(number)[0].state is S.DONE
    assert case.right.get("/a") == data


@pytest.mark.usefixtures("soon")
def test_a_cancel_does_not_wait_until_a_lost_endpoint_has_rested(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfers.retry.delay", lambda attempt, random: 3600.0)
    case.left.put("/a", bytes(3 * PART))
    cancelled = threading.Event()

    def cut() -> None:
        assert cancelled.wait(20)
        raise LOST

    case.right.store.fail = hold = Hold("put_part", nth=2, then=cut)
    number = case.copy()
    hold.wait()
    case.engine.send(Cancel((number,)))
    cancelled.set()
    assert case.finish(number)[0].state is S.CANCELLED
    assert case.right.leftovers() == []


def test_a_cancel_while_the_copy_is_verified_leaves_the_old_file(case: QueueCase) -> None:
    case.left.put("/a", b"new")
    case.right.put("/a", b"old")
    case.right.near = False
    case.right.store.fail = hold = Hold("digest")
    number = case.copy(policy=Policy.OVERWRITE)
    hold.wait()
    case.engine.send(Cancel((number,)))
    hold.release()
    assert case.finish(number)[0].state is S.CANCELLED
    assert case.right.paths() == ["/a"]
    assert case.right.get("/a") == b"old"


@pytest.mark.usefixtures("soon")
def test_bytes_that_a_crashed_server_forgot_are_sent_again(case: QueueCase) -> None:
    """Going on behind them would leave a hole that a comparison of sizes does not see."""
    data = os.urandom(5 * PART)
    case.left.put("/a", data)

    def crash() -> None:
        (unfinished,) = case.right.leftovers()
        del case.right.store.nodes[unfinished].data[PART:]
        raise LOST

    case.right.store.fail = Hold("put_part", nth=4, then=crash)
    (job,) = case.finish(case.copy(verify=Verify.SIZE))
    assert job.state is S.DONE
    assert case.right.get("/a") == data


@pytest.mark.usefixtures("soon")
def test_bytes_lost_before_the_name_was_given_never_replace_the_old_file(case: QueueCase) -> None:
    data = os.urandom(2 * PART)
    case.left.put("/a", data)
    case.right.put("/a", b"old")
    seen: list[bytes | None] = []

    def crash() -> None:
        (unfinished,) = case.right.leftovers()
        case.right.store.nodes[unfinished].data[:] = bytes(2 * PART)
        raise LOST

    case.right.store.fail = Hold("finish", then=crash)
    case.engine.listen(lambda changes: seen.append(case.right.get("/a")))
    (job,) = case.finish(case.copy(policy=Policy.OVERWRITE))
    assert (job.state, case.right.get("/a")) == (S.DONE, data)
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert set(seen) <= {b"old", data}


def test_what_took_the_place_of_an_emptied_directory_is_kept(case: QueueCase) -> None:
    case.left.put("/d/a", b"a")
    case.left.put("/d/b", b"b")
    case.right.put("/d/b", b"old")
    jobs = case.plan(Place(LEFT, "/d"), Place(RIGHT, "/"), move=True)
    first, asked, removal = case.send_new(*jobs)
    case.finish(first)
    case.parked(asked, ParkReason.CONFLICT)
    with case.left.store.lock:
        del case.left.store.nodes["/d/b"], case.left.store.nodes["/d"]
    case.left.put("/d", b"precious")
    case.engine.send(Cancel((asked,)))
    (job,) = case.finish(removal)
    assert (job.op, job.state) == (Op.REMOVE_DIR, S.SKIPPED)
    assert case.left.get("/d") == b"precious"


@pytest.mark.usefixtures("soon")
def test_a_failed_job_that_is_cleared_leaves_no_unfinished_bytes(case: QueueCase) -> None:
    case.left.put("/a", bytes(3 * PART))
    case.right.store.fail = Hold("put_part", nth=2, times=99, error=LOST)
    number = case.copy()
    failed = case.reach(number, S.FAILED)
    assert failed.upload is not None
    assert case.right.leftovers() == [json.loads(failed.upload)[1]]
    case.engine.send(Clear())
    case.reach(number, S.CANCELLED)
    assert case.right.leftovers() == []
    case.engine.send(Clear())
    assert case.engine.row(number) is None


def test_directories_are_removed_from_within_after_a_question_about_one_of_them(
    case: QueueCase,
) -> None:
    case.left.put("/d/e/f", b"x")
    hold = Hold("delete", path="/d/e", error=AuthRequired(LEFT))
    case.left.store.fail = hold
    jobs = case.send_new(*case.plan(Place(LEFT, "/d"), Place(RIGHT, "/"), move=True))
    inner = next(number for number in jobs if case.job(number).source.path == "/d/e")
    case.parked(inner, ParkReason.SIGN_IN)
    case.engine.send(Unpark(LEFT))
    assert {job.state for job in case.finish(*jobs)} == {S.DONE}
    assert case.left.paths() == []


def test_a_reason_with_undecodable_text_does_not_stop_the_queue(case: QueueCase) -> None:
    case.left.put("/a", b"a")
    case.right.store.fail = Hold("begin", error=Denied("/a", "the server said \udcff\x1b[31m"))
    (job,) = case.finish(case.copy())
    assert job.state is S.FAILED
    assert "the server said \\xff\\x1b[31m" in job.reason
