"""H3: terminals that are tiny, slow or dumb. H4: a storm of errors, and one of 10 MB."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from providers.errors import NotFound
from tests.tui.app_case import Tree, at, make_app, opener, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from tests.tui.screen_on_pty import ScreenOnPty
from transfers.model import JobState
from tui.widgets.transfer_panel import TransferPanel

_BAUD = 960  # bytes a second that a line of 9,600 baud carries
_STORM = 5_000
_HUGE = 10 << 20


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (2, 40), (200, 2), (40, 12)])
async def test_H3_a_tiny_terminal_breaks_nothing(size: tuple[int, int]) -> None:
    queue = FakeQueue([make_row(n) for n in range(1, 50)])
    tree = Tree([f"/file-{n}" for n in range(50)])
    app = make_app(at("a"), at("a"), opener=opener(a=tree), queue=queue)
    async with app.run_test(size=size) as pilot:
        await read(pilot)
        for key in ("down", "pagedown", "end", "tab", "w", "down", "escape", "f1", "escape", "f7"):
            await pilot.press(key)
        await pilot.press("escape")
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: "F5 Copy" in text(app))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
def test_H3_a_line_of_9600_baud_is_drawn_and_left_in_order(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with ScreenOnPty(tmp_path, tmp_path, env={"SSH_TTY": "/dev/pts/0"}) as screen:
        deadline = time.monotonic() + 3.0
        while time.monotonic() < deadline:  # not to wait for anything: this is the line's speed
            os.read(screen._ours, _BAUD // 20)
            time.sleep(0.05)
        screen.until("F10")
        screen.type(b"\x11")
        screen.ended(time.monotonic())
        screen.assert_restored()


@pytest.mark.parametrize("term", ["dumb", ""])
def test_H3_a_terminal_without_a_cursor_is_refused_with_a_sentence(
    term: str, tmp_path: Path
) -> None:
    pty = pytest.importorskip("pty", reason="Windows has no pty")
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tui", str(tmp_path)],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env={**os.environ, "TERM": term},
            check=False,
            text=True,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode != 0
    assert "cannot move its cursor" in done.stderr
    assert "Traceback" not in done.stderr


async def test_H4_keys_act_in_a_storm_of_failures() -> None:
    queue = FakeQueue([make_row(n) for n in range(1, 101)])
    tree = Tree([f"/file-{n:02}" for n in range(50)])
    app = make_app(at("a"), at("a"), opener=opener(a=tree), queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        assert app.main is not None
        rows, looked = app.main.active.list, len(queue.snapshots)
        for turn in range(_STORM):
            state = JobState.FAILED if turn % 2 else JobState.WAITING
            queue.put(make_row(1 + turn % 100, state, reason=f"error {turn}"))
        started = time.monotonic()
        await pilot.press("down")
        await until(pilot, lambda: rows.cursor == 1)
        assert time.monotonic() - started < 5.0
        assert len(queue.snapshots) - looked < _STORM / 50, "a look at the queue for each error"


async def test_H4_an_error_of_ten_megabytes_takes_a_line_and_no_time() -> None:
    reason = "x" * _HUGE
    queue = FakeQueue([make_row(1, JobState.FAILED, reason=reason)])
    app = make_app(at("a"), at("a"), opener=opener(a=Tree(["/one", "/two"])), queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        started = time.process_time()
        app.say_error(NotFound("/one", reason))
        await pilot.press("w", "down", "up")
        await until(pilot, lambda: "xxx…" in text(app))
        assert app.screen.query_one(TransferPanel).is_attached
        await pilot.press("escape", "down")
        assert time.process_time() - started < 10.0
