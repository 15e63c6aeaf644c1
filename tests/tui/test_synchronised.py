"""Both panes go up and down together."""

from __future__ import annotations

import threading

from tests.tui.app_case import AppPilot, Tree, at, make_app, opener, pane, read, text, until
from tui.app import WharfieApp


def _app() -> WharfieApp:
    left = Tree(["/l/", "/l/a/", "/l/a/deep/", "/l/only/", "/l/only/more/", "/f"])
    right = Tree(["/r/", "/r/s/", "/r/s/a/", "/r/s/a/deep/", "/r/s/f"])
    return make_app(at("x", "/l"), at("y", "/r/s"), opener=opener(x=left, y=right))


def _places(app: WharfieApp) -> tuple[str, str]:
    return pane(app).place.path, pane(app, "right").place.path


async def _both(pilot: AppPilot, app: WharfieApp, left: str, right: str) -> None:
    await until(pilot, lambda: _places(app) == (left, right))
    await read(pilot)


async def test_entering_and_leaving_a_folder_is_done_in_both_and_shown() -> None:
    app = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("y")
        await until(pilot, lambda: text(app).splitlines()[0].count("⇄") == 2)
        await pilot.press("down", "enter")
        await _both(pilot, app, "/l/a", "/r/s/a")
        await pilot.press("tab", "down", "enter")
        await _both(pilot, app, "/l/a/deep", "/r/s/a/deep")
        await pilot.press("backspace")
        await _both(pilot, app, "/l/a", "/r/s/a")
        current = pane(app, "left").list.current
        assert current is not None and current.name == "deep"
        await pilot.press("y", "backspace")
        await _both(pilot, app, "/l/a", "/r/s")
        assert "⇄" not in text(app)


async def test_what_the_other_has_not_is_said_and_it_goes_on_when_back_in_step() -> None:
    app = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("y", "end", "enter")
        await until(pilot, lambda: "has no folder “only”" in text(app))
        await _both(pilot, app, "/l/only", "/r/s")
        await pilot.press("backspace")
        await _both(pilot, app, "/l", "/r/s")
        await pilot.press("home", "down", "enter")
        await _both(pilot, app, "/l/a", "/r/s/a")


async def test_above_both_bases_they_still_go_together_up_to_the_root() -> None:
    app = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("y", "tab", "backspace")
        await _both(pilot, app, "/", "/r")
        await pilot.press("backspace")
        await until(pilot, lambda: "at its top folder" in text(app))
        assert _places(app) == ("/", "/")


async def test_a_file_is_no_folder_to_follow_into() -> None:
    tree = Tree(["/f/", "/f/x"])
    app = make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree(["/f"])))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("y", "down", "enter")
        await until(pilot, lambda: "has no folder “f”" in text(app))
        assert _places(app) == ("/f", "/")


async def test_going_somewhere_else_ends_it() -> None:
    app = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("y")
        pane(app).open(at("y", "/r"))
        await until(pilot, lambda: "one pane went somewhere else" in text(app))
        assert "⇄" not in text(app)
        assert pane(app, "right").place.path == "/r/s"


async def test_what_is_done_faster_than_the_other_pane_reads_is_followed_all_the_same() -> None:
    app = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        store = pane(app, "right").provider.store  # type: ignore[attr-defined]
        reading, go_on, looking, look = (threading.Event() for _ in range(4))

        def wait(operation: str, path: str) -> None:
            if operation == "list_dir" and path == "/r/s/a":
                reading.set()
                go_on.wait(20)
            if operation == "stat" and path == "/r/s/a/deep":
                looking.set()
                look.wait(20)

        store.fail = wait
        await pilot.press("y", "down", "enter")
        await until(pilot, reading.is_set)
        await pilot.press("down", "enter")
        await until(pilot, looking.is_set)
        go_on.set()
        await until(pilot, lambda: _places(app) == ("/l/a/deep", "/r/s/a"))
        look.set()
        await _both(pilot, app, "/l/a/deep", "/r/s/a/deep")
        await pilot.press("backspace")
        await _both(pilot, app, "/l/a", "/r/s/a")
