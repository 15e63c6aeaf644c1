"""What is typed while a folder is read stays in its field: in the pane letters act on files."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from textual.widgets import Input

from providers.base import Entry
from tests.tui.app_case import Tree, at, make_app, names, opener, pane, read, until
from tui.app import WharfieApp
from tui.screens.main import MainScreen
from tui.widgets.filter_input import FilterInput
from tui.widgets.jump_input import JumpInput


class _Slow(Tree):
    """The folder /far comes when `there` is set."""

    def __init__(self) -> None:
        super().__init__(("/far/", "/far/large.bin", "/far/small.bin", "/far/zz/", "/near"))
        self.there = threading.Event()

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        if path == "/far":
            self.there.wait(10)
        yield from super().list_dir(path)


def _app(slow: _Slow) -> WharfieApp:
    return make_app(at("x"), at("y"), opener=opener(x=slow, y=Tree()))


def _has_typed(app: WharfieApp, kind: type[Input], text: str) -> bool:
    field = pane(app).query_one(kind)
    return field.has_focus and field.value == text


async def test_a_name_that_is_looked_for_goes_on_in_the_folder_that_comes() -> None:
    slow = _Slow()
    app = _app(slow)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("home", "enter", "f", "l", "a")
        slow.there.set()
        await until(pilot, lambda: pane(app).place.path == "/far")
        await until(pilot, lambda: pane(app).list.held == "/far/large.bin")
        await pilot.press("r", "g")
        assert isinstance(app.screen, MainScreen) and _has_typed(app, JumpInput, "larg")
        await pilot.press("escape")
        assert pane(app).list.has_focus and pane(app).list.current is None  # the first row: ..


async def test_what_is_typed_as_a_filter_is_one_of_the_folder_that_comes() -> None:
    slow = _Slow()
    app = _app(slow)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("home", "enter", "slash", "s", "m")
        slow.there.set()
        await until(pilot, lambda: pane(app).place.path == "/far")
        await pilot.press("a")
        assert isinstance(app.screen, MainScreen) and _has_typed(app, FilterInput, "sma")
        await until(pilot, lambda: names(app) == ["small.bin"])


async def test_a_filter_that_was_left_is_not_one_of_the_next_folder() -> None:
    slow = _Slow()
    slow.there.set()
    app = _app(slow)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("slash", *"far", "enter", "home", "enter")
        await until(pilot, lambda: names(app) == ["zz", "large.bin", "small.bin"])
