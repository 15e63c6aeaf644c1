"""Terminals and people of every kind: ASCII alone, words for a screen reader, odd sizes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from textual.color import Color

from providers.base import Entry, Kind
from tests.tui.app_case import Tree, at, make_app, opener, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from tui.choices import GLYPHS, READER, Glyphs, Reader
from tui.line_filters import PlainGlyphs, VisibleText, plain
from tui.settings_file import SettingsFile
from tui.spoken import entry_words
from tui.terminal import wants_ascii
from tui.widgets.file_list import FileList

_BLACK = Color(0, 0, 0)


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml")


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": "ja_JP.eucJP"}, True),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, True),
        ({"LC_ALL": "de_DE.ISO-8859-1", "LANG": "C.UTF-8"}, True),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "en_US.utf8"}, False),
        ({"LANG": "C"}, False),
        ({}, False),
    ],
)
def test_a_locale_without_utf_8_gets_ascii(environ: dict[str, str], ascii_only: bool) -> None:
    assert wants_ascii(Glyphs.AUTO, environ) is ascii_only
    assert wants_ascii(Glyphs.ASCII, environ)
    assert not wants_ascii(Glyphs.UNICODE, environ)


@pytest.mark.parametrize(
    ("shown", "drawn"),
    [("╭─ Größe ─╮", "+- Große -+"), ("日本", "????"), ("↑ … × ●", "^ ~ x *"), ("naïve", "naive")],
)
def test_what_is_not_ascii_keeps_its_width(shown: str, drawn: str) -> None:
    assert plain(shown) == drawn.replace("ß", "?")


def test_no_control_character_passes_the_last_look() -> None:
    hostile = [Segment("a\x1b]0;title\x07b\u202ec"), Segment("plain")]
    drawn = "".join(each.text for each in VisibleText().apply(hostile, _BLACK))
    assert drawn.isprintable()
    assert "plain" in drawn
    assert PlainGlyphs().apply([Segment("…")], _BLACK)[0].text == "~"


async def test_an_ascii_screen_has_nothing_else_on_it(file: SettingsFile, tmp_path: Path) -> None:
    file.set(GLYPHS, Glyphs.ASCII)
    tree = Tree(["/größe.txt", "/日本/"])
    app = make_app(at("a"), at("a"), opener=opener(a=tree), settings=file)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        assert text(app).isascii()
        for keys in (["f1"], ["escape", "f7"], ["escape", "f9"], ["escape", "comma"]):
            await pilot.press(*keys)
            await pilot.pause()
            assert text(app).isascii()


async def test_the_terminals_cursor_is_on_the_row_that_has_the_focus(tmp_path: Path) -> None:
    app = make_app(at("a"), at("a"), opener=opener(a=Tree(["/one", "/two"])))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        rows = app.screen.focused
        assert isinstance(rows, FileList)
        before = app.cursor_position
        await pilot.press("down")
        await until(pilot, lambda: app.cursor_position.y == before.y + 1)
        assert rows.content_region.contains_point(app.cursor_position)


async def test_the_row_is_told_in_words_where_wanted(file: SettingsFile) -> None:
    file.set(READER, Reader.ON)
    queue = FakeQueue([make_row(1)])
    tree = Tree(["/one", "/two"])
    app = make_app(at("a"), at("a"), opener=opener(a=tree), settings=file, queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: "one, 4 B" in text(app))
        await pilot.press("space")
        await until(pilot, lambda: "two, 4 B" in text(app))
        await pilot.press("up")
        await until(pilot, lambda: "marked, 1 of 2" in text(app))
        await pilot.press("w")
        await until(pilot, lambda: "queued, 0 percent, 1 of 1" in text(app))


def test_words_for_an_entry_are_safe_and_complete() -> None:
    entry = Entry("/a\x1bb", "a\x1bb", Kind.DIR)
    words = entry_words(entry, 2, 1000, marked=True, now=0.0)
    assert words == r"a\x1bb, folder, marked, 3 of 1,000"


async def _every_screen(pilot: Any, app: Any, check: Callable[[], None]) -> None:
    for keys in ("f1", "f7", "f9", "comma", "ctrl+p", "i", "w"):
        await pilot.press(keys)
        await pilot.pause()
        check()
        await pilot.press("escape")
        await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (160, 48)])
async def test_every_screen_opens_at_every_size(size: tuple[int, int], tmp_path: Path) -> None:
    app = make_app(at("a"), at("a"), opener=opener(a=Tree(["/one", "/two/"])))
    async with app.run_test(size=size) as pilot:
        await read(pilot)

        def check() -> None:
            width, height = app.size
            lines = text(app).splitlines()
            assert (len(lines), max(map(len, lines))) == (height, width)

        await _every_screen(pilot, app, check)


async def test_a_storm_of_resizes_leaves_a_whole_screen() -> None:
    app = make_app(at("a"), at("a"), opener=opener(a=Tree([f"/file-{i}" for i in range(50)])))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        for turn in range(60):
            await pilot.resize_terminal(20 + turn * 7 % 140, 3 + turn * 5 % 45)
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: "file-0" in text(app) and "F5 Copy" in text(app))
