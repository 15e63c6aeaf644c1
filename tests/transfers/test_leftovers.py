"""What lies unfinished at the destination is known to the journal, and removed when given up."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Entry, Place
from providers.errors import ConnectionLost, Doubtful, UploadExpired, WrongKind
from tests.transfers.queue_case import LEFT, LOCAL, PART, RIGHT, Hold, Memory, QueueCase
from tests.transfers.run_case import transferring
from transfers.model import Cancel, JobState, Op, Policy, Proof, ProofWord, Resume
from transfers.run import Known, ensure_directory
from transfers.worker import cancelled

S = JobState
LOST = ConnectionLost("/a")


def test_A7_a_cancelled_upload_leaves_nothing_though_its_token_was_lost(case: QueueCase) -> None:
    class Forgetful(Memory):
        def begin(self, path: str, size: int | None, **more: object) -> str:  # type: ignore[override]
            super().begin(path, size, **more)  # type: ignore[arg-type]
            raise LOST

    case.right = case.places[RIGHT] = Forgetful()
    case.left.put("/a", b"x")
    number = case.copy()
    waiting = case.reach(number, S.WAITING)
    assert (waiting.begun, waiting.upload) == (True, None)
    assert len(case.right.leftovers()) == 1
    case.engine.send(Cancel((number,)))
    (job,) = case.finish(number)
    assert (job.state, job.reason, job.begun) == (S.CANCELLED, "", False)
    assert case.right.paths() == []


@pytest.mark.parametrize("policy", [Policy.RENAME, Policy.SKIP])
@pytest.mark.parametrize("token", ["kept", "lost"])
def test_A7_nothing_is_left_under_the_name_that_was_given_up(
    case: QueueCase, policy: Policy, token: str
) -> None:
    class Forgetful(Memory):
        lost = token == "lost"

        def begin(self, path: str, size: int | None, **more: object) -> str:  # type: ignore[override]
            made = super().begin(path, size, **more)  # type: ignore[arg-type]
            if self.lost:
                self.lost = False
                raise LOST
            return made

    case.right = case.places[RIGHT] = Forgetful()
    case.right.store.fail = Hold("put_part", error=LOST)
    case.left.put("/a", b"x" * PART)
    number = case.copy(policy=policy)
    case.reach(number, S.WAITING)
    assert len(case.right.leftovers()) == 1
    case.right.put("/a", b"theirs")
    case.right.store.fail = None
    case.engine.send(Resume((number,)))
    (job,) = case.finish(number)
    assert (job.state, job.begun) == (S.DONE if policy is Policy.RENAME else S.SKIPPED, False)
    assert case.right.leftovers() == []
    assert case.right.get("/a") == b"theirs"


def test_a_cancel_that_cannot_clean_up_says_so_and_remembers(case: QueueCase) -> None:
    case.left.put("/a", bytes(3 * PART))
    case.right.store.fail = hold = Hold("put_part", nth=2)
    number = case.copy()
    hold.wait()
    case.engine.send(Cancel((number,)))
    case.right.store.fail = abort = Hold("abort", times=9, error=LOST)
    hold.release()
    (job,) = case.finish(number)
    assert (job.state, job.begun, abort.calls) == (S.CANCELLED, True, 1)
    assert "may be left behind" in job.reason


@pytest.mark.parametrize("stored", [b"x", b"y"])
def test_a_cancel_reads_back_what_its_place_doubts(stored: bytes) -> None:
    class Doubting(Memory):
        def staged(self, upload: str) -> str | None:
            return None

        def parts(self, upload: str) -> dict[int, str]:
            raise UploadExpired("/a")

        def finish(self, upload: str, *about: object, **more: object) -> Entry:
            raise Doubtful("/a")

    source, target = Memory(), Doubting()
    source.put("/a", b"x")
    run, _ = transferring(source, target)
    target.put("/a", stored)
    run.job = replace(run.job, digest=hashlib.sha256(b"x").hexdigest())
    job = cancelled(run)
    assert (job.state, job.reason) == (S.DONE if stored == b"x" else S.CANCELLED, "")


def test_a_cancel_after_the_copy_differed_takes_it_for_no_rename() -> None:
    place = Memory()
    place.put("/a", b"x")
    place.store.nodes["/b"] = place.store.nodes["/a"]  # what is alike may have one version
    version = place.stat("/a").version
    run, _ = transferring(place, place)
    moved = replace(run.job, op=Op.MOVE, target=Place(LEFT, "/b"), upload=None, sent=0)
    run.job = replace(moved, replacing=version, proof=Proof(ProofWord.MISMATCH))
    assert cancelled(run).state is S.CANCELLED
    assert place.get("/a") == b"x"


@pytest.mark.usefixtures("quiet")
def test_an_upload_is_known_to_the_journal_before_it_is_made(case: QueueCase) -> None:
    """faults.md 5, invariant 4: a kill between the two leaves nothing that nobody knows of."""
    case.left.put("/a", b"x")
    seen: list[bool] = []
    case.right.store.fail = Hold("begin", then=lambda: seen.append(case.job(number).begun))
    case.left.store.fail = hold = Hold("stat")
    number = case.copy()
    hold.wait()
    hold.release()
    (job,) = case.finish(number)
    assert seen == [True]
    assert not job.begun


def test_D3_a_link_below_the_chosen_folder_is_not_written_through(case: QueueCase) -> None:
    case.left.put("/d/e/a", b"x")
    case.right.put("/chosen/keep", b"")
    case.right.put("/elsewhere/keep", b"")
    case.right.make_link("/chosen/d", "/elsewhere")
    jobs = [
        replace(new, within="/chosen")
        for new in case.plan(Place(LEFT, "/d"), Place(RIGHT, "/chosen"))
    ]
    (job,) = case.finish(*case.send_new(*jobs))
    assert job.state is S.FAILED
    assert "a link stands where a directory is needed" in job.reason
    assert case.right.paths() == [
        *("/chosen", "/chosen/d", "/chosen/keep", "/elsewhere", "/elsewhere/keep")
    ]


def test_a_chosen_folder_may_itself_be_a_link(case: QueueCase, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "chosen").symlink_to(tmp_path / "real")
    case.left.put("/d/e/a", b"x")
    chosen = str(tmp_path / "chosen")
    jobs = case.plan(Place(LEFT, "/d"), Place(LOCAL, chosen))
    (job,) = case.finish(*case.send_new(*(replace(new, within=chosen) for new in jobs)))
    assert job.state is S.DONE
    assert (tmp_path / "real" / "d" / "e" / "a").read_bytes() == b"x"


def test_D3_a_directory_seen_through_a_link_is_not_trusted_for_another_job(case: QueueCase) -> None:
    case.right.put("/elsewhere/e/keep", b"")
    case.right.put("/chosen/keep", b"")
    case.right.make_link("/chosen/d", "/elsewhere")
    known: Known = set()
    there = Place(RIGHT, "/chosen/d/e")
    ensure_directory(case.right, there, known)  # nobody chose a folder: links are followed
    ensure_directory(case.right, there, known, "/chosen/d")
    with pytest.raises(WrongKind, match="a link stands"):
        ensure_directory(case.right, there, known, "/chosen")


def test_D1_a_disk_that_is_known_to_be_full_is_not_touched(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def full(self: object, endpoint: str, folder: str) -> bool:
        asked.append((endpoint, folder))
        return True

    monkeypatch.setattr("transfers.space.FullDisks.full", full)
    case.restart()
    case.left.put("/d/a", b"x")
    number = case.copy("/d/a")
    job = case.reach(number, S.PARKED)
    assert "no space" in job.reason
    assert case.right.paths() == []
    assert asked == [(RIGHT, "/d")]
