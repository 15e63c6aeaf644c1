"""A8: a call had its effect, and its answer was lost. What stands there decides: nothing is done
twice, nothing fails for it, nothing is asked about our own file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from providers.base import Entry, Place
from providers.errors import ConnectionLost
from tests.faults.disks import PART, unfinished_in
from tests.faults.remote import LostAnswer, between, memory_queue, remote_queue
from tests.transfers.queue_case import LOCAL, RIGHT, Hold, Memory, QueueCase
from transfers.model import Cancel, JobState, NewJob, Op, Policy, ProofWord, Verify

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

pytestmark = pytest.mark.usefixtures("no_delay")
DATA = os.urandom(3 * PART + 5)


@pytest.fixture
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transfers.retry.FIRST_DELAY", 0.0)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[QueueCase]:
    with memory_queue(tmp_path / "queue") as running:
        yield running


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "to").mkdir()
    (tmp_path / "a").write_bytes(DATA)
    return tmp_path


@pytest.mark.parametrize("old", [None, b"old"], ids=["new", "over an old file"])
@pytest.mark.parametrize("method", ["make_dir", "begin", "put_part", "finish"])
def test_A8_an_upload_whose_server_does_not_answer_in_time_is_whole_and_there_once(
    openssh: OpenSSH, tree: Path, method: str, old: bytes | None
) -> None:
    target = tree / "to" / "folder" / "a"
    if old is not None:
        target.parent.mkdir()
        target.write_bytes(old)
    with remote_queue(tree / "queue", openssh) as (case, server):
        lost = LostAnswer(server, method, nth=2 if method == "put_part" else 1)
        new = between(LOCAL, tree / "a", openssh.endpoint, target)
        (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
        states = case.watch.states(job.id)
    assert (job.state, job.reason, job.begun) == (JobState.DONE, "", False)
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert target.read_bytes() == DATA
    assert unfinished_in(tree) == []
    assert JobState.PARKED not in states
    if method == "make_dir" and old is not None:
        assert lost.calls == 0
    elif method == "finish":
        assert states.count(JobState.TRANSFERRING) == 1


@pytest.mark.parametrize("within", [True, False], ids=["renamed", "copied"])
def test_A8_a_move_whose_last_call_is_not_answered_leaves_one_file(
    openssh: OpenSSH, tree: Path, within: bool
) -> None:
    target = tree / "to" / "b"
    with remote_queue(tree / "queue", openssh) as (case, server):
        endpoint = openssh.endpoint if within else LOCAL
        lost = LostAnswer(server, "rename" if within else "delete")
        new = between(openssh.endpoint, tree / "a", endpoint, target, op=Op.MOVE)
        (job,) = case.finish(*case.send_new(new))
    assert job.state is JobState.DONE
    assert "source was kept" not in job.reason
    assert lost.calls == 1
    assert not (tree / "a").exists()
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("method", ["make_dir", "delete"])
def test_A8_directories_are_made_and_removed_once(
    openssh: OpenSSH, tree: Path, method: str
) -> None:
    with remote_queue(tree / "queue", openssh) as (case, server):
        lost = LostAnswer(server, method)
        place = Place(openssh.endpoint, str(tree / "to" / "d"))
        if method == "delete":
            (tree / "to" / "d").mkdir()
        op = Op.MAKE_DIR if method == "make_dir" else Op.REMOVE_DIR
        (job,) = case.finish(*case.send_new(NewJob(op, place, place)))
    assert (job.state, job.reason) == (JobState.DONE, "")
    assert (tree / "to" / "d").exists() is (method == "make_dir")
    assert lost.calls == 1


def test_A8_an_abort_that_is_not_answered_leaves_nothing_to_worry_about(
    openssh: OpenSSH, tree: Path
) -> None:
    """The destination changes hands while the upload runs; its first bytes are given up."""
    target = tree / "to" / "a"
    with remote_queue(tree / "queue", openssh) as (case, server):
        server.before_part = lambda: os.truncate(tree / "a", PART + 1)
        LostAnswer(server, "abort")
        new = between(LOCAL, tree / "a", openssh.endpoint, target)
        (job,) = case.finish(*case.send_new(new))
    assert job.state is JobState.DONE
    assert target.read_bytes() == DATA[: PART + 1]
    assert unfinished_in(tree) == []


class NoTimes(Memory):
    """A place that knows a finished upload no more: its `finish` cannot be repeated."""

    def finish(
        self, upload: str, receipts: object, *, replacing: str | None, again: bool = False
    ) -> Entry:
        entry = super().finish(upload, receipts, replacing=replacing, again=again)  # type: ignore[arg-type]
        self.store.nodes[entry.path].revision += 1
        raise ConnectionLost("/a")


@pytest.mark.parametrize("theirs", [True, False])
def test_A8_our_own_file_is_known_by_its_content_where_a_place_forgot_it(
    case: QueueCase, theirs: bool
) -> None:
    case.right = case.places[RIGHT] = NoTimes()
    case.left.put("/a", DATA)
    number = case.copy()
    if theirs:
        other = bytes(len(DATA))
        case.right.store.fail = lambda operation, path: (
            case.right.put("/a", other)
            if operation == "finish" and case.right.get("/a") == DATA
            else None
        )
        case.reach(number, JobState.PARKED)
        assert case.right.get("/a") == other
    else:
        (job,) = case.finish(number)
        assert (job.state, case.right.get("/a")) == (JobState.DONE, DATA)
        assert case.watch.states(number).count(JobState.TRANSFERRING) == 1


class Blind(Memory):
    """A place where nothing can be looked at before it has its name; "/a" spoils `bad` times."""

    def __init__(self, bad: int = 0) -> None:
        super().__init__()
        self.bad = bad
        self.lost = 0

    def staged(self, upload: str) -> str | None:
        return None

    def parts(self, upload: str) -> Mapping[int, str] | None:
        super().parts(upload)
        return {}

    def finish(
        self, upload: str, receipts: object, *, replacing: str | None, again: bool = False
    ) -> Entry:
        entry = super().finish(upload, receipts, replacing=replacing, again=again)  # type: ignore[arg-type]
        if self.bad:
            self.bad -= 1
            self.store.nodes[entry.path].data[0] ^= 1
        if self.lost:
            self.lost -= 1
            raise ConnectionLost("/a")
        return entry


@pytest.mark.parametrize("restart", [True, False])
def test_A8_a_name_that_was_given_before_any_proof_is_no_conflict_with_ourselves(
    case: QueueCase, restart: bool
) -> None:
    case.right = case.places[RIGHT] = blind = Blind()
    blind.lost = 1
    case.left.put("/a", DATA)
    number = case.copy()
    if restart:
        case.reach(number, JobState.WAITING, JobState.DONE)
        case.restart()
    (job,) = case.finish(number)
    assert (job.state, case.right.get("/a")) == (JobState.DONE, DATA)
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert JobState.PARKED not in case.watch.states(number)
    assert case.watch.states(number).count(JobState.TRANSFERRING) == 1


@pytest.mark.parametrize(("bad", "state"), [(1, JobState.DONE), (2, JobState.FAILED)])
def test_A8_our_own_spoilt_copy_is_replaced_once_and_never_deleted(
    case: QueueCase, bad: int, state: JobState
) -> None:
    case.right = case.places[RIGHT] = Blind(bad)
    case.left.put("/a", DATA)
    (job,) = case.finish(case.copy(verify=Verify.STRONG))
    assert job.state is state
    assert case.right.get("/a") is not None
    assert (case.right.get("/a") == DATA) is (state is JobState.DONE)
    assert case.left.get("/a") == DATA


@pytest.mark.parametrize("moved", [True, False])
def test_A8_a_cancel_after_the_name_was_given_does_not_deny_the_copy(
    case: QueueCase, moved: bool
) -> None:
    class Late(Memory):
        def finish(
            self, upload: str, receipts: object, *, replacing: str | None, again: bool = False
        ) -> Entry:
            super().finish(upload, receipts, replacing=replacing, again=again)  # type: ignore[arg-type]
            hold("named", "")
            raise ConnectionLost("/a")

    hold = Hold("named")
    case.right = case.places[RIGHT] = Late()
    case.left.put("/a", DATA)
    number = case.copy(op=Op.MOVE if moved else Op.COPY)
    hold.wait()
    Late.finish = Memory.finish  # type: ignore[method-assign]
    case.engine.send(Cancel((number,)))
    hold.release()
    (job,) = case.finish(number)
    assert (job.state, job.begun) == (JobState.DONE, False)
    assert case.right.get("/a") == case.left.get("/a") == DATA
    assert ("source was kept" in job.reason) is moved
