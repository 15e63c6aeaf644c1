"""The person's own editor in a real terminal: it gets the terminal, and gives it back."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import Terminal, tmux_found

pytestmark = pytest.mark.skipif(not tmux_found(), reason="no tmux here: install tmux")

_EDITOR = """
import sys
from pathlib import Path

path = Path(sys.argv[-1])
names = path.read_text().splitlines()
assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0
input(f"editing {len(names)} names, words: {sys.argv[1]} ")
path.write_text("".join(f"new {name}\\n" for name in names))
"""


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """Socket paths must stay short."""
    with tempfile.TemporaryDirectory(prefix="wh") as name:
        yield Path(name)


def test_marked_names_are_edited_in_the_persons_editor_without_a_shell(
    short_directory: Path,
) -> None:
    here, editor = short_directory / "here", short_directory / "my editor.py"
    here.mkdir()
    for name in ("one", "two"):
        (here / name).touch()
    editor.write_text(_EDITOR)
    canary = short_directory / "canary"
    env = {"VISUAL": f"{sys.executable} '{editor}' '$(touch {canary})'"}
    with Terminal(short_directory, str(here), str(here), env=env) as screen:
        screen.until("one", "two", "F5 Copy")
        screen.press("C-a", "F2")
        screen.until("editing 2 names, words: $(touch")
        screen.press("Enter")
        screen.until("2 names of 2 to be renamed", "new two")
        screen.press("Enter")
        screen.until("2 names changed", "new one")
        screen.press("F10")
        screen.until_ended(0)
    assert sorted(os.listdir(here)) == ["new one", "new two"]
    assert not canary.exists()


def test_an_editor_that_cannot_be_started_is_said_and_nothing_changes(
    short_directory: Path,
) -> None:
    here = short_directory / "here"
    here.mkdir()
    (here / "one").touch()
    env = {"VISUAL": "no-such-editor-here"}
    with Terminal(short_directory, str(here), str(here), env=env) as screen:
        screen.until("one", "F5 Copy")
        screen.press("C-a", "F2")
        screen.until("there is no such program", "Set EDITOR")
        screen.press("F10")
        screen.until_ended(0)
    assert os.listdir(here) == ["one"]
