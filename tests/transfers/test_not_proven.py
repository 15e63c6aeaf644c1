"""A place that takes files and never shows them: said so, and no source is deleted on its word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Capabilities, Entry, Kind
from providers.errors import Denied
from tests.transfers.queue_case import PART, RIGHT, Memory, QueueCase
from transfers.model import JobState, Op, ProofWord

DATA = b"data" * PART


class LetterBox(Memory):
    """Takes files under their own name, and shows only folders."""

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, shows_stored=False, in_place=True)

    def staged(self, upload: str) -> str | None:
        return None

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        entry = super().stat(path, follow=follow)
        if entry.kind is Kind.FILE:
            raise Denied(path)
        return entry


@pytest.fixture
def case(tmp_path: Path) -> Iterator[QueueCase]:
    case = QueueCase(tmp_path)
    case.right = LetterBox()
    case.places[RIGHT] = case.right
    case.start()
    yield case
    case.close()


def test_copy_is_done_and_says_that_nothing_was_proven(case: QueueCase) -> None:
    case.left.put("/a", DATA)
    (job,) = case.finish(case.copy())
    assert (job.state, job.reason) == (JobState.DONE, "")
    assert job.proof is not None
    assert (job.proof.word, str(job.proof)) == (ProofWord.NOT_PROVEN, "nothing proven")
    assert case.right.get("/a") == DATA


def test_source_of_a_move_is_kept(case: QueueCase) -> None:
    case.left.put("/a", DATA)
    (job,) = case.finish(case.copy(op=Op.MOVE))
    assert job.state is JobState.DONE
    assert "source was kept" in job.reason and "proven" not in job.reason
    assert case.left.get("/a") == case.right.get("/a") == DATA
