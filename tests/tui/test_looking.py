"""Looking through a folder: order by any column, numbers by their worth, jumping to a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.app_case import Many, Tree, at, make_app, names, opener, pane, read, text, until
from tui import fuzzy, name_order
from tui.app import WharfieApp
from tui.widgets.jump_input import JumpInput
from tui.widgets.path_bar import ColumnHeader


def _app(*paths: str) -> WharfieApp:
    return make_app(at("x"), at("y"), opener=opener(x=Tree(paths), y=Tree()))


def _cursor(app: WharfieApp) -> str:
    entry = pane(app).list.current
    return "" if entry is None else entry.name


async def test_a_click_on_a_heading_sorts_by_it_and_another_turns_it_round(tmp_path: Path) -> None:
    for name, size in (("a", 5), ("b", 9), ("c", 1)):
        (tmp_path / name).write_bytes(b"x" * size)
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        heading = text(app).splitlines()[1]
        await pilot.click(ColumnHeader, offset=(heading.index("Size") + 1, 0))
        assert names(app) == ["b", "a", "c"]
        await pilot.click(ColumnHeader, offset=(heading.index("Size") + 1, 0))
        assert names(app) == ["c", "a", "b"]
        await pilot.click(ColumnHeader, offset=(heading.index("Modified") + 1, 0))
        assert "Modified ↓" in text(app)
        await pilot.click(ColumnHeader, offset=(2, 0))
        assert names(app) == ["a", "b", "c"]
        assert "Name ↑" in text(app)


async def test_sorting_by_extension_puts_names_without_one_first() -> None:
    app = _app("/d.x/", "/b.txt", "/a.txt", "/c.GZ", "/README", "/.bashrc")
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press(".", "s", "s", "s")
        assert names(app) == ["d.x", ".bashrc", "README", "c.GZ", "a.txt", "b.txt"]
        assert "Name, ext ↑" in text(app)
        await pilot.press("R")
        assert names(app) == ["d.x", "a.txt", "b.txt", "c.GZ", ".bashrc", "README"]


async def test_numbers_in_names_count_as_numbers_when_a_person_wants_that() -> None:
    app = _app("/p10", "/p9", "/p9a", "/p009", "/q1")
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        assert names(app) == ["p009", "p10", "p9", "p9a", "q1"]
        await pilot.press("#")
        assert names(app) == ["p009", "p9", "p9a", "p10", "q1"]
        await pilot.press("#")
        assert names(app)[1] == "p10"


def test_a_long_row_of_digits_is_a_number_too() -> None:
    many = ["x" + "1" * 300, "x" + "9" * 299, "x5"]
    assert sorted(many, key=name_order.natural) == many[::-1]


async def test_the_cursor_jumps_as_letters_are_typed_and_goes_on_to_the_next() -> None:
    app = _app("/alpha/", "/beta/", "/beta/inner", "/my-beta", "/obeta", "/b_e_t_a", "/zz")
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("end", "f", *"bet")
        assert _cursor(app) == "beta"
        for name in ("my-beta", "obeta", "b_e_t_a", "beta"):
            await pilot.press("ctrl+n")
            assert _cursor(app) == name
        await pilot.press("up")
        assert _cursor(app) == "b_e_t_a"
        await pilot.press("tab")
        assert pane(app).list.has_focus and _cursor(app) == "b_e_t_a"
        await pilot.press("f", *"bet", "enter")
        await until(pilot, lambda: names(app) == ["inner"])
        assert pane(app).list.has_focus
        assert not pane(app).query_one(JumpInput).display


async def test_escape_goes_back_to_where_the_cursor_was_and_so_does_no_match() -> None:
    app = _app("/alpha", "/beta", "/zz")
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("end", "f", "b")
        assert _cursor(app) == "beta"
        await pilot.press("q")
        assert _cursor(app) == "zz"
        await pilot.press("backspace", "escape")
        assert _cursor(app) == "zz"
        assert pane(app).list.has_focus


async def test_letters_that_come_at_once_are_for_the_field() -> None:
    app = _app("/alpha", "/delta", "/zz")
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        for key in ("f", "d", "e"):
            app.simulate_key(key)
        await until(pilot, lambda: _cursor(app) == "delta")


async def test_many_names_are_looked_through_in_a_thread_and_enter_waits_for_it() -> None:
    app = make_app(at("x"), at("y"), opener=opener(x=Many(20_000), y=Tree()))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("f")
        for key in (*"19999", "enter"):
            app.simulate_key(key)
        await until(pilot, lambda: _cursor(app) == "n019999")
        await until(pilot, lambda: "“n019999” is not a folder" in text(app))


@pytest.mark.parametrize(
    ("wanted", "names", "first"),
    [
        ("rep", ["prep", "my report", "report"], "report"),
        ("rep", ["prep", "my report"], "my report"),
        ("rep", ["r-e-p", "prep"], "prep"),
        ("rdm", ["random", "readme"], "readme"),
        ("É", ["été", "a"], "été"),
    ],
)
def test_the_likeliest_name_comes_first(wanted: str, names: list[str], first: str) -> None:
    assert names[fuzzy.best(wanted, names)[0]] == first


async def test_the_filter_narrows_with_each_letter_and_is_the_tabs_own() -> None:
    app = _app("/alpha", "/alto", "/zz")
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("/", "l")
        assert names(app) == ["alpha", "alto"]
        await pilot.press("t")
        assert names(app) == ["alto"]
        await pilot.press("enter", "ctrl+t")
        await read(pilot)
        await pilot.press("escape")
        assert len(names(app)) == 3
        await pilot.press("[")
        await until(pilot, lambda: names(app) == ["alto"])
