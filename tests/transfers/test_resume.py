"""After a restart an upload goes on behind bytes that are proven, or begins anew and says why."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import pytest

from providers.base import Body, Capabilities, Entry
from providers.errors import ConnectionLost
from providers.memory import MemoryReader
from tests.transfers.queue_case import LEFT, PART, RIGHT, Hold, Memory, QueueCase
from transfers.control import Control, Stop
from transfers.engine import JOURNAL_NAME
from transfers.journal import Journal
from transfers.model import Cancel, Job, JobState, Pause, Policy, Resolve, Resume

S = JobState
SIZE = 6 * PART + 123
LOST = ConnectionLost("/a")


class Far(Memory):
    """A place behind a network; counts what is put and read, and may lack what others have."""

    def __init__(self) -> None:
        super().__init__()
        self.near = False
        self.versions = True
        self.lists_parts = False
        self.stages = True
        self.spoilt_receipt: int | None = None
        self.put_bytes: list[int] = []
        self.reads: list[tuple[str, int, int | None]] = []
        self.receipts: dict[str, dict[int, str]] = {}

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, near=self.near)

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        entry = super().stat(path, follow=follow)
        if not self.versions:
            return replace(entry, version=None)
        if not self.exact_versions:
            return replace(entry, version=f"{entry.size}:{int(entry.modified or 0)}")
        return entry

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[MemoryReader]:
        self.reads.append((path, offset, length))
        asked = version if self.versions and self.exact_versions else None
        with super().read(path, offset=offset, length=length, version=asked) as reader:
            yield reader

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        counted = bytearray()

        def counting() -> Body:
            for chunk in body:
                counted.extend(chunk)
                yield chunk

        super().put_part(upload, index, offset, counting())
        self.put_bytes.append(len(counted))
        receipt = f"etag-{index}-{hash(bytes(counted))}"
        self.receipts.setdefault(upload, {})[index] = receipt
        return receipt

    def parts(self, upload: str) -> Mapping[int, str] | None:
        super().parts(upload)
        if not self.lists_parts:
            return None
        listed = dict(self.receipts[upload])
        if self.spoilt_receipt is not None:
            listed[self.spoilt_receipt] = "another"
        return listed

    def staged(self, upload: str) -> str | None:
        return super().staged(upload) if self.stages else None

    def unfinished(self) -> bytearray:
        (path,) = self.leftovers()
        return self.store.nodes[path].data


@pytest.fixture
def far(case: QueueCase) -> QueueCase:
    """Both places are far away, and count."""
    case.left, case.right = Far(), Far()
    case.places[LEFT], case.places[RIGHT] = case.left, case.right
    return case


def _places(case: QueueCase) -> tuple[Far, Far]:
    assert isinstance(case.left, Far)
    assert isinstance(case.right, Far)
    return case.left, case.right


def _cut_off(case: QueueCase, data: bytes, *, after: int = 3, policy: Policy = Policy.ASK) -> Job:
    """A copy of `data` to "/a" whose queue was closed while it sent the part behind `after`."""
    case.left.put("/a", data)
    case.right.store.fail = hold = Hold("put_part", nth=after + 1)
    case.copy(policy=policy)
    hold.wait()
    closing = threading.Thread(target=case.engine.close)
    told, stop = threading.Event(), Control.stop

    def tell(self: Control, why: Stop) -> None:
        stop(self, why)
        told.set()

    with mock.patch.object(Control, "stop", tell):  # before that, it would simply go on
        closing.start()
        assert told.wait(30)
    hold.release()
    closing.join(30)
    case.right.store.fail = None
    for place in _places(case):
        place.put_bytes.clear()
        place.reads.clear()
    (job,) = _journaled(case)
    assert job.sent >= after * PART
    return job


def _journaled(case: QueueCase) -> list[Job]:
    journal = Journal(case.directory / JOURNAL_NAME)
    try:
        return journal.load()
    finally:
        journal.close()


def _reasons(case: QueueCase, number: int) -> list[str]:
    changes = [c.job for c in case.watch.heard if c.job.id == number]
    return [job.reason for job in changes if job.state is S.TRANSFERRING and job.reason]


def _finish(case: QueueCase, job: Job, data: bytes) -> tuple[int, list[str]]:
    """Run the queue again; returns the bytes that were sent, and why from the start."""
    case.start()
    (done,) = case.finish(job.id)
    assert (done.state, done.reason, done.begun) == (S.DONE, "", False)
    assert case.right.get("/a") == data
    assert case.right.paths() == ["/a"]
    return sum(_places(case)[1].put_bytes), _reasons(case, job.id)


@pytest.mark.parametrize("near", [True, False], ids=["target near", "target far"])
@pytest.mark.parametrize("exact", [True, False], ids=["exact versions", "whole seconds"])
def test_A7_a_restart_sends_only_what_was_not_stored(
    far: QueueCase, near: bool, exact: bool
) -> None:
    source, target = _places(far)
    target.near, source.exact_versions = near, exact
    data = os.urandom(SIZE)
    job = _cut_off(far, data)
    sent, reasons = _finish(far, job, data)
    assert sent == SIZE - job.sent
    assert reasons == []


def test_A7_a_place_that_lists_its_parts_is_believed_when_all_are_the_journaled_ones(
    far: QueueCase,
) -> None:
    target = _places(far)[1]
    target.lists_parts, target.stages = True, False
    data = os.urandom(SIZE)
    job = _cut_off(far, data)
    assert _finish(far, job, data) == (SIZE - job.sent, [])


def test_the_prefix_at_the_far_end_is_not_fetched_but_for_its_last_bytes(
    far: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfers.resume.TAIL", 100)
    source, target = _places(far)
    data = os.urandom(SIZE)
    job = _cut_off(far, data)
    _finish(far, job, data)
    staged = [(offset, length) for path, offset, length in target.reads if path != "/a"]
    assert staged == [(job.sent - 100, 100)]
    assert ("/a", 0, job.sent) in source.reads


def _other_source(case: QueueCase, job: Job) -> None:
    case.left.put("/a", b"n" * SIZE)


def _unseen_source(case: QueueCase, job: Job) -> None:
    case.left.store.nodes["/a"].data[:] = b"n" * SIZE  # as it was, as far as its version tells


def _no_versions(case: QueueCase, job: Job) -> None:
    _places(case)[0].versions = False


def _no_staged_file(case: QueueCase, job: Job) -> None:
    case.right.delete(case.right.leftovers()[0])


def _short_staged_file(case: QueueCase, job: Job) -> None:
    del _places(case)[1].unfinished()[PART:]


def _other_staged_bytes(case: QueueCase, job: Job) -> None:
    _places(case)[1].unfinished()[PART] ^= 1


def _other_staged_tail(case: QueueCase, job: Job) -> None:
    _places(case)[1].unfinished()[job.sent - 1] ^= 1


def _link_for_staged_file(case: QueueCase, job: Job) -> None:
    (path,) = case.right.leftovers()
    case.right.delete(path)
    case.right.put("/elsewhere", b"theirs" * SIZE)
    case.right.make_link(path, "/elsewhere")


def _other_receipt(case: QueueCase, job: Job) -> None:
    target = _places(case)[1]
    target.lists_parts, target.spoilt_receipt = True, 1


def _nothing_to_look_at(case: QueueCase, job: Job) -> None:
    _places(case)[1].stages = False


@pytest.mark.parametrize(
    ("near", "meddle", "why"),
    [
        (True, _other_source, "the source has changed since"),
        (False, _other_source, "the source has changed since"),
        (False, _unseen_source, "the source is no longer what was sent of it"),
        (True, _no_versions, "does not tell whether the source has changed"),
        (True, _no_staged_file, "its unfinished bytes are gone"),
        (False, _short_staged_file, "lost some of what was sent"),
        (True, _other_staged_bytes, "not those that were sent"),
        (False, _other_staged_tail, "not what the source has there"),
        (True, _link_for_staged_file, "something else stands where"),
        (False, _other_receipt, "does not hold the parts that were sent"),
        (False, _nothing_to_look_at, "cannot show what it holds"),
    ],
)
def test_what_is_not_proven_is_sent_again_from_the_start_and_said_so(
    far: QueueCase, near: bool, meddle: Callable[[QueueCase, Job], None], why: str
) -> None:
    target = _places(far)[1]
    target.near = near
    job = _cut_off(far, os.urandom(SIZE))
    meddle(far, job)
    elsewhere = far.right.get("/elsewhere")
    data = far.left.get("/a")
    assert data is not None
    far.right.store.fail = hold = Hold("put_part")
    far.start()
    hold.wait()
    reason = far.reach(job.id, S.TRANSFERRING).reason
    hold.release()
    (done,) = far.finish(job.id)
    assert done.state is S.DONE
    assert far.right.get("/a") == data
    assert far.right.leftovers() == []
    assert far.right.get("/elsewhere") == elsewhere
    assert sum(target.put_bytes) == SIZE
    assert reason.startswith("sent again from the start: ") and why in reason


def test_a_change_that_a_coarse_version_misses_is_found_in_the_last_bytes(far: QueueCase) -> None:
    source, target = _places(far)
    source.exact_versions, target.near = False, True
    job = _cut_off(far, os.urandom(SIZE))
    _unseen_source(far, job)
    assert _finish(far, job, b"n" * SIZE)[0] == SIZE


def test_a_change_that_a_coarse_version_misses_is_found_after_a_pause_too(far: QueueCase) -> None:
    source, target = _places(far)
    source.exact_versions, target.near = False, True
    far.left.put("/a", b"o" * SIZE)
    far.right.store.fail = hold = Hold("put_part", nth=3)
    number = far.copy()
    hold.wait()
    far.engine.send(Pause((number,)))
    hold.release()
    far.reach(number, S.PAUSED)
    _unseen_source(far, far.job(number))
    far.engine.send(Resume((number,)))
    assert far.finish(number)[0].state is S.DONE
    assert far.right.get("/a") == b"n" * SIZE


def test_a_source_without_a_version_is_not_gone_on_with_after_a_pause_either(
    far: QueueCase,
) -> None:
    source, target = _places(far)
    source.versions = False
    far.left.put("/a", b"o" * SIZE)
    far.right.store.fail = hold = Hold("put_part", nth=3)
    number = far.copy()
    hold.wait()
    far.engine.send(Pause((number,)))
    hold.release()
    far.reach(number, S.PAUSED)
    _unseen_source(far, far.job(number))
    target.put_bytes.clear()
    far.engine.send(Resume((number,)))
    assert far.finish(number)[0].state is S.DONE
    assert far.right.get("/a") == b"n" * SIZE
    assert sum(target.put_bytes) == SIZE


@pytest.mark.parametrize("end", ["source", "target"])
def test_a_connection_lost_while_proving_costs_no_byte(
    far: QueueCase, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfers.retry.FIRST_DELAY", 0.0)
    data = os.urandom(SIZE)
    job = _cut_off(far, data)
    place = far.left if end == "source" else far.right
    place.store.fail = Hold("chunk", nth=1, error=LOST)
    assert _finish(far, job, data) == (SIZE - job.sent, [])


def test_an_upload_of_which_nothing_is_stored_begins_anew_with_a_file_of_its_own(
    far: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that was given up may write into the first one later, and change its time."""
    monkeypatch.setattr("transfers.retry.FIRST_DELAY", 0.0)
    begun: list[str] = []

    class Noting(Far):
        def begin(self, path: str, size: int | None, **more: object) -> str:  # type: ignore[override]
            begun.append(super().begin(path, size, **more))  # type: ignore[arg-type]
            return begun[-1]

    far.right = far.places[RIGHT] = Noting()
    far.right.store.fail = Hold("put_part", nth=1, error=LOST)
    far.left.put("/a", b"x" * SIZE)
    number = far.copy()
    (done,) = far.finish(number)
    assert (done.state, done.attempt) == (S.DONE, 2)
    assert len(set(begun)) == 2
    assert far.right.paths() == ["/a"]
    assert _reasons(far, number) == []


@pytest.mark.parametrize("near", [True, False])
@pytest.mark.parametrize("command", [Cancel, Pause])
def test_a_stop_acts_while_the_prefix_is_proven_and_nothing_counts_as_moved(
    far: QueueCase, near: bool, command: type[Cancel] | type[Pause]
) -> None:
    _places(far)[1].near = near
    data = os.urandom(SIZE)
    job = _cut_off(far, data)
    place = far.right if near else far.left
    place.store.fail = hold = Hold("chunk", nth=2)
    far.start()
    hold.wait()
    row = far.engine.row(job.id)
    assert row is not None and row.job.state is S.PREPARING and row.moved <= job.sent
    far.engine.send(command((job.id,)))
    hold.release()
    if command is Cancel:
        assert far.finish(job.id)[0].state is S.CANCELLED
        assert far.right.paths() == []
    else:
        far.reach(job.id, S.PAUSED)
        assert hold.calls == 2
        far.engine.send(Resume((job.id,)))
        assert far.finish(job.id)[0].state is S.DONE
        assert sum(_places(far)[1].put_bytes) == SIZE - job.sent


def test_a_second_crash_goes_on_from_where_the_second_run_was(far: QueueCase) -> None:
    data = os.urandom(SIZE)
    first = _cut_off(far, data, after=2)
    far.right.store.fail = hold = Hold("put_part", nth=2)
    far.start()
    hold.wait()
    closing = threading.Thread(target=far.engine.close)
    closing.start()
    hold.release()
    closing.join(30)
    far.right.store.fail = None
    (second,) = _journaled(far)
    assert second.sent > first.sent
    _places(far)[1].put_bytes.clear()
    assert _finish(far, second, data) == (SIZE - second.sent, [])


def test_parts_of_an_upload_that_was_given_up_are_not_taken_for_those_of_the_next(
    far: QueueCase,
) -> None:
    """A system gives a freed inode to the next file, so two tokens may be the same."""

    class Alike(Far):
        def begin(self, path: str, size: int | None, **more: object) -> str:  # type: ignore[override]
            token = json.loads(super().begin(path, size, **more))  # type: ignore[arg-type]
            token[2] = 0
            return json.dumps(token)

    far.right = far.places[RIGHT] = Alike()
    job = _cut_off(far, os.urandom(SIZE), after=4)
    _other_source(far, job)
    assert job.modified is not None
    far.left.store.nodes["/a"].modified = job.modified
    far.right.store.fail = hold = Hold("put_part", nth=2)
    far.start()
    hold.wait()
    closing = threading.Thread(target=far.engine.close)
    closing.start()
    hold.release()
    closing.join(30)
    journal = Journal(far.directory / JOURNAL_NAME)
    (now,) = journal.load()
    parts = journal.parts(job.id)
    journal.close()
    assert now.upload == job.upload
    assert sum(part.length for part in parts) == now.sent < job.sent


def test_a_question_about_the_target_does_not_make_an_old_prefix_look_new(far: QueueCase) -> None:
    """The source changes, the job is parked for a conflict, the queue restarts."""
    job = _cut_off(far, b"o" * SIZE)
    far.left.put("/a", b"n" * SIZE)
    far.right.put("/a", b"theirs")
    far.start()
    far.reach(job.id, S.PARKED)
    far.restart()
    far.reach(job.id, S.PARKED)
    far.engine.send(Resolve(job.id, Policy.OVERWRITE))
    (done,) = far.finish(job.id)
    assert done.state is S.DONE
    assert far.right.get("/a") == b"n" * SIZE
    assert far.right.paths() == ["/a"]
