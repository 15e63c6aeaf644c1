"""What a real terminal is sent of the queue: title, progress, the bell; and how little of it."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Place
from tests.tui.cli_runner import wharfie
from tests.tui.fake_queue import FakeQueue
from tests.tui.hosts import stop_host
from tests.tui.screen_on_pty import ScreenOnPty
from transfers.model import JobState, Snapshot, Totals
from tui.app import WharfieApp
from tui.choices import PLAN, ShowPlan
from tui.headless.screen import show_panes
from tui.settings import find_home, make_private
from tui.settings_file import SettingsFile

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
FILES = 8
MOST = 2048  # bytes a second while transfers run and nothing is pressed (textual.md)
SECONDS, WINDOWS = 3.0, 5  # of measuring
PROGRESS, NO_PROGRESS = "\x1b]9;4;1;", "\x1b]9;4;0;0\x07"
TITLE_BACK = "\x1b]2;\x07\x1b[23;2t"
HERE = {"WT_SESSION": "1", "TMUX": "", "STY": "", "SSH_TTY": "", "SSH_CONNECTION": ""}


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Where eight files of some MiB lie, which are brought across slowly, and an empty one."""
    source, target = tmp_path / "from", tmp_path / "to"
    for folder in (source, target):
        folder.mkdir()
    for number in range(FILES):
        (source / f"file-{number}").write_bytes(bytes([number]) * (4 << 20))
    home = find_home(os.environ)
    make_private(home.config)
    SettingsFile(home.settings_file).set(PLAN, ShowPlan.CONFLICTS)
    assert wharfie("queue", "limit", "--rate", "200K", "--workers", str(FILES)).code == 0
    yield source, target
    stop_host()


def copying(screen: ScreenOnPty) -> None:
    screen.until("file-7")
    screen.type(b"\x01c")  # ctrl+a: all; copy
    screen.until("transferring")


def test_the_title_and_the_progress_follow_the_queue_and_are_taken_back(
    folders: tuple[Path, Path],
) -> None:
    with ScreenOnPty(*folders, env=HERE) as screen:
        copying(screen)
        screen.until(PROGRESS)
        screen.process.send_signal(signal.SIGTERM)
        screen.ended(time.monotonic())
        screen.assert_restored()
        assert "\x1b[22;2t\x1b]2;Wharfie" in screen.sent
        assert " left\x07" in screen.sent
        assert screen.said.index(TITLE_BACK) < screen.said.index("interrupted")
        assert screen.sent.rindex(NO_PROGRESS) > screen.sent.rindex(PROGRESS)


def test_stopped_by_ctrl_z_the_shells_title_is_its_own_until_the_panes_are_back(
    folders: tuple[Path, Path],
) -> None:
    with ScreenOnPty(*folders, env=HERE) as screen:
        copying(screen)
        screen.until(PROGRESS)
        screen.type(b"\x1a")
        screen.until_stopped()
        assert screen.sent.rindex(TITLE_BACK) > screen.sent.rindex(" left\x07")
        assert screen.sent.rindex(NO_PROGRESS) > screen.sent.rindex(PROGRESS)
        screen.process.send_signal(signal.SIGCONT)
        screen.until(PROGRESS)


def test_a_crash_leaves_the_title_and_no_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    running = Totals({JobState.TRANSFERRING: 1}, size=2, moved=1)

    def crash(app: WharfieApp) -> None:
        app.signs._signs.show(Snapshot(1, 0, 1, (), running))
        raise RuntimeError("a mistake")

    monkeypatch.setenv("WT_SESSION", "1")
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(WharfieApp, "run", crash)
    monkeypatch.setattr("tui.headless.screen.prepare_textual", lambda environ: None)
    monkeypatch.setattr(sys, "__stderr__", said)
    here = Place("file:", str(tmp_path))
    with pytest.raises(RuntimeError):
        show_panes(FakeQueue(), Access(tmp_path / "known_hosts"), here, here)
    assert said.getvalue() == TITLE_BACK + NO_PROGRESS


def test_a_terminal_that_is_not_known_to_take_progress_is_sent_none(
    folders: tuple[Path, Path], isolated_home: Path
) -> None:
    with ScreenOnPty(*folders, env={**HERE, "WT_SESSION": ""}) as screen:
        copying(screen)
        screen.until(" left\x07")
        assert "\x1b]9;" not in screen.sent


def test_over_ssh_a_screen_of_transfers_sends_little(folders: tuple[Path, Path]) -> None:
    with ScreenOnPty(*folders, env={**HERE, "SSH_TTY": "/dev/pts/9"}) as screen:
        copying(screen)
        screen.until(PROGRESS)
        # What was said of the copy is taken off the screen meanwhile: that costs a screenful, once.
        told = [screen.drawn_in(SECONDS) / SECONDS for _ in range(WINDOWS)]
        assert sorted(told)[WINDOWS // 2] <= MOST, told
