"""The transfer panel over a fake queue: what it shows, what it commands, and how fast."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widgets import Input, Static

from providers.errors import ConnectionLost
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import (
    Cancel,
    Clear,
    Command,
    Hold,
    JobState,
    Move,
    ParkReason,
    Pause,
    Proof,
    ProofWord,
    Resume,
    Retry,
    SetLimits,
    SetPriority,
    Snapshot,
)
from tui.screens.confirm import ConfirmScreen
from tui.screens.limits import LimitScreen
from tui.widgets.transfer_list import TransferList
from tui.widgets.transfer_panel import TransferPanel

EVIL = "e[red]vil[/zzz]\x1b[2J\u202ex"
EVIL_SHOWN = "e[red]vil[/zzz]\\x1b[2J\\u202ex"


class PanelApp(App[None]):
    """The panel alone; `asked` are the jobs whose question was wanted."""

    CSS = "TransferPanel { height: 1fr; }"

    def __init__(self, queue: FakeQueue, interval: float = 0.05) -> None:
        super().__init__()
        self.queue = queue
        self.interval = interval
        self.asked: list[int] = []

    def compose(self) -> ComposeResult:
        yield TransferPanel(self.queue, interval=self.interval)

    def on_mount(self) -> None:
        self.panel.focus()

    def on_transfer_panel_question_wanted(self, event: TransferPanel.QuestionWanted) -> None:
        self.asked.append(event.job_id)

    @property
    def panel(self) -> TransferPanel:
        return self.query_one(TransferPanel)

    @property
    def view(self) -> TransferList:
        return self.query_one(TransferList)

    def lines(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()]

    def text(self) -> str:
        return "\n".join(self.lines())


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    """Let the app run until `holds`; the test's own time limit is the only other end."""
    for _ in range(1500):
        if holds():
            return
        await asyncio.sleep(0.02)  # Pilot.pause keeps the app too busy to lay itself out
    raise AssertionError(f"never came to hold:\n{pilot.app.screen}")


async def commands(
    rows: list[Any], *keys: str, wanted: int = 1, then: str = ""
) -> tuple[list[Command], TransferList]:
    """What the queue was sent when `keys` were pressed over `rows`."""
    queue = FakeQueue(rows)
    app = PanelApp(queue)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == len(rows))
        view = app.view
        await pilot.press(*keys)
        if then:
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
            await pilot.press(then)
        await until(pilot, lambda: len(queue.sent) >= wanted)
    return queue.sent, view


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (160, 48)])
async def test_rows_show_name_and_state_at_every_size(size: tuple[int, int]) -> None:
    app = PanelApp(FakeQueue([make_row(1, JobState.TRANSFERRING), make_row(2)]))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "file-2.bin" in app.text())
        first, second = app.lines()[1:3]
        assert "transferring" in first and "file-1.bin" in first
        assert "queued" in second
        assert len(app.lines()) == size[1]


async def test_at_80_columns_progress_proof_and_reason_are_in_sight() -> None:
    rows = [
        make_row(1, JobState.TRANSFERRING, size=100 << 20, moved=50 << 20, rate=5 << 20, eta=10),
        make_row(2, JobState.DONE, proof=Proof(ProofWord.SHA256)),
        make_row(3, JobState.WAITING, retry_in=7, reason="offline"),
    ]
    app = PanelApp(FakeQueue(rows))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "offline" in app.text())
        lines = app.lines()
        for part in ("████", "50%", "5.0 MiB/s", "0:10"):
            assert part in lines[1]
        assert "sha256 both ends" in lines[2]
        assert "retry in 7 s" in lines[3]


async def test_progress_is_seen_without_anyone_pressing_a_key() -> None:
    queue = FakeQueue([make_row(1, JobState.TRANSFERRING, size=100, moved=1)])
    app = PanelApp(queue)
    async with app.run_test() as pilot:
        await until(pilot, lambda: " 1%" in app.text())
        queue.put(make_row(1, JobState.TRANSFERRING, size=100, moved=73))
        await until(pilot, lambda: "73%" in app.text())
        queue.put(make_row(1, JobState.DONE, size=100, proof=Proof(ProofWord.SIZE_ONLY)))
        await until(pilot, lambda: "size only" in app.text())


async def test_progress_draws_only_the_changing_cells_of_the_changed_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = FakeQueue([make_row(i, JobState.TRANSFERRING, moved=i) for i in range(1, 6)])
    app = PanelApp(queue)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 5)
        await pilot.pause(0.1)
        drawn: list[Region] = []
        refresh = TransferList.refresh

        def note(self: TransferList, *regions: Region, **options: Any) -> TransferList:
            drawn.extend(regions or [Region(0, 0, 999, 999)])
            return refresh(self, *regions, **options)

        monkeypatch.setattr(TransferList, "refresh", note)
        queue.put(make_row(3, JobState.TRANSFERRING, moved=900_000))
        await until(pilot, lambda: drawn)
        await pilot.pause(0.1)
        assert set(drawn) == {Region(0, 2, 34, 1)}


async def test_names_and_reasons_from_elsewhere_are_literal_and_harmless() -> None:
    row = make_row(1, JobState.FAILED, name=EVIL, reason=EVIL, size=5)
    app = PanelApp(FakeQueue([row]))
    async with app.run_test(size=(160, 24)) as pilot:
        await until(pilot, lambda: EVIL_SHOWN in app.text())
        assert "\x1b" not in app.text() and "\u202e" not in app.text()


@pytest.mark.parametrize("no_color", [False, True])
async def test_the_row_under_the_cursor_stands_out(
    no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    app = PanelApp(FakeQueue([make_row(1), make_row(2)]))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 2)
        here, other = (next(iter(app.view.render_line(y))).style for y in (0, 1))
        assert here is not None and other is not None
        assert here != other
        assert not no_color or here.reverse


async def test_an_empty_queue_says_how_to_fill_it() -> None:
    app = PanelApp(FakeQueue())
    async with app.run_test() as pilot:
        await until(pilot, lambda: "press F5" in app.text())
        await pilot.press("x", "p", "t", "K", "enter", "space", "end", "home")
        await pilot.pause(0.05)
        assert app.queue.sent == []


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("p", Pause((1,))),
        ("P", Pause()),
        ("R", Resume()),
        ("x", Cancel((1,))),
        ("delete", Cancel((1,))),
        ("t", Retry((1,))),
        ("K", Move((1,), by=-1)),
        ("shift+up", Move((1,), by=-1)),
        ("J", Move((1,), by=1)),
        ("shift+down", Move((1,), by=1)),
        ("C", Clear()),
        ("H", Hold()),
        ("+", SetPriority((1,), 1, more=True)),
        ("-", SetPriority((1,), -1, more=True)),
    ],
)
async def test_each_key_sends_its_command(key: str, command: Command) -> None:
    sent, _ = await commands([make_row(1), make_row(2)], key)
    assert sent == [command]


async def test_a_held_queue_says_so_and_the_same_key_lets_it_go_on() -> None:
    queue = FakeQueue([make_row(1)])
    queue.held = True
    app = PanelApp(queue)
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, lambda: "held: H goes on" in app.text())
        await pilot.press("H")
        await until(pilot, lambda: queue.sent == [Hold(False)])


async def test_each_marked_one_gets_more_priority_than_it_had() -> None:
    rows = [make_row(1, priority=3), make_row(2, priority=-1), make_row(3)]
    sent, view = await commands(rows, "space", "space", "+")
    assert sent == [SetPriority((1, 2), 1, more=True)]
    assert list(view.marks) == [1, 2]


async def test_limits_are_asked_for_and_sent() -> None:
    queue = FakeQueue([make_row(1)])
    app = PanelApp(queue)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 1)
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, LimitScreen))
        await pilot.pause()
        await pilot.press("ctrl+u", *"2M", "enter")
        await until(pilot, lambda: queue.sent == [SetLimits(rate=2 << 20, workers=4)])


async def test_a_queue_that_hangs_leaves_the_screen_alive_and_is_asked_once_at_a_time() -> None:
    queue, go_on, asked = FakeQueue([make_row(1)]), threading.Event(), []
    snapshot = queue.snapshot

    def hangs(first: int = 0, limit: int = 200, states: tuple[JobState, ...] = ()) -> Snapshot:
        asked.append(first)
        go_on.wait(30)
        return snapshot(first, limit, states)

    queue.snapshot = hangs  # type: ignore[method-assign]
    app = WithElsewhere(queue, interval=0.01)
    async with app.run_test() as pilot:
        app.query_one(Input).focus()
        await pilot.press(*"alive")
        await pilot.pause(0.2)
        assert app.query_one(Input).value == "alive"
        assert len(asked) == 1
        go_on.set()
        await until(pilot, lambda: app.view.count == 1)


async def test_pausing_what_is_paused_resumes_it() -> None:
    sent, _ = await commands([make_row(1, JobState.PAUSED)], "p")
    assert sent == [Resume((1,))]


async def test_a_command_is_for_the_marked_ones() -> None:
    rows = [make_row(i) for i in (1, 2, 3, 4)]
    sent, _ = await commands(rows, "space", "down", "space", "t")
    assert sent == [Retry((1, 3))]


async def test_a_mark_is_taken_back_by_marking_again() -> None:
    sent, _ = await commands([make_row(1), make_row(2)], "space", "up", "space", "up", "t")
    assert sent == [Retry((1,))]


async def test_cancelling_several_is_asked_first() -> None:
    rows = [make_row(1), make_row(2), make_row(3)]
    sent, view = await commands(rows, "space", "space", "x", then="y")
    assert sent == [Cancel((1, 2))]
    assert not view.marks


async def test_cancelling_several_does_nothing_when_refused() -> None:
    rows = [make_row(1), make_row(2), make_row(3)]
    sent, view = await commands(rows, "space", "space", "x", then="enter", wanted=0)
    assert sent == []
    assert view.marks


async def test_commands_arrive_in_the_order_of_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = FakeQueue([make_row(1)])
    send, overtaken = queue.send, threading.Event()

    def slow_to_pause(command: Command) -> tuple[int, ...]:
        if isinstance(command, Pause):
            overtaken.wait(0.3)
        else:
            overtaken.set()
        return send(command)

    monkeypatch.setattr(queue, "send", slow_to_pause)
    app = PanelApp(queue)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 1)
        await pilot.press("P", "R")
        await until(pilot, lambda: queue.sent == [Pause(), Resume()])


async def test_a_parked_job_can_be_asked_about_again() -> None:
    rows = [make_row(1), make_row(7, JobState.PARKED, park=ParkReason.CONFLICT)]
    app = PanelApp(FakeQueue(rows))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 2)
        await pilot.press("!")
        await pilot.pause()
        assert app.asked == [] and "asks nothing" in app.text()
        await pilot.press("down", "!")
        await pilot.pause()
        assert app.asked == [7]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionLost("the queue", "the host is gone"), "the host is gone"),
        (RuntimeError(EVIL), EVIL_SHOWN),
    ],
)
async def test_a_refused_command_is_a_line_of_text(error: Exception, words: str) -> None:
    queue = FakeQueue([make_row(1)])
    queue.error = error
    app = PanelApp(queue)
    async with app.run_test(size=(160, 24)) as pilot:
        await until(pilot, lambda: app.view.count == 1)
        await pilot.press("p")
        await until(pilot, lambda: words in app.text())
        queue.error = None
        await pilot.press("p")
        await until(pilot, lambda: queue.sent == [Pause((1,))])


async def test_a_queue_that_does_not_answer_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = FakeQueue([make_row(1)])
    snapshot, failed = queue.snapshot, []

    def broken(*window: Any) -> Any:
        if len(failed) < 3:
            failed.append(window)
            raise OSError("no such socket")
        return snapshot(*window)

    monkeypatch.setattr(queue, "snapshot", broken)
    app = PanelApp(queue)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "no such socket" in app.text())
        await until(pilot, lambda: "file-1.bin" in app.text())


async def test_a_hundred_thousand_jobs_scroll_without_a_pause() -> None:
    row = make_row(1)
    many = [replace(row, job=replace(row.job, id=i, seq=i)) for i in range(100_000)]
    queue = FakeQueue(many)
    app = PanelApp(queue, interval=60.0)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 100_000)
        started = time.perf_counter()
        await pilot.press("end")
        await until(pilot, lambda: app.view.current() == many[-1])
        await pilot.press("home", *["pagedown"] * 10)
        await until(pilot, lambda: app.view.current() is not None)
        assert time.perf_counter() - started < 5.0
        assert max(limit for _, limit in queue.snapshots) < 200


async def test_the_scroll_bar_hides_no_end_of_a_row() -> None:
    words = "the end of a reason that does not fit"
    rows = [make_row(i, JobState.PARKED, park=ParkReason.OTHER, reason=words) for i in range(1, 60)]
    app = PanelApp(FakeQueue(rows))
    async with app.run_test(size=(80, 12)) as pilot:
        await until(pilot, lambda: "file-1.bin" in app.text() and app.view.show_vertical_scrollbar)
        await until(pilot, lambda: app.lines()[1][78] == "…")


async def test_no_row_stays_blank_after_a_jump() -> None:
    app = PanelApp(FakeQueue([make_row(i) for i in range(900)]), interval=60.0)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 900)
        await pilot.press("end")
        await until(pilot, lambda: "file-899.bin" in app.text())
        await pilot.press("home")
        await until(pilot, lambda: "file-0.bin" in app.text())


async def test_the_cursor_stays_on_its_job_when_the_queue_is_reordered() -> None:
    queue = FakeQueue([make_row(i) for i in (1, 2, 3)])
    app = PanelApp(queue)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 3)
        await pilot.press("down")
        queue.rows = [make_row(i) for i in (2, 1, 3)]
        await until(pilot, lambda: app.view.cursor == 0)
        queue.rows = [make_row(3)]
        await until(pilot, lambda: app.view.count == 1)
        assert app.view.targets() == (3,)


class WithElsewhere(PanelApp):
    """The panel, and something else that can have the focus."""

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield Input()


async def test_the_detail_of_the_current_job_shows_only_with_the_focus() -> None:
    rows = [make_row(1, JobState.FAILED, reason="permission denied. " + "Ask its owner. " * 4)]
    app = WithElsewhere(FakeQueue(rows))
    async with app.run_test() as pilot:
        await until(
            pilot,
            lambda: (
                " ".join(app.text().split()).count("Ask its owner.") == 4
                and "· 1.0 MiB" in app.text()
            ),
        )
        assert app.query_one("#transfer-detail", Static).display
        app.query_one(Input).focus()
        await until(pilot, lambda: not app.query_one("#transfer-detail", Static).display)


async def test_a_click_selects_the_row() -> None:
    app = PanelApp(FakeQueue([make_row(i) for i in (1, 2, 3)]))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 3)
        await pilot.click(TransferList, offset=(5, 2))
        assert app.view.targets() == (3,)


async def test_a_double_click_answers_what_a_job_asks() -> None:
    app = PanelApp(FakeQueue([make_row(1), make_row(2, JobState.PARKED, park=ParkReason.CONFLICT)]))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 2)
        await pilot.click(TransferList, offset=(5, 1), times=2)
        await until(pilot, lambda: app.asked == [2])


async def test_answering_what_only_a_person_can_settle_says_how_to_go_on() -> None:
    app = PanelApp(FakeQueue([make_row(1, JobState.PARKED, park=ParkReason.SPACE)]))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 1)
        await pilot.press("!")
        await until(pilot, lambda: "press t to try it again" in app.text())
        assert app.asked == []


async def test_trouble_of_the_queue_itself_is_shown_until_it_is_over() -> None:
    class Troubled(FakeQueue):
        trouble = "The queue's file cannot be written: the disk is full."

        def snapshot(
            self, first: int = 0, limit: int = 200, states: tuple[JobState, ...] = ()
        ) -> Snapshot:
            return replace(super().snapshot(first, limit, states), notice=self.trouble)

    queue = Troubled([make_row(1)])
    app = PanelApp(queue)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "disk is full" in app.text())
        queue.trouble = ""
        await until(pilot, lambda: "1 queued" in app.text())


async def test_marks_are_counted_in_the_totals() -> None:
    app = PanelApp(FakeQueue([make_row(1), make_row(2)]))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.count == 2)
        await pilot.press("space")
        await until(pilot, lambda: "1 marked" in app.lines()[-1])
        assert "2 queued" in app.lines()[-1]
