"""A place that changes some files as it stores them: said so, never repaired, no source deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Entry
from tests.transfers.queue_case import PART, RIGHT, Memory, QueueCase
from transfers.model import JobState, Op, ProofWord, Verify

DATA = b"data" * PART


class Library(Memory):
    """Writes something into every file that it names. `admits`: it says that it may."""

    def __init__(self) -> None:
        super().__init__()
        self.near = False
        self.admits = True
        self.added = b"property"
        self.says: dict[str, str] = {}  # digests, when it has stored a file
        self.named = 0

    def staged(self, upload: str) -> str | None:
        return None

    def rewrites(self, entry: Entry) -> bool:
        return self.admits

    def finish(
        self, upload: str, receipts: Sequence[str], *, replacing: str | None, again: bool = False
    ) -> Entry:
        entry = super().finish(upload, receipts, replacing=replacing, again=again)
        self.named += 1
        with self.store.lock:
            data = self.store.nodes[entry.path].data
            data[: len(self.added)] = self.added
        return replace(self.stat(entry.path), digests=self.says)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[QueueCase]:
    case = QueueCase(tmp_path)
    case.right = Library()
    case.places[RIGHT] = case.right
    case.start()
    yield case
    case.close()


def _library(case: QueueCase) -> Library:
    assert isinstance(case.right, Library)
    return case.right


@pytest.mark.parametrize("verify", [Verify.AUTO, Verify.STRONG])
def test_a_copy_is_done_and_says_that_its_place_changed_it(case: QueueCase, verify: Verify) -> None:
    case.left.put("/a", DATA)
    (job,) = case.finish(case.copy(verify=verify))
    assert job.state is JobState.DONE
    assert job.proof is not None and job.proof.word is ProofWord.CHANGED_BY_SERVER
    assert _library(case).named == 1, "it is not sent again"


def test_what_it_said_when_it_stored_the_file_is_not_taken_for_what_it_has(case: QueueCase) -> None:
    _library(case).says = {"sha256": hashlib.sha256(DATA).hexdigest()}
    case.left.put("/a", DATA)
    (job,) = case.finish(case.copy())
    assert job.proof is not None and job.proof.word is ProofWord.CHANGED_BY_SERVER


def test_the_source_of_a_move_is_kept(case: QueueCase) -> None:
    case.left.put("/a", DATA)
    (job,) = case.finish(case.copy(op=Op.MOVE))
    assert job.state is JobState.DONE
    assert "source was kept" in job.reason and "proven" not in job.reason
    assert case.left.get("/a") == DATA


def test_what_is_equal_is_proven_also_there(case: QueueCase) -> None:
    _library(case).added = b""
    case.left.put("/a", DATA)
    (job,) = case.finish(case.copy(op=Op.MOVE))
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert case.left.get("/a") is None


def test_damage_elsewhere_is_damage(case: QueueCase) -> None:
    _library(case).admits = False
    case.left.put("/a", DATA)
    (job,) = case.finish(case.copy(op=Op.MOVE))
    assert job.state is JobState.FAILED
    assert job.proof is not None and job.proof.word is ProofWord.MISMATCH
    assert case.left.get("/a") == DATA
