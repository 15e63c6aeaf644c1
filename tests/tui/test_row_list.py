"""The list of a dialog: its cursor and its marks, without colours too."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from tui import format as show
from tui.widgets.row_list import RowList


class Listing(App[None]):
    def compose(self) -> ComposeResult:
        yield RowList[str](show.clip, notice="none", marking=True, id="rows")

    @property
    def rows(self) -> RowList[str]:
        return self.query_one("#rows", RowList)

    def lines(self) -> list[str]:
        return [self.rows.render_line(y).text.rstrip() for y in range(self.rows.size.height)]


async def test_it_is_as_high_as_its_rows_need_and_scrolls_beyond() -> None:
    app = Listing()
    async with app.run_test(size=(40, 12)) as pilot:
        app.rows.grow_to(5)
        await pilot.pause()
        assert app.lines() == ["none", ""]
        app.rows.show_rows(["a", "b", "c"])
        await pilot.pause()
        assert app.lines() == [" a", " b", " c"]
        app.rows.add_rows(str(number) for number in range(1000))
        await pilot.press("end")
        await pilot.pause()
        assert app.lines()[-1] == " 999" and app.rows.size.height == 5
        await pilot.press("home")
        assert app.rows.current == "a"


async def test_marks_are_what_a_command_is_for_else_the_row_of_the_cursor() -> None:
    app = Listing()
    async with app.run_test(size=(40, 12)) as pilot:
        app.rows.show_rows(["a", "b", "c"])
        await pilot.press("down")
        assert app.rows.targets == ["b"]
        app.rows.mark()
        assert (app.rows.targets, app.rows.current) == (["b"], "c")
        app.rows.mark_all()
        assert app.rows.targets == ["a", "b", "c"]
        app.rows.mark_all()
        assert app.rows.targets == ["c"]
        app.rows.show_rows([])
        assert app.rows.targets == []


async def test_text_from_elsewhere_is_drawn_literally() -> None:
    app = Listing()
    async with app.run_test(size=(40, 12)) as pilot:
        app.rows.show_rows(["[red]x\x1b[31m\u202e"])
        await pilot.pause()
        assert app.lines()[0] == " [red]x\\x1b[31m\\u202e"


@pytest.mark.parametrize("no_color", [False, True])
async def test_the_row_of_the_cursor_stands_out(
    no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    app = Listing()
    async with app.run_test(size=(40, 12)) as pilot:
        app.rows.show_rows(["a", "b"])
        app.rows.focus()
        await pilot.pause()
        styles = [next(iter(app.rows.render_line(y))).style for y in (0, 1)]
        assert styles[0] != styles[1]
        assert styles[0] is not None and (not no_color or styles[0].reverse)
