"""The main job in a real terminal, against a real sshd, as a person does it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tui.cli_runner import wharfie
from tests.tui.hosts import client, kill_host, stop_host, until_queue_is_free
from tests.tui.terminal import Terminal, tmux_found
from transfers.model import JobState, SetLimits

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
    return make_files(short_directory, SIZE)


def make_files(directory: Path, size: int) -> Path:
    top = directory / "from"
    top.mkdir()
    for number in range(1, 5):
        with (top / f"file{number}").open("wb") as file:
            file.write(bytes([number]) * 1000)
            file.truncate(size)
    (directory / "to").mkdir()
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
        screen.until("Copy 4 files, 512 MiB", "free there", "Enter Copy")
        screen.approve()
        screen.until("transferring")
        screen.press("w", "P")  # the queue: pause all
        screen.until("paused", gone="transferring")
        screen.press("End", "x")  # cancel the last one
        screen.until("cancelled")
        screen.press("F10")  # nothing runs: nothing is asked
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
def short_home(short_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Its host ends before its directory goes."""
    monkeypatch.setenv("WHARFIE_HOME", str(short_directory / "home"))
    yield
    stop_host()


@pytest.fixture
def slow_files(short_directory: Path, short_home: None) -> Path:
    """None of them is across before a test lets it."""
    assert wharfie("queue", "limit", "--rate", "1M").code == 0
    return make_files(short_directory, 24 << 20)


def let_go() -> None:
    queue = client()
    queue.send(SetLimits(rate=0))
    queue.close()


def equal(files: Path, to: Path) -> None:
    """All four are there, as they were, and nothing else is."""
    assert sorted(path.name for path in to.iterdir()) == ["file1", "file2", "file3", "file4"]
    for path in to.iterdir():
        assert digest(path) == digest(files / path.name)


@pytest.mark.parametrize("how", ["tmux server killed", "screen killed", "quit, keep running"])
def test_transfers_outlive_the_screen_and_the_next_one_shows_them(
    how: str, openssh: OpenSSH, slow_files: Path, short_directory: Path
) -> None:
    to, home = short_directory / "to", short_directory / "home"
    (home / "known_hosts").write_text(openssh.known_hosts_line + "\n")
    env = {"SFTP_KEY": str(openssh.key_path)}
    there = f"{openssh.endpoint}{to}"
    with Terminal(short_directory, str(slow_files), there, env=env, width=120, height=36) as screen:
        screen.until("file4", str(openssh.port), "0 entries")
        screen.press("C-a", "F5")
        screen.approve()
        screen.until("transferring")
        if how == "tmux server killed":
            screen.close()
        elif how == "screen killed":
            screen.kill()
            screen.until_ended(137)
        else:
            screen.press("F10")
            screen.until("Quit?", "4 transfers are not finished")
            screen.press("k")
            ended = screen.until_ended(0)
            assert "4 transfers go on in the background: wharfie attach shows them." in ended
    queue = client()  # it is still there, and still working
    counts = queue.snapshot(0, 0).totals.counts
    assert counts.get(JobState.TRANSFERRING) and sum(counts.values()) == 4
    queue.close()
    with Terminal(short_directory, "attach", env=env, width=120, height=36) as screen:
        screen.until("transferring", "file4")
        let_go()
        screen.until("4 done")
        screen.press("F10")
        screen.until_ended(0)
    equal(slow_files, to)


def test_a_host_that_is_killed_is_started_anew_by_the_screen_and_everything_resumes(
    slow_files: Path, short_directory: Path
) -> None:
    to = short_directory / "to"
    with Terminal(short_directory, str(slow_files), str(to), width=120, height=36) as screen:
        screen.until("file4", "0 entries")
        screen.press("C-a", "F5")
        screen.approve()
        screen.until("transferring", "MiB of 24.0 MiB")
        kill_host()
        screen.until("is gone")
        screen.until("transferring", gone="is gone")
        let_go()
        screen.until("4 done")
        screen.press("F10")
        screen.until_ended(0)
    equal(slow_files, to)


def test_pause_and_stop_leaves_no_process_and_the_next_screen_goes_on(
    slow_files: Path, short_directory: Path
) -> None:
    to = short_directory / "to"
    with Terminal(short_directory, str(slow_files), str(to), width=120, height=36) as screen:
        screen.until("file4", "0 entries")
        screen.press("C-a", "F5")
        screen.approve()
        screen.until("transferring")
        screen.press("q")
        screen.until("Quit?")
        screen.press("p")
        assert "4 transfers are paused" in screen.until_ended(0)
    until_queue_is_free()
    with Terminal(short_directory, width=120, height=36) as screen:
        screen.until("paused")
        let_go()
        screen.press("w", "R")
        screen.until("4 done")
        screen.press("q")
        screen.until_ended(0)
    equal(slow_files, to)


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
