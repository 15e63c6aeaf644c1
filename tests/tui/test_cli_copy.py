"""`wharfie copy` between local folders: where things go, what happens to what is there, and what
is printed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.cli_runner import start, wharfie


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "sub").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "one.txt").write_text("one")
    (top / "sub" / "two [b] ü.txt").write_text("two")
    (top / "zero").touch()
    return top


def names(top: Path) -> set[str]:
    return {str(path.relative_to(top)) for path in top.rglob("*")}


def test_a_folder_into_an_existing_folder_keeps_its_name(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    assert wharfie("copy", tree, tmp_path / "to").code == 0
    assert names(tmp_path / "to" / "tree") == names(tree)


def test_a_folder_to_a_new_name_becomes_that_name(tree: Path, tmp_path: Path) -> None:
    assert wharfie("copy", tree, tmp_path / "to").code == 0
    assert names(tmp_path / "to") == names(tree)


def test_a_trailing_slash_on_the_source_means_its_contents(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    assert wharfie("copy", f"{tree}/", tmp_path / "to").code == 0
    assert names(tmp_path / "to") == names(tree)


def test_a_trailing_slash_on_the_target_makes_it_a_folder(tree: Path, tmp_path: Path) -> None:
    assert wharfie("copy", tree / "one.txt", f"{tmp_path}/new/").code == 0
    assert (tmp_path / "new" / "one.txt").read_text() == "one"


def test_a_file_to_a_new_name(tree: Path, tmp_path: Path) -> None:
    assert wharfie("copy", tree / "one.txt", tmp_path / "other.txt").code == 0
    assert (tmp_path / "other.txt").read_text() == "one"


def test_several_sources_go_into_the_target(tree: Path, tmp_path: Path) -> None:
    assert wharfie("copy", tree / "one.txt", tree / "zero", tmp_path / "to").code == 0
    assert names(tmp_path / "to") == {"one.txt", "zero"}


def test_the_last_json_line_is_a_summary_and_each_file_has_its_proof(
    tree: Path, tmp_path: Path
) -> None:
    done = wharfie("copy", tree, tmp_path / "to", "--json")
    *files, summary = done.lines
    assert summary == {
        "summary": True,
        "bytes": 6,
        "done": 4,
        "proofs": {"sha256 both ends": 3},
    }
    proofs = {Path(file["target"]).name: file["proof"] for file in files if file["op"] == "copy"}
    assert set(proofs) == {"one.txt", "two [b] ü.txt", "zero"}
    assert set(proofs.values()) == {"sha256 both ends"}


def test_modification_times_and_modes_are_kept(tree: Path, tmp_path: Path) -> None:
    os.utime(tree / "one.txt", (1_600_000_000, 1_600_000_000))
    (tree / "one.txt").chmod(0o640)
    wharfie("copy", tree / "one.txt", tmp_path / "copy.txt")
    found = (tmp_path / "copy.txt").stat()
    assert (found.st_mtime, found.st_mode & 0o7777) == (1_600_000_000, 0o640)


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
@pytest.mark.parametrize(
    ("keep", "times", "mode"),
    [("all", True, True), ("times", True, False), ("mode", False, True), ("nothing", False, False)],
)
def test_a_copy_and_a_move_get_what_is_to_be_kept(
    keep: str, times: bool, mode: bool, tree: Path, tmp_path: Path
) -> None:
    source, new = tree / "one.txt", tmp_path / "new"
    os.utime(source, (1_600_000_000, 1_600_000_000))
    source.chmod(0o750)
    assert wharfie("copy", source, new, "--keep", keep).code == 0
    found = new.stat()
    assert (found.st_mtime == 1_600_000_000, found.st_mode & 0o777 == 0o750) == (times, mode)
    done = wharfie("copy", source, new, "--keep", keep, "--move", "--on-conflict", "overwrite")
    assert (done.code, source.exists()) == (0, False)
    found = new.stat()
    assert (found.st_mtime == 1_600_000_000, found.st_mode & 0o777 == 0o750) == (times, mode)


@pytest.mark.parametrize(
    ("policy", "code", "content"),
    [
        ("ask", 1, "old"),
        ("skip", 0, "old"),
        ("overwrite", 0, "new!"),
        ("newer", 0, "old"),
        ("different", 0, "new!"),
        ("rename", 0, "old"),
    ],
)
def test_an_existing_destination(policy: str, code: int, content: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("new!")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "a").write_text("old")
    os.utime(tmp_path / "a", (1_600_000_000, 1_600_000_000))
    done = wharfie("copy", tmp_path / "a", tmp_path / "to", "--on-conflict", policy)
    assert done.code == code
    assert (tmp_path / "to" / "a").read_text() == content
    kept_both = (tmp_path / "to" / "a (2)").exists()
    assert kept_both == (policy == "rename")


def test_a_move_leaves_nothing_behind(tree: Path, tmp_path: Path) -> None:
    before = names(tree)
    assert wharfie("copy", tree, tmp_path / "to", "--move").code == 0
    assert names(tmp_path / "to") == before
    assert not tree.exists()


needs_links = pytest.mark.skipif(os.name == "nt", reason="links are made on POSIX systems")


@needs_links
def test_links_stay_links_and_keep_their_text(tree: Path, tmp_path: Path) -> None:
    texts = {"link": "one.txt", "out": "/etc", "nowhere": "sub/../missing"}
    for name, text in texts.items():
        (tree / name).symlink_to(text)
    done = wharfie("copy", tree, tmp_path / "to", "--json")
    assert done.code == 0
    assert {name: os.readlink(tmp_path / "to" / name) for name in texts} == texts
    assert [job["state"] for job in done.lines[:-1] if job["op"] == "link"] == ["done"] * 3
    again = wharfie("copy", f"{tree}/", tmp_path / "to", "--on-conflict", "different")
    assert again.code == 0
    assert "the same link is there already" in again.out


@needs_links
def test_links_are_left_out_and_listed_when_that_is_chosen(tree: Path, tmp_path: Path) -> None:
    (tree / "link").symlink_to("one.txt")
    done = wharfie("copy", tree, tmp_path / "to", "--links", "skip")
    assert done.code == 0
    assert "skipped" in done.out
    assert "links are left out, as was chosen" in done.out
    assert not (tmp_path / "to" / "link").is_symlink()


@needs_links
def test_what_links_lead_to_is_copied_when_that_is_chosen(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("out")
    (tree / "dir").symlink_to("../out")
    (tree / "link").symlink_to("one.txt")
    assert wharfie("copy", tree, tmp_path / "to", "--links", "follow").code == 0
    assert (tmp_path / "to" / "dir" / "file").read_text() == "out"
    assert (tmp_path / "to" / "link").read_text() == "one"
    assert not [path for path in (tmp_path / "to").rglob("*") if path.is_symlink()]
    (tree / "loop").symlink_to(".")
    done = wharfie("copy", tree, tmp_path / "more", "--links", "follow")
    assert done.code == 1
    assert "it would never end" in done.err
    assert names(tmp_path / "more") == names(tmp_path / "to")


@needs_links
def test_a_move_takes_links_and_nothing_they_lead_to(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tree / "link").symlink_to("../precious")
    assert wharfie("copy", tree, tmp_path / "to", "--move").code == 0
    assert os.readlink(tmp_path / "to" / "link") == "../precious"
    assert not tree.exists()
    assert (tmp_path / "precious").read_text() == "precious"


@needs_links
@pytest.mark.parametrize(("links", "is_link"), [("link", True), ("follow", False)])
def test_a_link_may_be_what_is_copied(
    links: str, is_link: bool, tree: Path, tmp_path: Path
) -> None:
    (tree / "link").symlink_to("one.txt")
    assert wharfie("copy", tree / "link", tree / "new", "--links", links).code == 0
    assert (tree / "new").is_symlink() == is_link
    assert (tree / "new").read_text() == "one"


def test_a_missing_source_is_one_sentence(tmp_path: Path) -> None:
    done = wharfie("copy", tmp_path / "nothing", tmp_path / "to")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "does not exist" in done.err


def test_a_folder_into_itself_is_refused(tree: Path) -> None:
    done = wharfie("copy", tree, tree / "sub")
    assert done.code == 2
    assert "into itself" in done.err


def test_control_bytes_of_names_never_reach_the_output(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "x\x1b]0;owned\x07y").write_text("1")
    done = wharfie("copy", tmp_path / "from", tmp_path / "to")
    assert "\x1b" not in done.out + done.err
    assert "x\\x1b]0;owned\\x07y" in done.out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for other processes")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_is_exit_130_and_keeps_the_queue(
    name: str, tmp_path: Path, heeded_signals: None
) -> None:
    source = tmp_path / "big"
    source.write_bytes(b"x" * 4_000_000)
    process = start("copy", source, tmp_path / "to", "--limit", "100K")
    _wait_for_part(tmp_path)
    process.send_signal(signal.Signals[name])
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the queue is kept" in err
    assert not (tmp_path / "to").exists()


@pytest.fixture
def heeded_signals() -> Iterator[None]:
    """A test run in the background may have inherited ignored signals, and hand them on."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.getsignal(signal.Signals[name]) for name in names}
    for name, handler in before.items():
        if handler is signal.SIG_IGN:
            signal.signal(signal.Signals[name], signal.SIG_DFL)
    yield
    for name, handler in before.items():
        signal.signal(signal.Signals[name], handler)


def _wait_for_part(folder: Path) -> None:
    while not any(path.stat().st_size for path in folder.glob(".*.part")):
        os.sched_yield() if hasattr(os, "sched_yield") else None
