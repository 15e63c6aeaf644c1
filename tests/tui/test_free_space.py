"""What is free where a pane stands: in its foot, never in the way, asked about seldom."""

from __future__ import annotations

import threading

import pytest

from providers.base import Room
from providers.errors import Unsupported
from tests.tui.app_case import Tree, at, make_app, names, opener, pane, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import JobState, StateChanged
from tui import free_space
from tui.screens.main import MainScreen
from tui.widgets.pane_foot import PaneFoot


class Roomy(Tree):
    """Tells its room, as `free` is; `gate` is waited for before."""

    def __init__(self, *paths: str, free: int | None = 3 << 30) -> None:
        super().__init__(paths)
        self.free = free
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str] = []

    def room(self, path: str) -> Room:
        self.asked.append(path)
        assert self.gate.wait(60), "never opened"
        if self.free is None:
            raise Unsupported(path)
        return Room("disk", self.free)


@pytest.mark.parametrize("width", [80, 160])
async def test_the_foot_ends_with_what_is_free(width: int) -> None:
    trees = opener(x=Roomy("/a"), y=Tree(["/b"]))
    app = make_app(at("x"), at("y"), opener=trees)
    async with app.run_test(size=(width, 24)) as pilot:
        await read(pilot)
        await until(pilot, lambda: "3.0 GiB free" in text(app))
        foot = pane(app).query_one(PaneFoot)
        line = str(foot.render())
        assert line.startswith("1 entry ") and line.endswith(" 3.0 GiB free")
        assert len(line) == foot.content_size.width
        assert text(app).count("free") == 1  # the other place tells nothing


async def test_it_is_left_out_where_it_does_not_fit_and_comes_back() -> None:
    app = make_app(at("x"), at("y"), opener=opener(x=Roomy("/a"), y=Tree()))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await until(pilot, lambda: "GiB free" in text(app))
        await pilot.press("ctrl+a")
        await pilot.resize_terminal(70, 24)
        await until(pilot, lambda: "GiB free" not in text(app))
        assert "1 marked, 2 B · 1 entry" in text(app)
        await pilot.resize_terminal(100, 24)
        await until(pilot, lambda: "GiB free" in text(app))


async def test_a_place_that_does_not_answer_holds_up_no_listing() -> None:
    place = Roomy("/a", "/d/", "/d/e")
    place.gate.clear()
    app = make_app(at("x"), at("y"), opener=opener(x=place, y=Tree()))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await until(pilot, lambda: place.asked)
        for folder, there in (("/d", ["e"]), ("/", ["a", "d"]), ("/d", ["e"])):
            pane(app).open(at("x", folder))
            await until(pilot, lambda there=there: sorted(names(app)) == there)  # type: ignore[misc]
            await until(pilot, lambda: pane(app).idle)
        assert place.asked == ["/"]
        place.gate.set()
        await until(pilot, lambda: "GiB free" in text(app))
        assert place.asked == ["/", "/d"]


async def test_it_is_asked_again_after_something_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_space, "AGAIN", 0.0)
    place = Roomy("/a")
    app = make_app(at("x"), at("y"), opener=opener(x=place, y=Tree()))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await until(pilot, lambda: "3.0 GiB free" in text(app))
        place.free = 1 << 30
        pane(app).reread_soon()
        await until(pilot, lambda: "1.0 GiB free" in text(app))


async def test_it_is_asked_again_when_a_transfer_deep_below_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The rows are as they were, and nothing is read again for it."""
    monkeypatch.setattr(free_space, "AGAIN", 0.0)
    place, queue = Roomy("/d/", "/d/e/"), FakeQueue()
    app = make_app(at("x"), at("y"), queue=queue, opener=opener(x=place, y=Tree()))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await until(pilot, lambda: "3.0 GiB free" in text(app))
        place.free = 1 << 30
        job = make_row(1, JobState.DONE, target=at("x", "/d/e/new")).job
        app.main.post_message(MainScreen.QueueChanged([StateChanged(job, JobState.COMMITTING)]))
        await until(pilot, lambda: "1.0 GiB free" in text(app))


async def test_a_place_is_not_asked_again_at_once_but_another_is() -> None:
    place, other = Roomy("/a"), Roomy("/b", free=None)
    app = make_app(at("x"), at("y"), opener=opener(x=place, y=Tree(), z=other))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await until(pilot, lambda: "GiB free" in text(app))
        for _ in range(3):
            await pilot.press("ctrl+r")
            await until(pilot, lambda: pane(app).idle)
        assert place.asked == ["/"]
        pane(app).open(at("z"))
        await until(pilot, lambda: other.asked)
        await until(pilot, lambda: "free" not in text(app))
        assert place.asked == ["/"]
