"""`wharfie mirror --delete`: last, kept where wished, never too much, and never in doubt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui.cli_runner import wharfie
from tests.tui.test_cli_mirror import content, fill


@pytest.fixture
def left(tmp_path: Path) -> Path:
    return fill(tmp_path / "left", **{f"file{number}": str(number) for number in range(20)})


@pytest.fixture
def right(left: Path, tmp_path: Path) -> Path:
    """Like the left, and more."""
    assert wharfie("mirror", left, tmp_path / "right").code == 0
    return fill(tmp_path / "right", extra="gone soon", old__folder__file="gone soon")


def test_what_the_source_lacks_is_deleted_with_the_folders_that_are_empty_then(
    left: Path, right: Path
) -> None:
    done = wharfie("mirror", left, right, "--delete")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert content(right) == content(left)


def test_it_is_kept_in_a_dated_folder_that_the_next_mirror_leaves_alone(
    left: Path, right: Path
) -> None:
    words = ("--delete", "--backup", right / "kept")
    assert wharfie("mirror", left, right, *words).code == 0
    (dated,) = (right / "kept").iterdir()
    assert content(dated)["extra"] == content(dated)["old/folder/file"] == "gone soon"
    assert not (right / "extra").exists()
    assert wharfie("mirror", left, right, *words).code == 0
    assert (dated / "extra").exists()


@pytest.mark.skipif(os.name == "nt", reason="the trash of Windows is not in the home")
def test_it_goes_to_the_trash(left: Path, right: Path, isolated_home: Path) -> None:
    env = {"XDG_DATA_HOME": str(isolated_home / "data")}
    done = wharfie("mirror", left, right, "--delete", "--trash", env=env)
    assert (done.code, done.err) == (0, "")
    assert content(right) == content(left)
    trashed = {path.name for path in isolated_home.rglob("*") if path.is_file()}
    assert "extra" in trashed


def test_more_than_the_limit_is_refused_with_the_way_to_confirm(left: Path, right: Path) -> None:
    before = content(right)
    for path in list(left.iterdir())[:15]:
        path.unlink()
    fill(left, new="")
    done = wharfie("mirror", left, right, "--delete")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "17 of the 22 files" in done.err and "--yes" in done.err
    assert content(right) == before
    assert wharfie("mirror", left, right, "--delete", "--dry-run").code == 1
    assert wharfie("mirror", left, right, "--delete", "--max-delete", "80").code == 0
    assert content(right) == content(left)


@pytest.mark.parametrize("word", [("--max-delete", "100"), ("--yes",)])
def test_on_the_word_of_an_empty_source_nothing_is_deleted_whatever_is_said(
    left: Path, right: Path, word: tuple[str, ...]
) -> None:
    for path in left.iterdir():
        path.unlink()
    done = wharfie("mirror", left, right, "--delete", *word)
    assert done.code == 1
    assert "no files at all" in done.err
    assert (right / "extra").exists()


def test_what_stands_in_the_way_is_told_and_hinders_no_deletion_elsewhere(
    left: Path, right: Path
) -> None:
    fill(left, sub__new="")
    (right / "sub").write_text("in the way")
    done = wharfie("mirror", left, right, "--delete")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "sub" in done.err
    assert (right / "sub").read_text() == "in the way"
    assert not (right / "extra").exists()


def test_a_file_that_was_moved_is_renamed_and_not_sent_again(left: Path, right: Path) -> None:
    fill(left, big="x" * 100_000)
    wharfie("mirror", left, right)
    inode = (right / "big").stat().st_ino
    (left / "sub").mkdir()
    (left / "big").rename(left / "sub" / "bigger")
    *_, summary = wharfie("mirror", left, right, "--delete", "--json").lines
    assert content(right) == content(left)
    assert (right / "sub" / "bigger").stat().st_ino == inode
    assert summary["bytes"] == 0


def test_moved_files_are_sent_again_where_that_is_wished(left: Path, right: Path) -> None:
    (left / "file1").rename(left / "renamed")
    *jobs, _ = wharfie("mirror", left, right, "--delete", "--no-moved", "--json").lines
    assert {job["op"] for job in jobs} == {"copy", "prune"}
    assert content(right) == content(left)
