"""A connection that was lost comes back by itself: folder and marks stay, nobody is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from providers.base import Kind
from providers.errors import ConnectionLost, ProviderError, Unreachable
from tests.tui.app_case import Tree, at, make_app, names, opener, read, text, until
from tui.widgets import pane_reading

LAST_RESORT = 30.0  # seconds: only reached when a test fails


class Flaky(Tree):
    """Fails the next listings with what is in `errors`."""

    def __init__(self) -> None:
        super().__init__(["/a", "/b"])
        self.errors: list[ProviderError] = []
        self.listed = 0
        self.last: Callable[[], None] = lambda: None  # called with the last of them
        self.store.fail = self._fail

    def _fail(self, operation: str, path: str) -> None:
        if operation != "list_dir":
            return
        self.listed += 1
        if self.errors:
            if len(self.errors) == 1:
                self.last()
            raise self.errors.pop(0)


async def test_a_folder_is_read_again_when_its_connection_had_ended() -> None:
    tree = Flaky()
    app = make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree()))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+a")
        await until(pilot, lambda: "2 marked" in text(app))
        tree.store.add("/c", Kind.DIR)
        tree.errors = [ConnectionLost("/")]
        await pilot.press("ctrl+r")
        await until(pilot, lambda: names(app) == ["c", "a", "b"])
        assert "2 marked" in text(app)
        assert "connection was lost" not in text(app)


@pytest.mark.parametrize(
    ("errors", "times"),
    [([ConnectionLost("/"), ConnectionLost("/")], 2), ([Unreachable("memory://x", "off")], 1)],
    ids=["lost again", "out of reach"],
)
async def test_one_that_does_not_come_back_is_told_and_the_folder_stays(
    errors: list[ProviderError], times: int
) -> None:
    tree = Flaky()
    app = make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree()))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+a")
        before, tree.errors = tree.listed, list(errors)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: errors[-1].what in text(app))
        assert names(app) == ["a", "b"]
        assert tree.listed - before == times
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "2 marked" in text(app))


async def test_a_server_that_was_away_comes_back_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pane_reading, "_AGAIN", (0.05, 0.1))
    tree = Flaky()
    app = make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree()))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+a")
        tree.store.add("/c", Kind.DIR)
        away, seen = threading.Event(), threading.Event()

        def back_once_seen() -> None:
            away.set()
            seen.wait(LAST_RESORT)

        tree.errors = [Unreachable("memory://x", "off") for _ in range(4)]
        tree.last = back_once_seen
        await pilot.press("ctrl+r")
        await until(pilot, away.is_set)
        await until(pilot, lambda: "off" in text(app))
        seen.set()
        await until(pilot, lambda: names(app) == ["c", "a", "b"])
        assert "2 marked" in text(app)
        await until(pilot, lambda: "off" not in text(app))


async def test_who_goes_elsewhere_meanwhile_is_not_called_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pane_reading, "_AGAIN", (1.5,))
    tree = Flaky()
    tree.store.add("/c", Kind.DIR)
    app = make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree()))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        tree.errors = [Unreachable("memory://x", "off")]
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "off" in text(app))
        await pilot.press("home", "enter")
        await until(pilot, lambda: names(app) == [])
        listed = tree.listed
        await pilot.pause(2.0)
        assert (tree.listed, names(app)) == (listed, [])
