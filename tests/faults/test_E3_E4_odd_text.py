"""E3: markup in names is shown as it is written. E4: marks of direction, wide and combining
characters are seen, and columns stay straight."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from providers.base import Entry, Kind
from providers.errors import NotFound
from tests.tui.app_case import Tree, at, make_app, opener, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import JobState
from tui.widgets.file_list import FileList

MARKUP = (
    *("[red]x", "x[-x]", "[link=http:x]y", "[@click=app.quit]press", ":smile:", "[b]bold[-b]"),
    *("[on red]", "[", "]", "[[x]]", "\\[x]", "[#ff0000]c", "$primary", "[reverse]r", "{x}", "%s"),
)
ODD = (
    *("a\u202egpj.exe", "\u2066x\u2069", "\u200bzero", "e\u0301" * 40, "z" + "\u0301" * 1_000),
    *("日本語のファイル.txt", "👩‍👩‍👧‍👦 family", "ﷺ", "ａｂｃ", "аdmin", "admin", "\ufeffbom"),
    *("क्षि", "🏳️‍🌈", "\u1160\u1160", "tab\there", "١٢٣"),
)


@pytest.mark.parametrize("size", [(100, 40), (60, 30)])
async def test_E3_markup_is_shown_literally_and_nothing_breaks(size: tuple[int, int]) -> None:
    tree = Tree([f"/{name}" for name in MARKUP])
    rows = [
        make_row(n, JobState.FAILED, name=name, reason=name)
        for n, name in enumerate(MARKUP, start=1)
    ]
    app = make_app(at("a"), at("a"), opener=opener(a=tree), queue=FakeQueue(rows))
    async with app.run_test(size=size) as pilot:
        await read(pilot)
        for name in MARKUP:
            assert name in text(app)
        assert app.main is not None
        for name in MARKUP:
            app.say_error(NotFound(f"/{name}"))
            await until(pilot, lambda name=name: f"/{name}: does not exist" in _flat(text(app)))
        await pilot.press("ctrl+a", "f8")
        await until(pilot, lambda: "Delete" in text(app) and "[@click=app.quit]" in text(app))
        await pilot.press("escape", "w")
        for _ in MARKUP:
            await pilot.press("down")
        assert app.is_running


def _flat(drawn: str) -> str:
    return " ".join(drawn.split())


async def test_E4_columns_are_straight_whatever_the_names_are() -> None:
    tree = Tree([f"/{name}" for name in ODD])
    app = make_app(at("a"), at("a"), opener=opener(a=tree))
    async with app.run_test(size=(120, 40)) as pilot:
        await read(pilot)
        assert app.main is not None
        rows = app.main.active.query_one(FileList)
        drawn = [rows.render_line(y) for y in range(len(ODD))]
        assert {strip.cell_length for strip in drawn} == {rows.size.width}
        assert {cell_len(strip.text) for strip in drawn} == {rows.size.width}
        for strip, entry in zip(drawn, rows.rows, strict=True):
            assert f" {entry.size} B" in strip.text
        ends = {cell_len(strip.text[: strip.text.rindex(" B") + 2]) for strip in drawn}
        assert len(ends) == 1


async def test_E4_marks_that_nobody_sees_are_made_visible() -> None:
    tree = Tree(["/a\u202egpj.exe", "/\u200bzero", "/\u2066x"])
    app = make_app(at("a"), at("a"), opener=opener(a=tree))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        for mark in (r"a\u202egpj.exe", r"\u200bzero", r"\u2066x"):
            assert mark in text(app)


async def test_E4_a_name_of_a_thousand_marks_keeps_to_its_row() -> None:
    entry = Entry("/z", "z" + "\u0301" * 1_000, Kind.FILE, 1, 0.0)
    tree = Tree(["/" + entry.name, "/zz"])
    app = make_app(at("a"), at("a"), opener=opener(a=tree))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        assert app.main is not None
        rows = app.main.active.query_one(FileList)
        drawn = [rows.render_line(y) for y in range(2)]
        assert "zz" in drawn[0].text + drawn[1].text
        assert max(strip.text.count("\u0301") for strip in drawn) <= 8
        assert {cell_len(strip.text) for strip in drawn} == {rows.size.width}
