"""The list itself: drawing, size, speed; and how entries are arranged."""

from __future__ import annotations

import time

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from providers.base import Entry, Kind
from tests.tui.app_case import Many, Tree, at, make_app, names, opener, pane, read, until
from tui import listing
from tui.key_map import bar_items, fitting
from tui.keys import KEYS
from tui.listing import SortBy, View, arrange
from tui.widgets.file_list import FileList, columns, when


class ListApp(App[None]):
    def compose(self) -> ComposeResult:
        yield FileList()


def entry(name: str, kind: Kind = Kind.FILE, **fields: object) -> Entry:
    return Entry(f"/{name}", name, kind, **fields)  # type: ignore[arg-type]


async def test_a_hundred_thousand_entries_move_sort_and_filter_without_a_pause() -> None:
    app = make_app(at("y"), at("y"), opener=opener(x=Many(100_000), y=Tree()))
    async with app.run_test(size=(100, 40)) as pilot:
        await read(pilot)
        started = time.process_time()
        pane(app).open(at("x"))
        await until(pilot, lambda: bool(names(app)))
        first_rows = time.process_time() - started
        await until(pilot, lambda: len(names(app)) == 100_000 and pane(app).idle, 30)
        await pilot.press("end")
        assert pane(app).list.cursor == 99_999
        assert "n099999" in pane(app).list.render_line(pane(app).list.size.height - 1).text
        started = time.process_time()
        for _ in range(20):
            await pilot.press("pageup")
        assert time.process_time() - started < 4
        await pilot.press("s")
        await until(pilot, lambda: names(app)[0] == "n099999")
        await pilot.press("/", *"4242")
        await until(pilot, lambda: len(names(app)) == 20)
        assert first_rows < 1


@pytest.mark.parametrize("width", [1, 5, 10, 20, 24, 36, 60, 100])
async def test_every_line_is_exactly_as_wide_as_the_list(width: int) -> None:
    rows = [
        entry("plain.txt", size=10, modified=1e9),
        entry("日本語のとても長い名前のファイル.txt", size=1 << 40, modified=1e9),
        entry("e\u0301" * 200),
        entry("link", Kind.LINK, target="/a/\x1b[31m"),
        entry("dir", Kind.DIR, modified=-1e18),
        entry("fifo", Kind.OTHER, size=None),
    ]
    app = ListApp()
    async with app.run_test(size=(width, 10)) as pilot:
        files = app.query_one(FileList)
        files.show_rows(rows, has_parent=True)
        files.mark(rows[:2])
        await pilot.pause()
        for y in range(10):
            strip = files.render_line(y)
            assert cell_len(strip.text) == files.size.width
            assert "\x1b" not in strip.text


async def test_cursor_and_scroll_follow_the_held_path_when_rows_grow() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 10)) as pilot:
        files = app.query_one(FileList)
        files.show_rows([entry("m")], has_parent=False)
        files.action_last()
        files.show_rows([entry(f"a{i}") for i in range(50)] + [entry("m")], has_parent=False)
        await pilot.pause()
        assert files.current is not None and files.current.name == "m"
        assert files.cursor - files.scroll_offset.y < 10


def test_narrow_lists_drop_the_time_first_and_then_the_size() -> None:
    assert columns(100).modified == 16
    assert columns(39).modified == 11
    assert columns(30).modified == 0 < columns(30).size
    assert columns(20).size == 0
    assert columns(0).name == 0


def test_short_times_keep_the_hour_only_of_today() -> None:
    now = time.mktime((2026, 5, 4, 12, 0, 0, 0, 0, -1))
    assert when(now, 11, now) == "today 12:00"
    assert when(now - 86400 * 10, 11, now) == " 2026-04-24"
    assert when(None, 11, now).strip() == ""


def test_arrange_puts_directories_first_in_every_order() -> None:
    rows = [entry("b", size=5), entry("z", Kind.DIR), entry("A", size=9), entry("c", Kind.DIR)]
    for sort in SortBy:
        for reverse in (False, True):
            shown = arrange(rows, View(sort=sort, reverse=reverse))
            assert [e.kind for e in shown[:2]] == [Kind.DIR, Kind.DIR]
    assert [e.name for e in arrange(rows, View())] == ["c", "z", "A", "b"]
    assert [e.name for e in arrange(rows, View(sort=SortBy.SIZE))] == ["c", "z", "A", "b"]
    assert [e.name for e in arrange(rows, View(reverse=True))] == ["z", "c", "b", "A"]


def test_filter_treats_brackets_literally_and_stars_as_wildcards() -> None:
    assert listing.matcher("[1]")("a[1].txt")
    assert listing.matcher("*.TXT")("a.txt")
    assert not listing.matcher("*.txt")("a.bin")
    assert listing.glob("*.txt")("A.TXT") and not listing.glob("txt")("a.txt")


def test_snapshots_come_at_gaps_that_double_and_the_last_is_complete() -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 0.01
        return now

    seen: list[listing.Snapshot] = []
    listing.read(
        Many(100_000),
        "/",
        view=View,
        emit=seen.append,
        cancelled=lambda: False,
        clock=clock,
    )
    assert len(seen) < 10
    assert len(seen[0].entries) == 1000
    assert [s.complete for s in seen] == [False] * (len(seen) - 1) + [True]
    assert len(seen[-1].rows) == 100_000


def test_key_bar_drops_the_least_important_first_and_keeps_the_order() -> None:
    items = bar_items(KEYS, panel=False)
    for width in range(0, 200):
        shown = fitting(items, width)
        assert sum(i.width for i in shown) + 2 * max(0, len(shown) - 1) <= width
        assert [i for i in items if i in shown] == shown
    assert {"Copy", "Help", "Quit"} <= {i.label for i in fitting(items, 40)}


async def test_read_shows_rows_in_both_panes_from_one_connection() -> None:
    opened: list[str] = []
    tree = Tree(["/a", "/b"])

    def open_one(endpoint: str, access: object) -> Tree:
        opened.append(endpoint)
        return tree

    app = make_app(at("x"), at("x"), opener=open_one)
    async with app.run_test() as pilot:
        await read(pilot)
        assert names(app) == names(app, "right") == ["a", "b"]
        assert opened == ["memory://x"]
