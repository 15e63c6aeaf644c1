"""Over SSH little is drawn by itself, and little for a key."""

from __future__ import annotations

import time

import pytest

from tests.tui.app_case import Many, Tree, at, make_app, opener, pane, read, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import JobState
from tui import slow_line
from tui.widgets.transfer_panel import TransferPanel


@pytest.mark.parametrize("height", [1, 2, 17, 40])
def test_the_cursor_is_in_sight_and_a_slow_line_scrolls_for_half_a_screenful_only(
    height: int,
) -> None:
    for slow in (False, True):
        top = scrolled = 0
        for cursor in [*range(500), *range(499, -1, -1)]:
            to = slow_line.top_for(cursor, top, height, slow=slow)
            assert 0 <= to <= cursor < to + height
            scrolled += to != top
            top = to
        least = 2 * (500 - height)
        assert scrolled <= (2 * 500 // max(1, height // 2) + 2 if slow else least)


def test_what_is_drawn_of_transfers_keeps_to_the_promise_whatever_its_size() -> None:
    for lines, cells in [(1, 40), (9, 80), (9, 500), (50, 10_000)]:
        pause = slow_line.pause_after(lines, cells)
        assert pause >= slow_line.LOOK_SECONDS
        assert (cells + 100 * lines) / pause <= 2048


@pytest.mark.parametrize("ssh", [False, True])
async def test_the_queue_is_looked_at_as_often_as_the_line_can_carry(
    ssh: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ssh:
        monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    queue = FakeQueue([make_row(1, JobState.TRANSFERRING, moved=1)])
    app = make_app(at("x"), at("x"), queue=queue, opener=opener(x=Tree()))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        assert app.main is not None
        panel = app.main.query_one(TransferPanel)
        await until(pilot, lambda: panel.totals.counts)
        assert (panel._due > time.monotonic() - slow_line.LOOK_SECONDS) is ssh
        await until(pilot, lambda: not panel._pulling)
        panel._due = float("inf")
        looks = len(queue.snapshots)
        panel._look_in_turn()
        assert not panel._pulling and len(queue.snapshots) == looks
        panel._due = 0.0
        panel._look_in_turn()
        assert panel._pulling
        await until(pilot, lambda: len(queue.snapshots) > looks)


async def test_over_ssh_a_list_scrolls_by_half_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    app = make_app(at("x"), at("x"), opener=opener(x=Many(1000)))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        files, tops = pane(app).list, set()
        for _ in range(100):
            await pilot.press("down")
            tops.add(files.scroll_offset.y)
            assert files.scroll_offset.y <= files.cursor < files.scroll_offset.y + files.size.height
        assert 2 < len(tops) < 100 // (files.size.height // 2) + 2
