"""Ctrl+D: two folders compared, what differs looked at and decided, and what is queued then."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from textual import events
from textual.geometry import Offset

from providers.base import Entry, Kind
from providers.errors import Denied
from tests.tui.app_case import (
    AppPilot,
    Tree,
    at,
    make_app,
    opener,
    pane,
    plans_only_conflicts,
    read,
    text,
    until,
)
from tests.tui.fake_queue import FakeQueue
from transfers.mirror.model import Action, Mark
from transfers.model import Enqueue, NewJob, Op
from tui.app import WharfieApp
from tui.choices import GLYPHS, READER, Glyphs, Reader
from tui.screens.compare import CompareScreen
from tui.screens.compare_help import CompareHelpScreen
from tui.screens.compare_pair import ComparePairScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.message import MessageScreen
from tui.screens.viewer import ViewerScreen
from tui.widgets.filter_input import FilterInput
from tui.widgets.spoken_line import SpokenLine

_FILES = {
    "new": (2000.0, None),
    "newer": (2000.0, 1000.0),
    "older": (1000.0, 2000.0),
    "right": (None, 1000.0),
    "same": (1000.0, 1000.0),
    "sub/new": (1000.0, None),
    "sub/same": (1000.0, 1000.0),
}
"""By their ways below both tops: when they were changed on the left, and on the right."""


class Gated(Tree):
    """Its folder "sub" is listed when the test says so."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(paths)
        self.gate = threading.Event()

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        if path.endswith("/sub"):
            assert self.gate.wait(60)
        return super().list_dir(path)


def trees(kind: type[Tree] = Tree) -> tuple[Tree, Tree]:
    sides = []
    for number in (0, 1):
        top = ("/l", "/r")[number]
        tree = kind([f"{top}/", f"{top}/sub/"])
        for way, times in _FILES.items():
            if (modified := times[number]) is not None:
                tree.store.add(f"{top}/{way}", Kind.FILE, data=bytearray(8 if number else 9))
                tree.store.nodes[f"{top}/{way}"].modified = modified
        sides.append(tree)
    for way in ("same", "sub/same"):
        sides[1].store.nodes[f"/r/{way}"].data = bytearray(9)
    return sides[0], sides[1]


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


def both(queue: FakeQueue, left: Tree, right: Tree, **more: Any) -> WharfieApp:
    opened = opener(x=left, y=right)
    return make_app(at("x", "/l"), at("y", "/r"), queue=queue, opener=opened, **more)


async def opened(pilot: AppPilot, *, complete: bool = True) -> CompareScreen:
    """The screen that Ctrl+D opens."""
    await read(pilot)
    await pilot.press("ctrl+d")
    await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
    screen = pilot.app.screen
    assert isinstance(screen, CompareScreen)
    if complete:
        await until(pilot, lambda: screen.comparison.complete and not screen.comparing)
        await until(pilot, lambda: screen.rows.rows or "Nothing differs" in shown(pilot))
    await pilot.pause()
    return screen


def shown(pilot: AppPilot) -> str:
    assert isinstance(pilot.app, WharfieApp)
    return text(pilot.app)


def names(screen: CompareScreen) -> list[str]:
    return ["/".join(screen.comparison.table[at].relative) for at in screen.rows.rows]


async def on(pilot: AppPilot, screen: CompareScreen, name: str) -> None:
    """Put the cursor on a row."""
    await pilot.press("home", *["down"] * names(screen).index(name))


def actions(screen: CompareScreen) -> dict[str, Action]:
    comparison = screen.comparison
    found = {
        "/".join(comparison.table[at].relative): comparison.action(at) for at in screen.rows.rows
    }
    return {name: action for name, action in found.items() if action is not Action.SKIP}


async def queued(pilot: AppPilot, queue: FakeQueue) -> dict[str, NewJob]:
    await until(pilot, lambda: queue.sent)
    (command,) = queue.sent
    assert isinstance(command, Enqueue)
    return {job.target.path: job for job in command.jobs}


# What is found ----------------------------------------------------------------------------------


async def test_what_differs_is_listed_with_a_sign_a_word_and_what_will_be_done(
    queue: FakeQueue,
) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert names(screen) == ["new", "newer", "older", "right", "sub/new"]
        rows = [line.strip("│ ") for line in text(app).splitlines() if "│ [" in line]
        assert [" ".join(row.split()) for row in rows] == [
            "[x] + new new 9 B →",
            "[x] ▲ newer newer 9 B → 8 B",
            "[ ] ▼ older older 9 B - 8 B",
            "[ ] - only right right - 8 B",
            "[x] + new sub/new 9 B →",
        ]
        assert "→ 3 files, 27 B   2 the same" in text(app)


async def test_the_next_kind_of_rows_is_shown_by_a_key_and_the_same_ones_too(
    queue: FakeQueue,
) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("m")
        await until(pilot, lambda: names(screen) == ["new", "sub/new"])
        assert "Name (new)" in text(app)
        await pilot.press("M", "M")
        await until(pilot, lambda: "sub/same" in names(screen) and "right" in names(screen))


async def test_names_are_filtered_while_they_are_typed(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("slash", *"new")
        await until(pilot, lambda: names(screen) == ["new", "newer", "sub/new"])
        await pilot.press("enter", "a")
        assert set(actions(screen)) == set()
        await pilot.press("slash", "escape")
        await until(pilot, lambda: len(names(screen)) == 5)
        assert screen.focused is screen.rows


async def test_keys_typed_on_at_once_are_for_the_filter_and_then_for_the_list(
    queue: FakeQueue,
) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        for key in ("slash", "b", "slash", "n", "enter", "space", "slash", "escape"):
            app.post_message(events.Key(key, {"slash": "/", "b": "b", "n": "n"}.get(key)))
        await until(pilot, lambda: len(actions(screen)) == 2)


async def test_rows_come_while_it_is_compared_and_esc_stops_that_first(queue: FakeQueue) -> None:
    left, right = trees(Gated)
    assert isinstance(left, Gated) and isinstance(right, Gated)
    left.gate.set()
    app = both(queue, left, right)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, complete=False)
        await until(pilot, lambda: "newer" in names(screen))
        await until(pilot, lambda: "compared …  Esc stops" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "still being compared" in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Not all was compared" in text(app))
        right.gate.set()
        await pilot.press("enter")
        assert app.screen is screen and not queue.sent
        await pilot.press("ctrl+r")
        await until(pilot, lambda: screen.comparison.complete)
        await until(pilot, lambda: "sub/new" in names(screen))
        assert "Not all was compared" not in text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)


async def test_a_place_that_never_answers_is_left_with_a_second_esc(queue: FakeQueue) -> None:
    left, right = trees(Gated)
    assert isinstance(right, Gated) and isinstance(left, Gated)
    app = both(queue, left, right)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await opened(pilot, complete=False)
            await pilot.press("escape", "escape")
            await until(pilot, lambda: app.screen is app.main)
    finally:
        left.gate.set()
        right.gate.set()


async def test_a_folder_that_cannot_be_read_is_said_and_nothing_can_be_run(
    queue: FakeQueue,
) -> None:
    left, right = trees()
    app = both(queue, left, right)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)

        def refuse(operation: str, path: str) -> None:
            if operation == "list" or path == "/r":
                raise Denied(path, "is not for you")

        right.store.fail = refuse
        await pilot.press("ctrl+d")
        await until(pilot, lambda: "is not for you" in text(app))
        await pilot.press("enter")
        assert isinstance(app.screen, CompareScreen) and not queue.sent


@pytest.mark.parametrize(
    ("other", "said"), [("/l", "the same folder"), ("/l/sub", "inside the other")]
)
async def test_the_same_folder_or_one_in_the_other_is_not_compared(
    queue: FakeQueue, other: str, said: str
) -> None:
    tree = Tree(["/l/", "/l/sub/"])
    app = make_app(at("x", "/l"), at("x", other), queue=queue, opener=opener(x=tree))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+d")
        await until(pilot, lambda: said in text(app))
        assert app.screen is app.main


# What is decided --------------------------------------------------------------------------------


async def test_rows_are_ticked_turned_round_and_deleted_by_keys(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("home", "space")
        assert names(screen)[screen.rows.cursor] == "newer"
        await pilot.press("left")
        await on(pilot, screen, "older")
        await pilot.press("greater_than_sign")
        await on(pilot, screen, "right")
        await pilot.press("delete")
        await until(pilot, lambda: "✗ 1 right" in text(app))
        await on(pilot, screen, "sub/new")
        await pilot.press("f8")
        assert actions(screen) == {
            "newer": Action.LEFT,
            "older": Action.RIGHT,
            "right": Action.DELETE_RIGHT,
            "sub/new": Action.DELETE_LEFT,
        }


async def test_what_cannot_be_done_about_a_row_is_said(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("home", "left")
        await until(pilot, lambda: "nothing on the right to copy" in text(app))
        await on(pilot, screen, "newer")
        await pilot.press("delete")
        await until(pilot, lambda: "It is on both sides" in text(app))


async def test_a_click_on_the_box_ticks_and_one_on_the_name_does_not(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.click(screen.rows, offset=Offset(1, 1))
        await until(pilot, lambda: "newer" not in actions(screen))
        await pilot.click(screen.rows, offset=Offset(30, 0))
        await until(pilot, lambda: screen.rows.cursor == 0)
        assert "new" in actions(screen)


async def test_deleting_is_off_and_a_key_turns_it_on_and_says_what_becomes_of_files(
    queue: FakeQueue,
) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert "x Delete: off" in text(app)
        await pilot.press("x")
        await until(pilot, lambda: "what only the right has is deleted" in text(app))
        assert actions(screen)["right"] is Action.DELETE_RIGHT
        keep = screen.comparison.wish.keep
        await pilot.press("k")
        assert screen.comparison.wish.keep is not keep
        await pilot.press("x")
        assert "right" not in actions(screen)


async def test_comparing_by_digest_compares_again(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("c")
        await until(pilot, lambda: "c By: digest" in text(app))
        await until(pilot, lambda: screen.comparison.complete and not screen.comparing)
        assert screen.comparison.wish.criteria.by == "digest"


# What is queued ---------------------------------------------------------------------------------


async def test_enter_queues_what_is_ticked_as_one_batch(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await on(pilot, screen, "right")
        await pilot.press("left", "enter")
        jobs = await queued(pilot, queue)
        assert {path: job.op for path, job in jobs.items()} == dict.fromkeys(
            ("/r/new", "/r/newer", "/r/sub/new", "/l/right"), Op.COPY
        )
        assert jobs["/r/newer"].agreed  # no other version is replaced unasked
        await until(pilot, lambda: "Mirror: 4 jobs queued" in text(app))
        assert not pane(app).list.signs


async def test_deleting_more_than_half_asks_first_and_what_was_decided_stays(
    queue: FakeQueue,
) -> None:
    left, right = Tree(["/l/", "/l/a"]), Tree(["/r/", *(f"/r/{n:02}" for n in range(20))])
    app = both(queue, left, right)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("x")
        await on(pilot, screen, "07")
        await pilot.press("space", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert "19 of the 20 files" in text(app)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await until(pilot, lambda: "✗ 19 right" in text(app))
        assert not queue.sent
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        jobs = await queued(pilot, queue)
        assert sum(job.op is Op.PRUNE for job in jobs.values()) == 19


async def test_on_the_word_of_an_empty_left_side_nothing_is_deleted(queue: FakeQueue) -> None:
    left, right = Tree(["/l/"]), Tree(["/r/", "/r/a"])
    app = both(queue, left, right)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("x", "enter")
        await until(pilot, lambda: isinstance(app.screen, MessageScreen))
        assert "no files at all" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        assert not queue.sent


async def test_nothing_ticked_is_nothing_to_run(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("a", "a", "enter")
        await until(pilot, lambda: "Nothing is ticked" in text(app))
        assert not queue.sent


# Around it --------------------------------------------------------------------------------------


async def test_both_panes_show_signs_until_esc_and_what_differs_can_be_marked(
    queue: FakeQueue,
) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(100, 24)) as pilot:
        await opened(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "▲ newer" in text(app) and "▼ newer" in text(app))
        assert "+ right" in text(app) and "= same" in text(app)
        await pilot.press("&")
        await until(pilot, lambda: len(pane(app).list.marks) == 3)  # sub, new, newer
        await pilot.press("escape")
        await until(pilot, lambda: "▲" not in text(app) and "▼" not in text(app))


async def test_signs_go_with_the_folder_they_are_of(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(100, 24)) as pilot:
        await opened(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: pane(app).list.signs)
        await pilot.press("home", "down", "enter")
        await until(pilot, lambda: pane(app).place.path == "/l/sub")
        assert not pane(app).list.signs


async def test_a_pair_is_shown_in_full_and_its_contents_are_compared(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await on(pilot, screen, "newer")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ComparePairScreen))
        await pilot.press("c")
        await until(pilot, lambda: "equal up to byte 8" in text(app))
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ViewerScreen))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ComparePairScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)


async def test_help_says_what_signs_and_keys_mean(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 60)) as pilot:
        screen = await opened(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, CompareHelpScreen))
        assert all(f" {word} " in text(app) for word in ("newer", "only right", "Space"))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (160, 48)])
async def test_rows_totals_and_the_way_out_are_there_at_every_size(
    queue: FakeQueue, size: tuple[int, int]
) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        assert all(each in text(app) for each in ("[x] +", "→ 3 files", "Enter Run", "Esc Close"))


async def test_in_ascii_each_mark_and_action_is_still_another_sign(queue: FakeQueue) -> None:
    settings = plans_only_conflicts()
    settings.set(GLYPHS, Glyphs.ASCII)
    app = both(queue, *trees(), settings=settings)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await on(pilot, screen, "right")
        await pilot.press("delete")
        await pilot.pause()
        assert text(app).isascii()
        assert all(sign in text(app) for sign in ("+ new", "^ newer", "v older", "  x  ", " > "))
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, CompareHelpScreen))
        assert text(app).isascii()


async def test_a_screen_reader_is_told_the_row_in_words(queue: FakeQueue) -> None:
    settings = plans_only_conflicts()
    settings.set(READER, Reader.ON)
    app = both(queue, *trees(), settings=settings)
    async with app.run_test(size=(160, 24)) as pilot:
        screen = await opened(pilot)
        await on(pilot, screen, "newer")
        line = screen.query_one(SpokenLine)
        await until(pilot, lambda: "newer, left: 9 B" in str(line.content))
        assert str(line.content).endswith("newer; size, copy right, 2 of 5")


async def filled(pilot: AppPilot, screen: CompareScreen) -> None:
    """Have it show a hundred thousand new files."""
    comparison, one = screen.comparison, screen.comparison.table[0]
    assert one.mark is Mark.NEW
    table = comparison.begin()
    table.extend(
        type(one)((f"n{n:06}",), one.mark, one.left, None, "/l/new", "/r/new")
        for n in range(100_000)
    )
    comparison.settle(table, ())
    await pilot.press("m")
    await until(pilot, lambda: len(screen.rows.rows) == 100_000)


async def test_enter_runs_nothing_while_rows_are_still_being_ticked(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await filled(pilot, screen)
        screen.action_choose("all")
        screen.action_choose("go")
        assert app.screen is screen
        await until(pilot, lambda: "Nothing is to be done" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing is ticked" in text(app))
    assert not queue.sent


@pytest.mark.parametrize("under_way", ["ticking", "filter"])
async def test_esc_closes_it_whatever_its_many_rows_are_doing(
    queue: FakeQueue, under_way: str
) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await filled(pilot, screen)
        if under_way == "ticking":
            screen.action_choose("all")
        else:
            screen.query_one(FilterInput).value = "n00000"
            await until(pilot, lambda: screen.choosing)
        screen.action_choose("cancel")
        await until(pilot, lambda: app.screen is app.main and not screen.is_attached)
        await until(pilot, lambda: "Ctrl+D compares again" in text(app))
    assert not queue.sent


async def test_a_key_right_after_the_filter_is_for_no_row_that_it_hides(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await filled(pilot, screen)
        screen.query_one(FilterInput).value = "n00000"
        await until(pilot, lambda: screen.choosing)
        for choice in ("all", "tick", "delete"):
            screen.action_choose(choice)
        assert not list(screen.comparison.edits())
        await until(pilot, lambda: len(screen.rows.rows) == 10)
        await until(pilot, lambda: not screen.choosing)
        screen.action_choose("all")
        await until(pilot, lambda: "→ 99,990 files" in text(app))


async def test_a_hundred_thousand_rows_scroll_and_tick_without_delay(queue: FakeQueue) -> None:
    app = both(queue, *trees())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await filled(pilot, screen)
        await pilot.press("end", "space", "pageup", "space")
        await until(pilot, lambda: "→ 99,998 files" in text(app))
