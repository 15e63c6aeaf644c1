"""Copying by hand in a real terminal: a drag with the mouse, and paths that are dropped on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.hosts import stop_host
from tests.tui.terminal import Terminal, tmux_found

pytestmark = pytest.mark.skipif(not tmux_found(), reason="no tmux here: install tmux")

PRESS, STEP, CONTROL, RELEASED = 0, 32, 16, "m"
LEFT, RIGHT = 4, 66  # columns of either pane, on a screen of 120


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Short, so that places fit the screen; its host ends before it goes."""
    with tempfile.TemporaryDirectory(prefix="wh") as name:
        made = Path(name)
        for folder in ("from", "to", "to/deep", "home"):
            (made / folder).mkdir()
        for number in (1, 2):
            (made / "from" / f"file{number}").write_bytes(b"x" * 1000)
        monkeypatch.setenv("WHARFIE_HOME", str(made / "home"))
        yield made
        stop_host()


@pytest.fixture
def terminal(directory: Path) -> Iterator[Terminal]:
    places = (str(directory / "from"), str(directory / "to"))
    with Terminal(directory, *places, width=120, height=30) as screen:
        screen.until("file2", "deep/", "F5 Copy")
        yield screen


def row_of(screen: Terminal, name: str) -> int:
    lines = screen.screen().splitlines()
    return next(at for at, line in enumerate(lines) if name in line)


def test_a_file_dragged_to_the_other_pane_is_copied_once_its_plan_is_approved(
    terminal: Terminal, directory: Path
) -> None:
    row = row_of(terminal, "file2")
    terminal.mouse(LEFT, row, PRESS)
    terminal.mouse(LEFT + 9, row + 2, STEP)
    terminal.mouse(RIGHT, 12, STEP)
    terminal.until(f"1 file, 1000 B → {directory}/to\n")
    terminal.mouse(RIGHT, 12, PRESS, RELEASED)
    terminal.until("Copy 1 file, 1000 B", "Enter Copy", gone="→ /")
    terminal.approve()
    terminal.until("1 done")
    assert (directory / "to" / "file2").read_bytes() == b"x" * 1000
    assert (directory / "from" / "file2").exists()


def test_marked_files_are_moved_with_control_into_the_folder_under_the_pointer(
    terminal: Terminal, directory: Path
) -> None:
    row = row_of(terminal, "file1")
    terminal.press("C-a")
    terminal.mouse(LEFT, row, PRESS)
    terminal.mouse(LEFT + 9, row + 1, STEP)
    deep = row_of(terminal, "deep/")
    terminal.mouse(RIGHT, deep, STEP + CONTROL)
    terminal.until("move 2 files, 2.0 KiB → ", "/to/deep")
    terminal.mouse(RIGHT, deep, PRESS + CONTROL, RELEASED)
    terminal.until("Move 2 files", "Enter Move")
    terminal.approve()
    terminal.until("2 done")
    assert sorted(path.name for path in (directory / "to" / "deep").iterdir()) == ["file1", "file2"]
    assert not list((directory / "from").iterdir())


def test_escape_while_dragging_drops_nothing(terminal: Terminal, directory: Path) -> None:
    row = row_of(terminal, "file1")
    terminal.mouse(LEFT, row, PRESS)
    terminal.mouse(RIGHT, 12, STEP)
    terminal.until("1 file, 1000 B →")
    terminal.press("Escape")
    terminal.until("file1", gone="→")
    terminal.mouse(RIGHT, 12, PRESS, RELEASED)
    terminal.press("Down", "F5")  # the first plan there is
    terminal.until("Enter Copy", "/from/file1")
    assert not list((directory / "to" / "deep").iterdir())


def test_dropped_paths_are_copied_into_the_active_pane_once_approved(
    terminal: Terminal, directory: Path
) -> None:
    named = directory / "it's a file"
    named.write_text("content")
    terminal.press("Tab")
    terminal.paste(f"{directory}/it\\'s\\ a\\ file ")
    terminal.until("Copy 1 file, 7 B", "Enter Copy")
    terminal.approve()
    terminal.until("1 done")
    assert (directory / "to" / "it's a file").read_text() == "content"


def test_text_that_is_pasted_presses_no_keys(terminal: Terminal, directory: Path) -> None:
    terminal.press("End")
    for text in ("q\nc\n", "q\n\x1b[15~c\n", "\x1b8y", f"\x1b{'8y' * 40}\x1b"):
        terminal.paste(text)
        terminal.until("nothing was done", "F5 Copy")
        terminal.press("Escape")
        terminal.until("F5 Copy", gone="nothing was done")
    assert (directory / "from" / "file2").exists()
