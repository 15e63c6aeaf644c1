"""faults.md A4: told to end, or stopped, the screen gives the terminal back as it was, and soon."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tui.hosts import stop_host
from tests.tui.screen_on_pty import ScreenOnPty

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these signals are POSIX")
PROMISED_SECONDS = 2.0
ATTEMPTS = 3  # one must be in time: a machine that runs the tests may be busy
TIMES = 5
CTRL_R, CTRL_Z = b"\x12", b"\x1a"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a-file").touch()
    yield tmp_path / "folder"
    stop_host()


def told(number: signal.Signals, *words: str | Path) -> float:
    """How long the screen took to end once it was told to, the terminal as it was."""
    with ScreenOnPty(*words) as screen:
        screen.until("a-file")
        since = time.monotonic()
        screen.process.send_signal(number)
        took = screen.ended(since)
        screen.assert_restored()
        assert screen.said.endswith("wharfie: interrupted; the queue is kept\r\n")
        assert "Traceback" not in screen.said
        assert screen.process.returncode == 130
    return took


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_A4_told_to_end_the_screen_leaves_the_terminal_as_it_was(name: str, folder: Path) -> None:
    took: list[float] = []
    while not took or took[-1] > PROMISED_SECONDS:
        assert len(took) < ATTEMPTS, f"it took {took} seconds"
        took.append(told(signal.Signals[name], folder, folder))


def test_A4_a_server_that_no_longer_answers_does_not_keep_the_screen(
    folder: Path, openssh: OpenSSH, isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (isolated_home / "wharfie").mkdir(mode=0o700)
    (isolated_home / "wharfie" / "known_hosts").write_text(openssh.known_hosts_line + "\n")
    monkeypatch.setenv("SFTP_KEY", str(openssh.key_path))
    with ScreenOnPty(f"{openssh.endpoint}{folder}", folder.parent) as screen:
        screen.until("a-file")
        openssh.freeze_connections()
        try:
            screen.type(CTRL_R)  # what is read now never comes
            since = time.monotonic()
            screen.process.send_signal(signal.SIGTERM)
            took = screen.ended(since)
        finally:
            openssh.drop_connections()
        screen.assert_restored()
        assert took < PROMISED_SECONDS * ATTEMPTS


@pytest.mark.parametrize("how", ["the key", "the signal"])
def test_A4_stopped_by_ctrl_z_the_terminal_is_as_it_was_and_fg_shows_the_panes_again(
    how: str, folder: Path
) -> None:
    with ScreenOnPty(folder, folder) as screen:
        screen.until("a-file")
        for _ in range(TIMES):
            screen.type(CTRL_R)  # it draws meanwhile
            if how == "the key":
                screen.type(CTRL_Z)
            else:
                screen.process.send_signal(signal.SIGTSTP)
            screen.until_stopped()
            screen.assert_restored()
            screen.process.send_signal(signal.SIGCONT)
            screen.until("a-file")
        screen.process.send_signal(signal.SIGTERM)
        screen.ended(time.monotonic())
        screen.assert_restored()


def test_A4_a_terminal_that_is_closed_ends_the_screen(folder: Path) -> None:
    with ScreenOnPty(folder, folder, controlling=True) as screen:
        screen.until("a-file")
        screen.close()
        assert screen.process.wait(60) == 130
