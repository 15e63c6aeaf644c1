"""Keys that come faster than what they are meant for, as on a slow line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual import events

from tests.tui.app_case import make_app, names, pane, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import Enqueue, Pause
from tui.app import WharfieApp


def burst(app: WharfieApp, *keys: str) -> None:
    """Keys that a terminal sends in one piece."""
    for key in keys:
        name = {"/": "slash", " ": "space"}.get(key, key)
        app.post_message(events.Key(name, key if len(key) == 1 else None))


async def test_a_name_typed_right_after_f7_is_the_folders_name(tmp_path: Path) -> None:
    queue = FakeQueue()
    (tmp_path / "one").touch()
    app = make_app(tmp_path, tmp_path.parent, queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        burst(app, "end", "f7", *"cm new", "enter")
        await until(pilot, lambda: "cm new" in names(app))
        assert not queue.sent  # c and m copy and move in a pane


async def test_letters_right_after_the_slash_are_the_filter(tmp_path: Path) -> None:
    for name in ("aa", "cb"):
        (tmp_path / name).touch()
    queue = FakeQueue()
    app = make_app(tmp_path, tmp_path.parent, queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        burst(app, "end", "/", "c", "enter")
        await until(pilot, lambda: names(app) == ["cb"])
        await until(pilot, lambda: pane(app).list.has_focus)
        assert not queue.sent


async def test_keys_that_no_dialog_came_for_go_where_they_would_have_gone(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        burst(app, "home", "f2", "down", "space")  # nothing to rename on the row of the parent
        await until(pilot, lambda: len(pane(app).list.marks) == 1)


async def test_q_pressed_twice_asks_once(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path, queue=FakeQueue([make_row(1)]))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        burst(app, "q", "q", "q")
        await until(pilot, lambda: "Quit?" in text(app))
        await pilot.press("escape")
        await pilot.pause(0.3)
        assert app.screen is app.main
        assert not app._exit


async def test_a_key_right_after_w_is_the_panels(tmp_path: Path) -> None:
    queue = FakeQueue([make_row(1)])
    app = make_app(tmp_path, tmp_path, queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        burst(app, "w", "P")
        await until(pilot, lambda: queue.sent == [Pause()])


@pytest.mark.parametrize("steps", range(0, 40, 3))
async def test_a_filter_is_whole_however_its_keys_come(tmp_path: Path, steps: int) -> None:
    """A key that comes when others are kept does not overtake them: F5 copies what was meant."""
    for name in ("aa", "cb"):
        (tmp_path / name).touch()
    queue = FakeQueue()
    app = make_app(tmp_path, tmp_path.parent, queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        for key in ("/", *"cb", "enter", "end", "f5"):
            burst(app, key)
            for _ in range(steps):
                await asyncio.sleep(0)
        await until(pilot, lambda: bool(queue.sent))
    (sent,) = queue.sent
    assert isinstance(sent, Enqueue)
    assert [job.source.path for job in sent.jobs] == [str(tmp_path / "cb")]
