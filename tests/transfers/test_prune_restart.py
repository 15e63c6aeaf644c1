"""faults.md 5: a mirror killed while it deleted or renamed is finished by the next run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transfers.queue_case import PART, QueueCase, leftover_files, read_tree, write_tree
from tests.transfers.victim import victim
from transfers.model import JobState, Op

S = JobState
SOURCE = {"new": os.urandom(6 * PART + 5), "kept": b"k"}
TARGET = {"d/old": b"old", "moved": b"moved", "kept": b"k"}


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[QueueCase]:
    """A queue nobody works yet, and two trees."""
    write_tree(tmp_path / "from", SOURCE)
    write_tree(tmp_path / "to", TARGET)
    case = QueueCase(tmp_path / "queue")
    yield case
    case.close()


def _all_finished(case: QueueCase) -> list[tuple[Op, JobState]]:
    case.watch.until(
        lambda: case.engine.snapshot(0, 0).totals.unfinished == 0, lambda: case.engine.snapshot()
    )
    return [(row.job.op, row.job.state) for row in case.engine.snapshot().rows]


@pytest.mark.parametrize(
    ("moment", "option"),
    [
        ("transferring", "mirror"),
        ("before the deletion", "mirror"),
        ("after the deletion", "mirror"),
        ("after the rename", "rename"),
        ("half renamed", "rename"),
        ("after the rename", "backup"),
        ("half renamed", "backup"),
    ],
)
def test_a_mirror_killed_at_any_moment_is_finished_by_the_next_run(
    idle: QueueCase, tmp_path: Path, moment: str, option: str
) -> None:
    source, target = tmp_path / "from", tmp_path / "to"
    with victim(idle.directory, str(source), str(target), moment, "mirror", option):
        if moment in ("transferring", "before the deletion"):
            assert (target / "d" / "old").read_bytes() == b"old"
    idle.start()
    assert {state for _, state in _all_finished(idle)} == {S.DONE}
    expected = dict(SOURCE) | {"moved": b"moved"}
    if option == "rename":
        expected = dict(SOURCE) | {"e/moved": b"moved"}
    files = {name: data for name, data in read_tree(target).items() if data is not None}
    assert {Path(name).as_posix(): data for name, data in files.items()} == expected
    assert not (target / "d").exists()
    kept = read_tree(tmp_path / "backup").values() if option == "backup" else []
    assert {data for data in kept if data is not None} == (
        {b"old"} if option == "backup" else set()
    )
    assert read_tree(source) == SOURCE
    assert leftover_files(tmp_path) == []


def test_what_a_source_has_again_after_a_kill_is_kept(idle: QueueCase, tmp_path: Path) -> None:
    source, target = tmp_path / "from", tmp_path / "to"
    with victim(idle.directory, str(source), str(target), "before the deletion", "mirror"):
        pass
    write_tree(source, {"d/old": b"again"})
    idle.start()
    assert _all_finished(idle)[1:] == [(Op.PRUNE, S.SKIPPED)] * 2
    assert (target / "d" / "old").read_bytes() == b"old"


def test_a_disk_that_is_gone_after_a_kill_costs_no_file(idle: QueueCase, tmp_path: Path) -> None:
    source, target = tmp_path / "from", tmp_path / "to"
    with victim(idle.directory, str(source), str(target), "before the deletion", "mirror"):
        pass
    source.rename(tmp_path / "unmounted")
    source.mkdir()
    idle.start()
    assert (Op.PRUNE, S.DONE) not in _all_finished(idle)
    assert (target / "d" / "old").read_bytes() == b"old"
