"""Tabs of a pane, and the history of each."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from rich.cells import cell_len

from providers.base import Place
from tests.tui.app_case import Many, Tree, at, make_app, names, opener, pane, read, text, until
from tui.app import WharfieApp
from tui.history import History
from tui.rows import NO_ROWS
from tui.search import Criteria
from tui.tabs import laid_out
from tui.widgets.tab_bar import TabBar


def _tree() -> Tree:
    paths = ["/a/", "/a/one", "/a/two", "/b/", "/b/x.txt", "/b/y.txt", "/b/z.md", "/c/", "/c/d/"]
    return Tree(paths)


def _app(tree: Tree | None = None) -> WharfieApp:
    return make_app(at("x"), at("x"), opener=opener(x=tree or _tree()))


def _cursor(app: WharfieApp) -> str:
    entry = pane(app).list.current
    return "" if entry is None else entry.name


async def test_a_tab_keeps_its_place_cursor_marks_order_and_filter() -> None:
    app = _app()
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: names(app) == ["x.txt", "y.txt", "z.md"])
        await pilot.press("down", "space", "R", "/", *"txt", "enter")
        await until(pilot, lambda: names(app) == ["y.txt", "x.txt"])
        await pilot.press("home", "down")
        await pilot.press("ctrl+t")
        await read(pilot)
        assert names(app) == ["y.txt", "x.txt"]  # it begins as the one before
        assert not pane(app).list.marks
        await pilot.press("R", "escape", "backspace")
        await until(pilot, lambda: names(app) == ["a", "b", "c"])
        await pilot.press("[")
        await until(pilot, lambda: names(app) == ["y.txt", "x.txt"])
        await read(pilot)
        assert _cursor(app) == "y.txt"
        assert set(pane(app).list.marks) == {"/b/x.txt"}
        assert pane(app).view.reverse and pane(app).view.filter == "txt"
        await pilot.press("]")
        await until(pilot, lambda: names(app) == ["a", "b", "c"])
        assert not pane(app).view.reverse


async def test_the_bar_is_there_with_two_tabs_and_a_click_changes_them() -> None:
    app = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        bar = pane(app).query_one(TabBar)
        assert not bar.display
        await pilot.press("ctrl+t", "enter")
        await until(pilot, lambda: names(app) == ["one", "two"])
        assert bar.display
        assert text(app).splitlines()[0].startswith(" memory://x/  a  ")
        await pilot.click(TabBar, offset=(3, 0))
        await until(pilot, lambda: names(app) == ["a", "b", "c"])
        assert pane(app).tabs.at == 0
        await pilot.press("ctrl+w")
        await until(pilot, lambda: names(app) == ["one", "two"])
        assert not bar.display
        await pilot.press("ctrl+w")
        await until(pilot, lambda: "only tab" in text(app))


async def test_one_listing_is_alive_in_a_pane_however_many_tabs_it_has() -> None:
    more = threading.Event()
    stopped = threading.Event()

    class Slow(Many):
        def list_dir(self, path: str):  # type: ignore[no-untyped-def]
            try:
                yield from super().list_dir(path)
            except GeneratorExit:
                stopped.set()
                raise

    app = make_app(at("x"), at("y"), opener=opener(x=Slow(3000, more.wait), y=Tree()))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(names(app)) == 1000)
        first = pane(app).entries
        await pilot.press("ctrl+t")
        assert pane(app).entries is NO_ROWS or pane(app).entries is not first
        more.set()
        await read(pilot)
        assert len(names(app)) == 3000
        assert stopped.is_set()


async def test_a_tab_whose_folder_is_gone_says_so_and_leads_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    app = make_app(tmp_path / "gone", tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+t", "backspace")
        await until(pilot, lambda: names(app) == ["gone"])
        (tmp_path / "gone").rmdir()
        await pilot.press("[")
        await until(pilot, lambda: "not read" in text(app))
        assert names(app) == []
        await pilot.press("backspace")
        await until(pilot, lambda: pane(app).place == Place("file:", str(tmp_path)))


@pytest.mark.parametrize("width", [1, 7, 10, 20, 40, 80])
@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_tabs_fit_and_the_one_in_front_is_among_them(count: int, width: int) -> None:
    titles = [f"a name that is long {n}" if n % 2 else "日本" for n in range(count)]
    for front in range(count):
        pieces = laid_out(titles, front, width)
        end = pieces[-1].left + cell_len(pieces[-1].text)
        assert end <= max(width, 8)
        assert front in [piece.tab for piece in pieces]
        lefts = [piece.left for piece in pieces]
        assert lefts == sorted(set(lefts))


async def test_many_tabs_fit_40_columns() -> None:
    app = _app()
    async with app.run_test(size=(40, 12)) as pilot:
        await read(pilot)
        for _ in range(9):
            await pilot.press("ctrl+t")
            await read(pilot)
        assert "‹" in text(app).splitlines()[0]
        await pilot.click(TabBar, offset=(0, 0))
        await until(pilot, lambda: pane(app).tabs.at < 9)


async def test_history_goes_back_and_forward_with_the_cursor_and_is_the_tabs_own() -> None:
    app = _app()
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: names(app) == ["x.txt", "y.txt", "z.md"])
        await pilot.press("down", "down", "<")
        await until(pilot, lambda: names(app) == ["a", "b", "c"])
        assert _cursor(app) == "b"
        await pilot.press(">")
        await until(pilot, lambda: names(app) == ["x.txt", "y.txt", "z.md"])
        assert _cursor(app) == "y.txt"
        await pilot.press("alt+right")
        await until(pilot, lambda: "no folder to go forward to" in text(app))
        await pilot.press("ctrl+t")
        await read(pilot)
        await pilot.press("<")
        await until(pilot, lambda: "no folder to go back to" in text(app))


async def test_what_cannot_be_read_any_more_is_left_out_of_the_history(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        for name in ("one", "two"):
            pane(app).open(Place("file:", str(tmp_path / name)))
            await until(pilot, lambda name=name: pane(app).place.path.endswith(name))
        (tmp_path / "one").rmdir()
        await pilot.press("<")
        await until(pilot, lambda: "is not there" in text(app) or "not exist" in text(app))
        assert pane(app).place.path.endswith("two")
        await pilot.press("<")
        await until(pilot, lambda: pane(app).place.path == str(tmp_path))


def test_a_new_way_ends_what_was_ahead() -> None:
    history = History()
    for name in "abc":
        history.arrive(at("x", f"/{name}"))
    history.arrive(at("x", "/b"), -1)
    history.arrive(at("x", "/d"))
    assert history.peek(1) is None
    before = history.peek(-1)
    assert before is not None and before.place.path == "/b"


def test_history_has_an_end() -> None:
    history = History()
    for number in range(1000):
        history.arrive(at("x", f"/{number}"))
    assert history.peek(-99) is not None and history.peek(-100) is None


async def test_a_tab_that_shows_what_was_found_finds_it_again_with_its_marks() -> None:
    app = _app()
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        pane(app).search_below(Criteria(".txt"))
        await until(pilot, lambda: names(app) == ["x.txt", "y.txt"])
        await read(pilot)
        await pilot.press("end", "space", "ctrl+t")
        await read(pilot)
        assert names(app) == ["x.txt", "y.txt"]
        pane(app).open(at("x", "/a"))
        await until(pilot, lambda: names(app) == ["one", "two"])
        await read(pilot)
        await pilot.press("[")
        await until(pilot, lambda: names(app) == ["x.txt", "y.txt"])
        await read(pilot)
        assert set(pane(app).list.marks) == {"/b/y.txt"}
        assert "Found" in text(app)
