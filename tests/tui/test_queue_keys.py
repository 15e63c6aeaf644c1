"""What keys do with the queue on the whole screen: filters, marks, all at once, places."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from providers.base import Place
from tests.tui.app_case import AppPilot, make_app, pane, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import Cancel, JobState, Move, ParkReason, Retry, Row
from tui.app import WharfieApp
from tui.queue_filter import Shown
from tui.screens.confirm import ConfirmScreen
from tui.screens.job import JobScreen
from tui.widgets.transfer_panel import TransferPanel

S = JobState
SIX = [
    make_row(1, S.TRANSFERRING),
    make_row(2, S.DONE),
    make_row(3, S.FAILED),
    make_row(4),
    make_row(5, S.PARKED, park=ParkReason.OTHER),
    make_row(6, S.FAILED),
]


@asynccontextmanager
async def panel_with(
    folder: Path, queue: FakeQueue, *, size: tuple[int, int] = (100, 40)
) -> AsyncIterator[tuple[WharfieApp, AppPilot, TransferPanel]]:
    """The screen, the panel of which has the focus and shows `queue`."""
    app = make_app(folder, folder, queue=queue)
    async with app.run_test(size=size) as pilot:
        await read(pilot)
        assert app.main is not None
        panel = app.main.query_one(TransferPanel)
        await pilot.press("w")
        await until(pilot, lambda: panel.view.count == len(queue.rows))
        yield app, pilot, panel


def shown(panel: TransferPanel) -> list[int]:
    return [row.job.id for row in panel.view._rows.values()]


@pytest.mark.parametrize(
    ("filtered", "jobs"),
    [
        (Shown.RUNNING, [1]),
        (Shown.WAITING, [4]),
        (Shown.PARKED, [5]),
        (Shown.FAILED, [3, 6]),
        (Shown.DONE, [2]),
    ],
)
async def test_a_key_goes_through_the_kinds_of_state(
    tmp_path: Path, filtered: Shown, jobs: list[int]
) -> None:
    async with panel_with(tmp_path, FakeQueue(SIX)) as (app, pilot, panel):
        await pilot.press(*"f" * list(Shown).index(filtered))
        await until(pilot, lambda: shown(panel) == jobs)
        await until(pilot, lambda: f"only {filtered}" in text(app))
        assert "2 failed" in text(app)  # the totals are of all
        await pilot.press(*"F" * list(Shown).index(filtered))
        await until(pilot, lambda: shown(panel) == [1, 2, 3, 4, 5, 6])
        assert "only " not in text(app)


async def test_every_state_is_of_one_kind() -> None:
    states = [state for kind in Shown for state in kind.states]
    assert sorted(states) == sorted(JobState)


async def test_a_kind_that_no_transfer_is_of_says_so_and_how_to_see_others(tmp_path: Path) -> None:
    async with panel_with(tmp_path, FakeQueue([make_row(1)])) as (app, pilot, _):
        await pilot.press("F", "F")
        await until(pilot, lambda: "No transfer is failed. f and F show others." in text(app))


async def test_a_filter_takes_marks_away_that_would_be_out_of_sight(tmp_path: Path) -> None:
    async with panel_with(tmp_path, FakeQueue(SIX)) as (app, pilot, panel):
        await pilot.press("space", "space")
        await until(pilot, lambda: "2 marked" in text(app))
        await pilot.press("f")
        await until(pilot, lambda: shown(panel) == [1])
        assert "marked" not in text(app)


async def test_all_are_marked_turned_round_and_unmarked(tmp_path: Path) -> None:
    queue = FakeQueue(SIX)
    async with panel_with(tmp_path, queue) as (_, pilot, panel):
        await pilot.press("ctrl+a")
        await until(pilot, lambda: list(panel.view.marks) == [1, 2, 3, 4, 5, 6])
        await pilot.press("space", "*")
        await until(pilot, lambda: list(panel.view.marks) == [1])
        await pilot.press("u")
        await until(pilot, lambda: not panel.view.marks)
        await pilot.press("F", "F", "ctrl+a")
        await until(pilot, lambda: list(panel.view.marks) == [3, 6])
        await pilot.press("t")
        await until(pilot, lambda: queue.sent == [Retry((3, 6))])


async def test_a_hundred_thousand_are_marked_and_turned_round_without_a_pause(
    tmp_path: Path,
) -> None:
    queue = FakeQueue([make_row(n) for n in range(1, 100_001)])
    async with panel_with(tmp_path, queue) as (_, pilot, panel):
        began = time.process_time()
        await pilot.press("ctrl+a")
        await until(pilot, lambda: len(panel.view.marks) == 100_000)
        await pilot.press("space", "*")
        await until(pilot, lambda: list(panel.view.marks) == [1])
        assert time.process_time() - began < 5.0


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("<", Move((1,), to="top")),
        ("shift+home", Move((1,), to="top")),
        (">", Move((1,), to="bottom")),
        ("shift+end", Move((1,), to="bottom")),
    ],
)
async def test_a_key_moves_to_either_end_of_the_queue(
    tmp_path: Path, key: str, command: Move
) -> None:
    queue = FakeQueue(SIX)
    async with panel_with(tmp_path, queue) as (_, pilot, _panel):
        await pilot.press(key)
        await until(pilot, lambda: queue.sent == [command])


class Failing(FakeQueue):
    """Tries again what failed."""

    def send(self, command: object) -> tuple[int, ...]:
        super().send(command)  # type: ignore[arg-type]
        return tuple(row.job.id for row in self.rows if row.job.state is S.FAILED)


@pytest.mark.parametrize(
    ("rows", "words"),
    [(SIX, "2 transfers are tried again."), (SIX[:3], "1 transfer is"), (SIX[:2], "Nothing has")],
)
async def test_all_that_failed_are_tried_again(tmp_path: Path, rows: list[Row], words: str) -> None:
    queue = Failing(rows)
    async with panel_with(tmp_path, queue) as (app, pilot, _):
        await pilot.press("T")
        await until(pilot, lambda: words in text(app))
        assert queue.sent == [Retry()]


async def test_all_are_cancelled_once_that_was_confirmed(tmp_path: Path) -> None:
    queue = FakeQueue(SIX)
    async with panel_with(tmp_path, queue) as (app, pilot, _):
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await until(pilot, lambda: "Cancel all 3 transfers?" in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        assert queue.sent == []
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: queue.sent == [Cancel((1, 4, 5))])


async def test_there_is_nothing_to_cancel_when_all_have_ended(tmp_path: Path) -> None:
    async with panel_with(tmp_path, FakeQueue([SIX[1]])) as (app, pilot, _):
        await pilot.press("X")
        await until(pilot, lambda: "No transfer is unfinished." in text(app))


async def test_a_queue_that_cannot_be_reached_is_a_sentence(tmp_path: Path) -> None:
    queue = FakeQueue(SIX)
    queue.error = RuntimeError("the host is gone")
    async with panel_with(tmp_path, queue) as (app, pilot, _):
        await pilot.press("T")
        await until(pilot, lambda: "the host is gone" in text(app))


# One of them ------------------------------------------------------------------------------------


async def test_enter_answers_what_is_parked_and_shows_all_about_another(tmp_path: Path) -> None:
    queue = FakeQueue([SIX[4], SIX[1]])
    async with panel_with(tmp_path, queue) as (app, pilot, _):
        await pilot.press("enter")
        await until(pilot, lambda: "press t to try it again" in text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
        await until(pilot, lambda: "file-2.bin" in text(app))
        await pilot.press("escape", "up", "i")
        await until(pilot, lambda: isinstance(app.screen, JobScreen))


async def test_a_double_click_shows_all_about_it(tmp_path: Path) -> None:
    async with panel_with(tmp_path, FakeQueue([SIX[1]])) as (app, pilot, panel):
        await pilot.click(panel.view, offset=(3, 0), times=2)
        await until(pilot, lambda: isinstance(app.screen, JobScreen))


def _at(folder: Path) -> list[Row]:
    source, target = folder / "from" / "a.bin", folder / "to" / "a.bin"
    for path in (source, target):
        path.parent.mkdir()
        path.write_bytes(b"a")
        (path.parent / "0").write_bytes(b"")
    ends = {"source": Place("file:", str(source)), "target": Place("file:", str(target))}
    return [make_row(1, S.DONE, **ends)]


@pytest.mark.parametrize(("key", "folder"), [("o", "to"), ("O", "from")])
async def test_a_key_goes_to_the_folder_of_either_end(
    tmp_path: Path, key: str, folder: str
) -> None:
    async with panel_with(tmp_path, FakeQueue(_at(tmp_path))) as (app, pilot, _):
        await pilot.press(key)
        await until(pilot, _stands_on(app, tmp_path / folder / "a.bin"))
        assert app.focused is pane(app).list


@pytest.mark.parametrize(("key", "folder"), [("o", "to"), ("O", "from")])
async def test_so_does_the_dialog_about_it(tmp_path: Path, key: str, folder: str) -> None:
    async with panel_with(tmp_path, FakeQueue(_at(tmp_path))) as (app, pilot, _):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
        await pilot.press(key)
        await until(pilot, _stands_on(app, tmp_path / folder / "a.bin"))


def _stands_on(app: WharfieApp, path: Path) -> Callable[[], bool]:
    def stands() -> bool:
        current = pane(app).list.current
        return current is not None and current.path == str(path)

    return stands
