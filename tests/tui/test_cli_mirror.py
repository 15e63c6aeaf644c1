"""`wharfie mirror` between local folders: what it does, says, and leaves alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.cli_runner import wharfie

THEN = 1_600_000_000


def fill(top: Path, **files: str) -> Path:
    """`a__b="text"` is the file a/b."""
    top.mkdir(exist_ok=True)
    for name, text in files.items():
        path = top / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (THEN, THEN))
    return top


def content(top: Path) -> dict[str, str | None]:
    return {
        path.relative_to(top).as_posix(): path.read_text() if path.is_file() else None
        for path in top.rglob("*")
    }


@pytest.fixture
def left(tmp_path: Path) -> Path:
    return fill(tmp_path / "left", one="1", sub__two="22", sub__deep__three="333")


@pytest.fixture
def right(tmp_path: Path) -> Path:
    return tmp_path / "right"


def test_a_target_that_is_not_there_becomes_like_the_source_and_nothing_is_said(
    left: Path, right: Path
) -> None:
    (left / "empty").mkdir()
    done = wharfie("mirror", left, right)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert content(right) == content(left)
    assert (right / "one").stat().st_mtime == THEN


def test_a_second_run_of_an_unchanged_tree_transfers_nothing_and_says_nothing(
    left: Path, right: Path
) -> None:
    wharfie("mirror", left, right)
    inodes = {path: path.stat().st_ino for path in right.rglob("*")}
    done = wharfie("mirror", left, right)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert {path: path.stat().st_ino for path in right.rglob("*")} == inodes
    *jobs, summary = wharfie("mirror", left, right, "--json").lines
    assert (jobs, summary["same"], summary["steps"], summary["bytes"]) == ([], 3, {}, 0)


def test_what_changed_is_replaced_and_what_only_the_target_has_stays_without_delete(
    left: Path, right: Path
) -> None:
    fill(right, one="old one", extra="kept")
    assert wharfie("mirror", left, right).code == 0
    assert content(right) == content(left) | {"extra": "kept"}


def test_a_dry_run_prints_a_line_for_each_step_and_changes_nothing(left: Path, right: Path) -> None:
    fill(right, one="older", extra="kept")
    os.utime(right / "one", (THEN - 100, THEN - 100))
    before = content(right)
    done = wharfie("mirror", left, right, "--dry-run", "--delete")
    assert (done.code, done.err) == (0, "")
    *steps, totals = done.out.splitlines()
    assert sorted(" ".join(line.split()) for line in steps) == [
        "copy new 2 B sub/two",
        "copy new 3 B sub/deep/three",
        "copy newer 1 B one (size)",
        "delete only right 4 B extra",
    ]
    assert totals == "3 to copy (6 B), 1 to delete (4 B), 0 the same"
    assert content(right) == before


def test_a_dry_run_as_json_ends_with_a_summary(left: Path, right: Path) -> None:
    *steps, summary = wharfie("mirror", left, right, "--dry-run", "--json").lines
    assert {(step["action"], step["mark"], *step["path"]) for step in steps} == {
        ("copy right", "new", "one"),
        ("copy right", "new", "sub", "two"),
        ("copy right", "new", "sub", "deep", "three"),
    }
    assert summary["summary"] is True
    assert (summary["steps"], summary["bytes"]) == ({"copy right": 3}, 6)
    assert not right.exists()


def test_the_summary_says_what_was_done_and_proven(left: Path, right: Path) -> None:
    done = wharfie("mirror", left, right, "--summary")
    assert done.out == "3 copied, 0 the same · 6 B · proven: 3 × sha256 both ends\n"
    assert wharfie("mirror", left, right, "--summary").out == "3 the same · 0 B\n"


def test_json_has_an_object_a_job_and_a_summary(left: Path, right: Path) -> None:
    *jobs, summary = wharfie("mirror", left, right, "--json").lines
    assert {job["proof"] for job in jobs} == {"sha256 both ends"}
    assert (summary["done"], summary["failures"], summary["bytes"]) == (3, 0, 6)


def test_a_content_of_the_same_size_and_time_is_found_by_digest_only(
    left: Path, right: Path
) -> None:
    fill(right, one="x", sub__two="22", sub__deep__three="333")
    wharfie("mirror", left, right)
    assert (right / "one").read_text() == "x"
    assert wharfie("mirror", left, right, "--compare", "digest").code == 0
    assert (right / "one").read_text() == "1"


def test_patterns_leave_things_out_in_the_order_in_which_they_are_typed(
    left: Path, right: Path, tmp_path: Path
) -> None:
    fill(left, a_log="", b_log="", c_tmp="")
    (tmp_path / "ignore").write_text("# temporary\n*_tmp\n/sub/deep\n")
    words = ("--exclude", "*_log", "--include", "b_log", "--exclude-from", tmp_path / "ignore")
    assert wharfie("mirror", left, right, *words).code == 0
    assert set(content(right)) == {"one", "sub", "sub/two", "b_log"}


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no links without a privilege")
def test_links_are_left_out_quietly_or_followed(left: Path, right: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("led to")
    (left / "link").symlink_to(tmp_path / "elsewhere")
    done = wharfie("mirror", left, right)
    assert (done.code, done.err) == (0, "")
    assert "link" not in content(right)
    assert wharfie("mirror", left, right, "--links", "follow").code == 0
    assert content(right)["link"] == "led to"


@pytest.mark.skipif(os.name == "nt", reason="a folder's mode keeps nobody out there")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_one_line_and_the_rest_is_done(
    left: Path, right: Path
) -> None:
    (left / "sub").chmod(0)
    try:
        done = wharfie("mirror", left, right)
    finally:
        (left / "sub").chmod(0o700)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "sub" in done.err and "permission denied" in done.err
    assert content(right) == {"one": "1"}


def test_a_file_and_a_folder_of_one_name_are_one_line_each_time(left: Path, right: Path) -> None:
    fill(right, one__inside="")
    for _ in range(2):
        done = wharfie("mirror", left, right)
        assert done.code == 1
        assert done.err.count("\n") == 1
        assert "one" in done.err
        assert set(content(right)) == {*content(left), "one/inside"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("left",), "needs a SOURCE and a TARGET"),
        (("left", "left"), "into itself"),
        (("left", "left/sub"), "into itself"),
        (("left/sub", "left"), "into itself"),
        (("left", "right", "--trash"), "belong to --delete"),
        (("left", "right", "--max-delete", "20"), "belong to --delete"),
        (("left", "right", "--delete", "--max-delete", "101"), "between 0 and 100"),
        (("left", "right", "--exclude-from", "missing"), "missing"),
        (("left", "right", "--plan", "plan"), "takes no SOURCE"),
        (("left", "right", "--delete", "--backup", "sftp://host/b"), "at another place"),
        (("left", "right", "--delete", "--backup", "right"), "very folder"),
        (("left", "right", "--receipt", "left/one"), "not that of a receipt"),
    ],
)
def test_wrong_use_is_said_before_anything_is_done(
    words: tuple[str, ...], why: str, left: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    (tmp_path / "right").mkdir()
    done = wharfie("mirror", *words)
    assert done.code == 2
    assert why in done.err
    assert not content(tmp_path / "right")


def test_a_source_that_is_missing_is_one_sentence_and_nothing_is_deleted(
    right: Path, tmp_path: Path
) -> None:
    fill(right, kept="")
    done = wharfie("mirror", tmp_path / "gone", right, "--delete", "--yes")
    assert done.code == 1
    assert "does not exist" in done.err
    assert done.err.count("\n") == 1
    assert content(right) == {"kept": ""}


def test_a_target_is_made_only_where_the_folder_above_it_is_there(
    left: Path, tmp_path: Path
) -> None:
    done = wharfie("mirror", left, tmp_path / "not mounted" / "right")
    assert done.code == 1
    assert "does not exist" in done.err
    assert not (tmp_path / "not mounted").exists()


def test_control_bytes_of_names_never_reach_the_output(left: Path, right: Path) -> None:
    fill(left, **{"x\x1b]0;owned\x07y": ""})
    done = wharfie("mirror", left, right, "--dry-run")
    assert "\x1b" not in done.out + done.err
    assert "x\\x1b]0;owned\\x07y" in done.out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals for this")
def test_on_a_terminal_a_person_is_told_what_was_done(left: Path, right: Path) -> None:
    ours, theirs = os.openpty()
    words = [sys.executable, "-m", "tui", "mirror", str(left), str(right)]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=-1, stderr=theirs) as process:
        os.close(theirs)
        out, _ = process.communicate(timeout=60)
        said = os.read(ours, 100_000).decode()
        os.close(ours)
    assert (process.returncode, out) == (0, b"")
    assert said.splitlines()[-1].endswith(
        "3 copied, 0 the same · 6 B · proven: 3 × sha256 both ends"
    )
