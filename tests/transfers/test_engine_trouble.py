"""What goes wrong with places: retried, parked or failed, and never half a file."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from providers.base import Body, Entry, Place
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    HostKeyUnknown,
    NoSpace,
    SourceChanged,
    Throttled,
)
from tests.transfers.queue_case import LEFT, PART, RIGHT, Hold, Memory, QueueCase
from transfers.model import (
    Cancel,
    Clear,
    JobState,
    NewJob,
    Op,
    ParkReason,
    Pause,
    Policy,
    ProofWord,
    Resume,
    Retry,
    Unpark,
    Verify,
)

S = JobState
LOST = ConnectionLost("/a")
OTHER = "memory://other"


@pytest.mark.parametrize("operation", ["stat", "make_dir", "begin", "put_part", "digest", "finish"])
@pytest.mark.usefixtures("soon")
def test_a_lost_connection_is_waited_for_and_the_file_arrives_whole(
    case: QueueCase, operation: str
) -> None:
    data = os.urandom(3 * PART + 1)
    case.left.put("/d/a", data)
    case.right.near = operation != "digest"
    case.right.store.fail = Hold(operation, error=LOST)
    number = case.copy("/d/a")
    (job,) = case.finish(number)
    assert (job.state, job.attempt) == (S.DONE, 2)
    assert S.WAITING in case.watch.states(number)
    assert case.right.get("/d/a") == data
    assert case.right.leftovers() == []


@pytest.mark.parametrize("operation", ["stat", "read", "chunk"])
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.usefixtures("soon")
def test_a_source_that_is_lost_is_read_on(case: QueueCase, operation: str, nth: int) -> None:
    data = os.urandom(3 * PART + 1)
    case.left.put("/a", data)
    case.left.store.fail = Hold(operation, nth=nth, error=LOST)
    (job,) = case.finish(case.copy())
    assert job.state is S.DONE
    assert case.right.get("/a") == data


@pytest.mark.usefixtures("soon")
def test_an_answer_lost_after_the_file_got_its_name_is_found_out(case: QueueCase) -> None:
    """faults.md A8: the destination is there, so it is not sent or asked about again."""

    class Forgetful(Memory):
        lost = 0

        def finish(
            self, upload: str, receipts: object, *, replacing: str | None, again: bool = False
        ) -> Entry:
            entry = super().finish(upload, receipts, replacing=replacing, again=again)  # type: ignore[arg-type]
            if not self.lost:
                self.lost = 1
                raise LOST
            return entry

    case.right = case.places[RIGHT] = Forgetful()
    case.left.put("/a", b"x" * PART)
    number = case.copy()
    (job,) = case.finish(number)
    assert job.state is S.DONE
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert case.watch.states(number).count(S.TRANSFERRING) == 1


@pytest.mark.usefixtures("soon")
def test_attempts_come_to_an_end_and_a_retry_begins_again(case: QueueCase) -> None:
    case.left.put("/a", b"x")
    case.right.store.fail = Hold("begin", times=8, error=LOST)
    number = case.copy()
    (job,) = case.finish(number)
    assert (job.state, job.attempt) == (S.FAILED, 8)
    assert "connection was lost" in job.reason
    case.engine.send(Retry())
    (job,) = (case.reach(number, S.DONE),)
    assert (job.attempt, job.reason) == (1, "")


def test_a_throttled_job_waits_as_long_as_the_server_says(case: QueueCase) -> None:
    case.left.put("/a", b"x")
    case.right.store.fail = Hold("begin", error=Throttled("/a", retry_after=600.0))
    first, second = case.copy(), case.copy("/a", "/b")
    job = case.reach(first, S.WAITING)
    assert "slow down" in job.reason
    row = case.engine.row(first)
    assert row is not None and row.retry_in is not None and 590 < row.retry_in <= 600
    case.engine.send(Resume((first,)))  # a person may try at once
    assert {job.state for job in case.finish(first, second)} == {S.DONE}


def test_a_server_that_wants_us_to_wait_for_ever_does_not_stop_the_queue(case: QueueCase) -> None:
    case.left.put("/a", b"x")
    case.places[OTHER] = Memory()
    case.right.store.fail = Hold("begin", error=Throttled("/a", retry_after=1e300))
    number = case.copy()
    case.reach(number, S.WAITING)
    new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(OTHER, "/a"))
    assert case.finish(*case.send_new(new))[0].state is S.DONE
    case.engine.send(Cancel((number,)))
    case.finish(number)


def test_a_lost_endpoint_rests_while_others_go_on(case: QueueCase) -> None:
    case.left.put("/a", b"x")
    case.places[OTHER] = Memory()
    case.right.store.fail = hold = Hold("begin", error=Throttled("/a", retry_after=600.0))
    first = case.copy()
    case.reach(first, S.WAITING)
    resting = case.copy("/a", "/b")
    new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(OTHER, "/a"))
    case.finish(*case.send_new(new))
    assert case.job(resting).state is S.QUEUED
    assert hold.calls == 1
    case.engine.send(Resume((first,)))
    case.finish(first, resting)


def _ask_on_open(case: QueueCase, error: Exception) -> Callable[[], int]:
    knocks = 0
    allowed = False

    def opening(endpoint: str) -> None:
        nonlocal knocks
        if endpoint == RIGHT and not allowed:
            knocks += 1
            raise error

    def allow() -> int:
        nonlocal allowed
        allowed = True
        return knocks

    case.opening = opening
    return allow


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (AuthRequired(RIGHT), ParkReason.SIGN_IN),
        (
            HostKeyUnknown(RIGHT, "unknown", key_type="ed25519", fingerprint="SHA256:x"),
            ParkReason.HOST_KEY,
        ),
    ],
)
def test_an_endpoint_that_asks_a_person_gets_no_more_knocks_until_it_is_answered(
    case: QueueCase, error: Exception, why: ParkReason
) -> None:
    allow = _ask_on_open(case, error)
    case.left.put("/a", b"x")
    first = case.copy()
    job = case.parked(first, why)
    assert job.asks == RIGHT
    others = [case.copy("/a", f"/{n}") for n in range(5)]
    assert {case.job(number).state for number in others} == {S.QUEUED}
    assert allow() == 1
    assert case.engine.send(Unpark(RIGHT)) == (first,)
    ended = case.finish(first, *others)
    assert {job.state for job in ended} == {S.DONE}
    assert ended[0].attempt == 1


def test_a_question_that_is_cancelled_lets_the_others_ask(case: QueueCase) -> None:
    allow = _ask_on_open(case, AuthRequired(RIGHT))
    case.left.put("/a", b"x")
    first = case.copy()
    case.parked(first, ParkReason.SIGN_IN)
    second = case.copy("/a", "/b")
    case.engine.send(Cancel((first,)))
    case.parked(second, ParkReason.SIGN_IN)
    allow()
    case.engine.send(Unpark(RIGHT))
    assert case.finish(second)[0].state is S.DONE


def test_a_full_disk_parks_and_goes_on_where_it_was(case: QueueCase) -> None:
    data = os.urandom(4 * PART)
    case.left.put("/a", data)
    case.right.put("/a", b"old")
    case.right.store.fail = Hold("put_part", nth=3, error=NoSpace("/a"))
    number = case.copy(policy=Policy.OVERWRITE)
    job = case.parked(number, ParkReason.SPACE)
    assert "no space" in job.reason and "Free some" in job.reason
    assert case.right.get("/a") == b"old"
    case.engine.send(Resume((number,)))
    assert case.finish(number)[0].state is S.DONE
    assert case.right.get("/a") == data


def test_what_is_refused_fails_at_once_with_a_sentence_and_leaves_nothing(case: QueueCase) -> None:
    case.left.put("/a", b"x" * PART)
    case.right.store.fail = Hold("finish", error=Denied("/a"))
    (job,) = case.finish(case.copy())
    assert (job.state, job.attempt) == (S.FAILED, 1)
    assert "permission denied" in job.reason
    assert case.right.paths() == []


def test_a_source_that_keeps_changing_is_copied_once_more_and_then_fails(case: QueueCase) -> None:
    case.left.put("/a", b"0" * (2 * PART))
    case.left.store.fail = hold = Hold(
        "chunk", times=99, then=lambda: case.left.put("/a", os.urandom(2 * PART))
    )
    number = case.copy()
    (job,) = case.finish(number)
    assert (job.state, job.attempt) == (S.FAILED, 2)
    assert "changed while it was being read" in job.reason
    assert hold.calls == 4
    assert case.right.paths() == []


def test_a_source_that_changed_once_is_copied_as_it_is_now(case: QueueCase) -> None:
    data = os.urandom(PART)
    case.left.put("/a", b"0" * (2 * PART))
    case.left.store.fail = Hold("chunk", nth=2, then=lambda: case.left.put("/a", data))
    (job,) = case.finish(case.copy())
    assert (job.state, job.size) == (S.DONE, PART)
    assert case.right.get("/a") == data


def test_a_source_that_ends_early_is_never_done(case: QueueCase) -> None:
    def cut(operation: str, path: str) -> None:
        if operation == "chunk":
            raise SourceChanged(path, "the file ended before its size")

    case.left.put("/a", b"x" * PART)
    case.left.store.fail = cut
    (job,) = case.finish(case.copy())
    assert job.state is S.FAILED
    assert case.right.paths() == []


class Corrupting(Memory):
    """Stores one byte wrong in the first `bad` uploads."""

    bad = 99

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        def spoilt() -> Body:
            for chunk in body:
                yield bytes([chunk[0] ^ 1]) + bytes(chunk[1:])

        if index == 0 and self.bad:
            self.bad -= 1
            return super().put_part(upload, index, offset, spoilt())
        return super().put_part(upload, index, offset, body)


def test_a_mismatch_never_replaces_the_old_file_and_fails_after_one_more_try(
    case: QueueCase,
) -> None:
    case.right = case.places[RIGHT] = Corrupting()
    case.left.put("/a", b"new" * PART)
    case.right.put("/a", b"old")
    number = case.copy(policy=Policy.OVERWRITE)
    (job,) = case.finish(number)
    assert (job.state, job.attempt) == (S.FAILED, 2)
    assert job.proof is not None and job.proof.word is ProofWord.MISMATCH
    assert job.proof.source != job.proof.target
    assert "differs from the source" in job.reason
    assert case.right.get("/a") == b"old"
    assert case.right.paths() == ["/a"]
    assert case.watch.states(number).count(S.TRANSFERRING) == 2


@pytest.mark.parametrize("verify", [Verify.AUTO, Verify.STRONG])
def test_a_mismatch_that_does_not_come_again_is_healed(case: QueueCase, verify: Verify) -> None:
    case.right = case.places[RIGHT] = corrupting = Corrupting()
    corrupting.bad = 1
    case.left.put("/a", b"new" * PART)
    (job,) = case.finish(case.copy(verify=verify))
    assert job.state is S.DONE
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert case.right.get("/a") == b"new" * PART


@pytest.mark.usefixtures("quiet")
@pytest.mark.usefixtures("soon")
def test_A11_a_bug_in_a_place_parks_its_job_after_three_tries_and_the_rest_goes_on(
    case: QueueCase,
) -> None:
    case.left.put("/a", b"x")
    case.right.store.fail = Hold("begin", times=3, error=ZeroDivisionError("division by zero"))
    first = case.copy()
    job = case.parked(first, ParkReason.OTHER)
    assert (job.crashes, case.right.store.fail.calls) == (3, 3)
    assert "internal error (ZeroDivisionError)" in job.reason
    assert "report it" in job.reason
    assert case.finish(case.copy("/a", "/b"))[0].state is S.DONE
    case.engine.send(Retry((first,)))
    assert case.reach(first, S.DONE).reason == ""


def test_a_size_no_file_can_have_fails_one_job_and_not_the_queue(case: QueueCase) -> None:
    class Boasting(Memory):
        def stat(self, path: str, *, follow: bool = False) -> Entry:
            entry = super().stat(path, follow=follow)
            fields = {f: getattr(entry, f) for f in ("path", "name", "kind", "version")}
            return Entry(size=(1 << 64) - 1, **fields)

    boasting = Boasting()
    case.places[OTHER] = boasting
    boasting.put("/a", b"x")
    new = NewJob(Op.COPY, Place(OTHER, "/a"), Place(RIGHT, "/a"), size=(1 << 64) - 1)
    (job,) = case.finish(*case.send_new(new))
    assert job.state is S.FAILED
    case.left.put("/b", b"x")
    assert case.finish(case.copy("/b"))[0].state is S.DONE


def test_a_folder_removed_since_it_was_seen_is_made_again(case: QueueCase) -> None:
    case.left.put("/d/e/a", b"x")
    hollow = NewJob(Op.MAKE_DIR, Place(LEFT, "/d"), Place(RIGHT, "/d/e/h"))
    case.finish(case.copy("/d/e/a"), *case.send_new(hollow))
    for path in ("/d/e/a", "/d/e/h", "/d/e", "/d"):
        case.right.delete(path)
    assert case.finish(case.copy("/d/e/a"))[0].state is S.DONE
    assert case.finish(*case.send_new(hollow))[0].state is S.DONE
    assert case.right.paths() == ["/d", "/d/e", "/d/e/a", "/d/e/h"]
    for path in ("/d/e/a", "/d/e/h", "/d/e", "/d"):
        case.right.delete(path)
    assert case.finish(*case.send_new(hollow))[0].state is S.DONE
    assert case.right.paths() == ["/d", "/d/e", "/d/e/h"]


def test_a_file_where_a_folder_is_needed_is_an_error_and_stays(case: QueueCase) -> None:
    case.left.put("/d/a", b"x")
    case.right.put("/d", b"a file")
    (job,) = case.finish(case.copy("/d/a"))
    assert job.state is S.FAILED
    assert "a file is where a directory is needed" in job.reason
    assert case.right.get("/d") == b"a file"


def test_commands_for_jobs_that_are_gone_concern_nobody(case: QueueCase) -> None:
    case.left.put("/a", b"x")
    number = case.copy()
    case.finish(number)
    assert case.engine.send(Clear()) == (number,)
    assert case.engine.row(number) is None
    for command in (Pause((number,)), Cancel((number,)), Retry((number,)), Clear((number,))):
        assert case.engine.send(command) == ()
