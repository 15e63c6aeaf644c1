"""A file on a server edited in a real terminal: the editor has it as long as it runs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tui.hosts import stop_host
from tests.tui.terminal import Terminal, tmux_found

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

pytestmark = pytest.mark.skipif(not tmux_found(), reason="no tmux here: install tmux")

EDITOR = """
import signal, sys
from pathlib import Path
path = Path(sys.argv[-1])
signal.signal(signal.SIGINT, lambda *_: print("INTERRUPTED", flush=True))
print("EDITING", path.name, path.read_text(), flush=True)
path.write_text(path.read_text() + input("TEXT? "))
"""


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Socket paths must stay short; its host ends before it goes."""
    with tempfile.TemporaryDirectory(prefix="we") as name:
        folder = Path(name)
        monkeypatch.setenv("WHARFIE_HOME", str(folder / "home"))
        yield folder
        stop_host()


def test_the_editor_has_the_terminal_and_what_it_saved_goes_back(
    openssh: OpenSSH, directory: Path
) -> None:
    there = directory / "there"
    for path in (directory / "home", there):
        path.mkdir(mode=0o700)
    (directory / "home" / "known_hosts").write_text(openssh.known_hosts_line + "\n")
    (there / "notes.txt").write_text("first ")
    (there / "notes.txt").chmod(0o640)
    (directory / "editor.py").write_text(EDITOR)
    env = {
        "SFTP_KEY": str(openssh.key_path),
        "EDITOR": f"'{sys.executable}' '{directory / 'editor.py'}'",
    }
    places = (f"{openssh.endpoint}{there}", str(directory))
    with Terminal(directory, *places, env=env, width=120, height=36) as screen:
        screen.until("notes.txt", "F5 Copy")
        screen.press("Home", "Down", "F4")
        screen.until("EDITING notes.txt first", gone="F5 Copy")
        screen.press("C-c")  # the editor's, not the screen's
        screen.until("INTERRUPTED")
        screen.type("second")
        screen.press("Enter")
        screen.until("F5 Copy", "“notes.txt” is back in its place: sha256 both ends.")
        assert (there / "notes.txt").read_text() == "first second"
        assert (there / "notes.txt").stat().st_mode & 0o777 == 0o640
        assert not [*(directory / "home" / "edits").iterdir()]
        screen.press("F3")
        screen.until("first second", "Esc Close")
        screen.press("Escape")
        screen.until("F5 Copy")
        screen.press("F10")
        screen.until_ended(0)
