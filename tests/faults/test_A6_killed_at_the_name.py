"""A6: kill -9 around the moment a file gets its name: seen at the next start, done once, not sent
again. A7: in the middle of its parts: only what is missing is sent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.base import Body
from tests.faults.disks import PART, Scripted, unfinished_in
from tests.transfers.queue_case import LOCAL, QueueCase
from tests.transfers.victim import victim
from transfers.engine import JOURNAL_NAME
from transfers.journal import Journal
from transfers.model import Cancel, Job, JobState, ProofWord

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 and hard links are POSIX")
DATA = os.urandom(8 * PART + 5)
NAMING = ["before the name", "half named", "before the folder is synced", "after the name"]


class Counting(Scripted):
    """This computer; counts the bytes that are written."""

    written = 0

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        receipt = super().put_part(upload, index, offset, body)
        self.written += int(receipt)
        return receipt


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[tuple[QueueCase, Counting]]:
    """A queue nobody works yet, and files to copy: "a" into "to"."""
    (tmp_path / "to").mkdir()
    (tmp_path / "a").write_bytes(DATA)
    case, place = QueueCase(tmp_path / "queue"), Counting()
    case.places[LOCAL] = place
    yield case, place
    case.close()


def _journaled(case: QueueCase) -> Job:
    journal = Journal(case.directory / JOURNAL_NAME)
    try:
        (job,) = journal.load()
        return job
    finally:
        journal.close()


@pytest.mark.parametrize(
    ("moment", "old"),
    # Over an old file the name is given in one step.
    [(m, None) for m in NAMING] + [(m, b"old") for m in NAMING if m != "half named"],
)
@pytest.mark.parametrize("move", ["", "move"])
def test_A6_a_file_killed_while_it_got_its_name_is_done_and_not_sent_again(
    idle: tuple[QueueCase, Counting], tmp_path: Path, moment: str, move: str, old: bytes | None
) -> None:
    case, place = idle
    target = tmp_path / "to" / "a"
    if old is not None:
        target.write_bytes(old)
    options = ([move] if move else []) + (["overwrite"] if old else [])
    with victim(case.directory, str(tmp_path / "a"), str(target.parent), moment, *options):
        assert target.exists() is (old is not None or moment != "before the name")
    assert not target.exists() or target.read_bytes() in (old, DATA)
    place.renames = False
    case.start()
    (job,) = case.finish(1)
    assert (job.state, job.reason, job.begun) == (JobState.DONE, "", False)
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert place.written == 0
    assert target.read_bytes() == DATA
    assert (tmp_path / "a").exists() is (move == "")
    assert unfinished_in(tmp_path) == []


@pytest.mark.parametrize("moment", ["half renamed", "after the rename"])
def test_A6_a_move_killed_while_it_was_renamed_is_finished(
    idle: tuple[QueueCase, Counting], tmp_path: Path, moment: str
) -> None:
    case, place = idle
    target = tmp_path / "to" / "a"
    with victim(case.directory, str(tmp_path / "a"), str(target.parent), moment, "move"):
        assert (tmp_path / "a").exists() is (moment == "half renamed")
    case.start()
    (job,) = case.finish(1)
    assert (job.state, place.written) == (JobState.DONE, 0)
    assert "nothing was copied" in job.reason
    assert target.read_bytes() == DATA
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("moment", NAMING)
def test_A6_a_cancel_of_what_was_killed_at_its_name_tells_what_stands_there(
    idle: tuple[QueueCase, Counting], tmp_path: Path, moment: str
) -> None:
    case, _ = idle
    target = tmp_path / "to" / "a"
    with victim(case.directory, str(tmp_path / "a"), str(target.parent), moment):
        pass
    case.start(run_existing=False)
    case.engine.send(Cancel((1,)))
    (job,) = case.finish(1)
    named = job.state is JobState.DONE
    assert named is (moment != "before the name")
    assert job.begun is False
    assert (target.read_bytes() == DATA) if named else not target.exists()
    assert unfinished_in(tmp_path) == []


def test_A7_killed_between_two_parts_only_the_missing_ones_are_sent(
    idle: tuple[QueueCase, Counting], tmp_path: Path
) -> None:
    case, place = idle
    with victim(case.directory, str(tmp_path / "a"), str(tmp_path / "to"), "transferring"):
        pass
    durable = _journaled(case).sent
    assert durable >= 2 * PART
    case.start()
    (job,) = case.finish(1)
    assert job.state is JobState.DONE
    assert place.written == len(DATA) - durable
    assert (tmp_path / "to" / "a").read_bytes() == DATA


def test_A7_cancelled_after_it_was_killed_between_two_parts_nothing_is_left(
    idle: tuple[QueueCase, Counting], tmp_path: Path
) -> None:
    case, _ = idle
    with victim(case.directory, str(tmp_path / "a"), str(tmp_path / "to"), "transferring"):
        assert len(unfinished_in(tmp_path)) == 1
    case.start(run_existing=False)
    case.engine.send(Cancel((1,)))
    (job,) = case.finish(1)
    assert (job.state, job.reason) == (JobState.CANCELLED, "")
    assert unfinished_in(tmp_path) == []
    assert list((tmp_path / "to").iterdir()) == []
