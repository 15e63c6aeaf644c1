"""The main job in a real terminal, against a real sshd, as a person does it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tui.terminal import Terminal, tmux_found

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

pytestmark = pytest.mark.skipif(not tmux_found(), reason="no tmux here: install tmux")

SIZE = 128 << 20  # bytes: long enough on its way for a person to press a key meanwhile


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """Socket paths must stay short, and addresses must fit the screen."""
    with tempfile.TemporaryDirectory(prefix="wh") as name:
        yield Path(name)


@pytest.fixture
def files(short_directory: Path) -> Path:
    top = short_directory / "from"
    top.mkdir()
    for number in range(1, 5):
        with (top / f"file{number}").open("wb") as file:
            file.write(bytes([number]) * 1000)
            file.truncate(SIZE)
    (short_directory / "to").mkdir()
    return top


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_connect_accept_copy_pause_resume_cancel_quit_and_go_on(
    openssh: OpenSSH, files: Path, short_directory: Path
) -> None:
    env = {"SFTP_KEY": str(openssh.key_path)}
    to = short_directory / "to"
    with Terminal(short_directory, str(files), str(to), env=env, width=120, height=36) as screen:
        screen.until("file4", "F5 Copy")
        screen.press("Tab", "S")  # connect, in the right pane
        screen.until("Open a place")
        screen.type(f"{openssh.endpoint}{to}")
        screen.press("Enter")
        screen.until("SHA256:", "ed25519")
        screen.press("r")  # accept and remember
        screen.until(f"{openssh.port}{to}", gone="SHA256:")
        assert openssh.known_hosts_line in _known_hosts(short_directory)
        screen.press("Tab", "C-a", "F5")
        screen.until("transferring")
        screen.press("w", "P")  # the queue: pause all
        screen.until("paused", gone="transferring")
        screen.press("End", "x")  # cancel the last one
        screen.until("cancelled")
        screen.press("F10")
        screen.until("Quit?")
        screen.press("y")
        screen.until_ended(0)
    with Terminal(short_directory, str(files), str(to), env=env, width=120, height=36) as screen:
        screen.until("paused", "cancelled")
        screen.press("w", "R")
        screen.until("3 done", gone="transferring")
        screen.press("F10")
        screen.until_ended(0)
    for number in (1, 2, 3):
        assert digest(to / f"file{number}") == digest(files / f"file{number}")
    assert sorted(path.name for path in to.iterdir()) == ["file1", "file2", "file3"]


def _known_hosts(directory: Path) -> str:
    return (directory / "home" / "known_hosts").read_text()


@pytest.fixture(autouse=True)
def short_home(short_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHARFIE_HOME", str(short_directory / "home"))


def test_after_kill_9_the_next_start_finishes_what_was_left(
    openssh: OpenSSH, files: Path, short_directory: Path
) -> None:
    to = short_directory / "to"
    home = short_directory / "home"
    home.mkdir(mode=0o700)
    (home / "known_hosts").write_text(openssh.known_hosts_line + "\n")
    env = {"SFTP_KEY": str(openssh.key_path)}
    there = f"{openssh.endpoint}{to}"
    with Terminal(short_directory, str(files), there, env=env, width=120, height=36) as screen:
        screen.until("file4", str(openssh.port), "0 entries")
        screen.press("C-a", "F5")
        screen.until("transferring")
        screen.kill()
        screen.until_ended(137)
    with Terminal(short_directory, str(files), there, env=env, width=120, height=36) as screen:
        screen.until("4 done")
        screen.press("F10")
        screen.until_ended(0)
    for number in (1, 2, 3, 4):
        assert digest(to / f"file{number}") == digest(files / f"file{number}")
    assert len(list(to.iterdir())) == 4


@pytest.mark.parametrize("colour", [{}, {"NO_COLOR": "1"}, {"TERM": "vt100"}])
def test_the_panes_open_at_80_by_24(
    colour: dict[str, str], files: Path, short_directory: Path
) -> None:
    to = short_directory / "to"
    with Terminal(short_directory, str(files), str(to), env=colour, width=80, height=24) as screen:
        shown = screen.until("file4", "F10 Quit")
        assert max(len(line) for line in shown.splitlines()) <= 80
        screen.press("F10")
        screen.until_ended(0)


def test_a_dumb_terminal_is_refused_with_a_sentence(short_directory: Path) -> None:
    with Terminal(short_directory, env={"TERM": "dumb"}) as screen:
        screen.until_ended(1)
        assert "dumb" in screen.screen()
