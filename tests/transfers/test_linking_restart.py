"""faults.md 5: a queue killed while it made or moved links is finished by the next run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transfers.queue_case import QueueCase, leftover_files
from tests.transfers.victim import victim
from transfers.model import JobState

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links are made on POSIX systems")
TEXT = "../some/where \udcff"


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[QueueCase]:
    """A queue nobody works yet."""
    case = QueueCase(tmp_path / "queue")
    yield case
    case.close()


MOMENTS = ("before the link", "after the link", "before the deletion", "after the deletion")


@pytest.mark.parametrize(
    ("moment", "over"),
    [*((moment, over) for moment in MOMENTS for over in (False, True)), ("unfinished link", True)],
)
def test_a_link_whose_queue_was_killed_at_any_moment_is_moved_once(
    idle: QueueCase, tmp_path: Path, moment: str, over: bool
) -> None:
    source, target = tmp_path / "from" / "link", tmp_path / "to" / "link"
    source.parent.mkdir()
    target.parent.mkdir()
    source.symlink_to(TEXT)
    if over:
        target.write_bytes(b"old")
    options = ("move", "links", *(["overwrite"] if over else []))
    with victim(idle.directory, str(source), str(target.parent), moment, *options):
        if moment in ("before the link", "unfinished link"):
            assert target.read_bytes() == b"old" if over else not target.is_symlink()
        else:
            assert os.readlink(target) == TEXT
        assert source.is_symlink() == (moment != "after the deletion")
    idle.start()
    (job,) = idle.finish(1)
    assert (job.state, job.reason) == (JobState.DONE, "")
    assert os.readlink(target) == TEXT
    assert not source.is_symlink()
    assert leftover_files(tmp_path) == []
    assert sorted(os.listdir(target.parent)) == ["link"]
