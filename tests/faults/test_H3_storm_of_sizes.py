"""A terminal that changes its size again and again, down to a single cell (faults.md H3)."""

from __future__ import annotations

import random

from tests.tui.app_case import Many, at, make_app, names, opener, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import JobState

_SIZES = [(1, 1), (2, 1), (1, 40), (20, 5), (40, 12), (80, 24), (200, 60), (300, 2)]


async def test_H3_a_storm_of_sizes_crashes_nothing() -> None:
    chance = random.Random(1)
    queue = FakeQueue([make_row(n, JobState.TRANSFERRING, moved=n << 10) for n in range(1, 50)])
    app = make_app(at("x"), at("x"), queue=queue, opener=opener(x=Many(3000)))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        for _ in range(60):
            await pilot.resize_terminal(*chance.choice(_SIZES))
            await pilot.press(chance.choice(["down", "pagedown", "end", "home", "tab", "w"]))
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: "n000" in text(app))
        assert len(names(app)) == 3000
        for line in text(app).splitlines():
            assert len(line) <= 100
