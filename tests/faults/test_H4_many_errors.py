"""Errors in great number, and of great length: the screen goes on answering (faults.md H4)."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import threading
import time
from collections.abc import Callable

from tests.tui.app_case import Many, at, make_app, opener, pane, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import JobState, StateChanged
from tui.app import WharfieApp

_A_SECOND, _KEYS = 1000, 100
_LONG = "the server said [red]" + "\x1b[31mx" * 2_000_000  # 12 MB
# Seconds from a key to its effect; for other work on the machine.
_PROMISED, _SLACK = 0.1, 4


async def test_H4_a_thousand_errors_a_second_hold_up_no_key() -> None:
    queue = FakeQueue([make_row(1, JobState.FAILED, reason="no")])
    stop = threading.Event()

    def fail() -> None:
        numbers = itertools.count(2)
        while not stop.wait(10 / _A_SECOND):
            for number in itertools.islice(numbers, 10):
                job = make_row(number, JobState.FAILED, reason=f"refused {number}").job
                for listener in list(queue._listeners):
                    listener([StateChanged(job, JobState.TRANSFERRING, None)])

    app = make_app(at("x"), at("x"), queue=queue, opener=opener(x=Many(2000)))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: queue._listeners)
        failing = threading.Thread(target=fail)
        failing.start()
        try:
            waits = [await _moved(app) for _ in range(_KEYS)]
        finally:
            stop.set()
            failing.join()
    assert statistics.median(waits) < _PROMISED, waits
    assert sorted(waits)[-2] < _SLACK * _PROMISED, waits


async def test_H4_an_error_of_ten_megabytes_is_drawn_as_soon_as_a_short_one() -> None:
    queue = FakeQueue([make_row(number, JobState.FAILED, reason=_LONG) for number in range(8)])
    app = make_app(at("x"), at("x"), queue=queue, opener=opener(x=Many(50)))
    async with app.run_test(size=(160, 40)) as pilot:
        await read(pilot)
        await until(pilot, lambda: "the server said [red]" in text(app))
        assert "\x1b" not in text(app)
        waits = [await _moved(app, time.process_time) for _ in range(10)]
        await pilot.press("w")
        await until(pilot, lambda: text(app).count("the server said") > 1)
    assert sorted(waits)[-2] < _SLACK * _PROMISED, waits


async def _moved(app: WharfieApp, clock: Callable[[], float] = time.monotonic) -> float:
    """Seconds from Down until the cursor is on the next row; what is before it in line is not
    waited for."""
    files = pane(app).list
    before, began = files.cursor, clock()
    app.simulate_key("down")
    while files.cursor == before:
        await asyncio.sleep(0.001)
    return clock() - began
