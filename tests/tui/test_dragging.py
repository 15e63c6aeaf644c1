"""Files dragged by mouse from pane to pane: a label follows, a target lights up, a plan opens."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Click, MouseMove, MouseUp

from providers.base import Entry, Kind
from tests.tui.app_case import AppPilot, Tree, at, make_app, names, opener, pane, read, text, until
from tests.tui.fake_queue import FakeQueue
from tests.tui.test_questions import parked
from transfers.model import Enqueue, Op
from tui.app import WharfieApp
from tui.dragging import Load, label
from tui.screens.conflict import ConflictScreen
from tui.screens.plan import PlanScreen
from tui.search import Criteria
from tui.selection import Group
from tui.settings_file import SettingsFile
from tui.widgets.drag_ghost import DragGhost

LEFT, RIGHT = 5, 55  # columns of either pane, on a screen of 100
TOP = 2  # the first row of both lists


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan is in time, and hears every key, however busy the machine is."""
    monkeypatch.setattr("tui.commands.copying._SOON", 3600.0)


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def app(queue: FakeQueue, tmp_path: Path) -> WharfieApp:
    x = Tree(["/d/", "/a", "/bb", "/ccc"])  # rows: d, a, bb, ccc
    y = Tree(["/in/", "/in/sub/", "/in/z"])  # rows: .., sub, z
    settings = SettingsFile(tmp_path / "settings.toml")
    trees = opener(x=x, y=y)
    return make_app(at("x"), at("y", "/in"), queue=queue, opener=trees, settings=settings)


async def drag(pilot: AppPilot, *path: tuple[int, int], **modifiers: bool) -> None:
    """Press the button at the first place and go along the others, holding it."""
    await pilot.mouse_down(offset=path[0])
    for place in path[1:]:
        await pilot._post_mouse_events(  # hover() has no modifiers
            [MouseMove], offset=place, button=0, control=modifiers.get("control", False)
        )
        await pilot.pause()


async def release(pilot: AppPilot, place: tuple[int, int], *, control: bool = False) -> None:
    await pilot._post_mouse_events([MouseUp], offset=place, button=1, control=control)
    await pilot.pause()


def ghost(app: WharfieApp) -> DragGhost:
    assert app.main is not None
    return app.main.query_one(DragGhost)


async def plan(pilot: AppPilot) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
    await pilot.pause()


async def enqueued(pilot: AppPilot, queue: FakeQueue) -> dict[str, tuple[Op, str]]:
    await until(pilot, lambda: queue.sent)
    (command,) = queue.sent
    assert isinstance(command, Enqueue)
    return {job.source.path: (job.op, job.target.path) for job in command.jobs}


async def test_a_row_dragged_to_the_other_pane_opens_the_plan_and_enter_copies_it(
    app: WharfieApp, queue: FakeQueue
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await drag(pilot, (LEFT, TOP + 1), (30, TOP + 3), (RIGHT, TOP + 8))
        await until(pilot, lambda: "1 file, 2 B → memory://y/in" in text(app))
        assert pane(app, "right").has_class("-target")
        await release(pilot, (RIGHT, TOP + 8))
        await plan(pilot)
        assert not queue.sent
        assert not ghost(app).display
        assert not pane(app, "right").has_class("-target")
        await pilot.press("enter")
        assert await enqueued(pilot, queue) == {"/a": (Op.COPY, "/in/a")}


async def test_marked_rows_go_together_into_the_folder_under_the_pointer(
    app: WharfieApp, queue: FakeQueue
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("down", "space", "space")
        await drag(pilot, (LEFT, TOP + 2), (RIGHT, TOP + 3), (RIGHT, TOP + 1))
        await until(pilot, lambda: "2 files, 5 B → memory://y/in/sub" in text(app))
        assert background(app, RIGHT, TOP + 1) != background(app, RIGHT, TOP + 2)
        await release(pilot, (RIGHT, TOP + 1))
        await plan(pilot)
        await pilot.press("enter")
        moved = await enqueued(pilot, queue)
        assert moved == {"/a": (Op.COPY, "/in/sub/a"), "/bb": (Op.COPY, "/in/sub/bb")}
        await until(pilot, lambda: not pane(app).list.marks)


def background(app: WharfieApp, x: int, y: int) -> object:
    style = app.screen.get_style_at(x, y)
    return style.bgcolor


async def test_a_row_that_is_not_marked_goes_alone(app: WharfieApp, queue: FakeQueue) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("down", "space")
        await drag(pilot, (LEFT, TOP + 3), (RIGHT, TOP + 2))
        await release(pilot, (RIGHT, TOP + 2))  # on a file: into the folder that is shown
        await plan(pilot)
        await pilot.press("enter")
        assert await enqueued(pilot, queue) == {"/ccc": (Op.COPY, "/in/ccc")}
        assert list(pane(app).list.marks) == ["/a"]


async def test_control_makes_it_a_move(app: WharfieApp, queue: FakeQueue) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await drag(pilot, (LEFT, TOP + 1), (RIGHT, TOP + 8), control=True)
        await until(pilot, lambda: "move 1 file" in text(app))
        await release(pilot, (RIGHT, TOP + 8), control=True)
        await plan(pilot)
        assert "Move 1 file" in text(app)
        await pilot.press("enter")
        assert await enqueued(pilot, queue) == {"/a": (Op.MOVE, "/in/a")}


async def test_escape_drops_nothing(app: WharfieApp, queue: FakeQueue) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await drag(pilot, (LEFT, TOP + 1), (RIGHT, TOP + 8))
        await pilot.press("escape")
        assert not ghost(app).display
        await drag(pilot, (RIGHT, TOP + 8), (RIGHT, TOP + 4))
        await release(pilot, (RIGHT, TOP + 8))
        await pilot.pause()
        assert app.screen is app.main
        assert not pane(app, "right").has_class("-target")


async def test_a_click_is_no_drag_and_a_short_way_neither(app: WharfieApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.click(offset=(LEFT, TOP + 2))
        assert pane(app).list.current == pane(app).list.rows[2]
        await drag(pilot, (LEFT, TOP + 2), (LEFT + 1, TOP + 3))
        assert not ghost(app).display
        await release(pilot, (LEFT + 1, TOP + 3))
        await drag(pilot, (RIGHT, TOP + 5), (RIGHT, TOP + 9))  # from where no row is
        await pilot.hover(offset=(LEFT, TOP + 8))
        assert not ghost(app).display


async def test_within_a_pane_only_a_folder_takes_what_is_dropped(
    app: WharfieApp, queue: FakeQueue
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await drag(pilot, (LEFT, TOP + 3), (LEFT, TOP + 1))
        await until(pilot, lambda: " 1 file, 4 B " in text(app))
        ended = [MouseUp, Click]  # as the app has it, where both ends are in one list
        await pilot._post_mouse_events(ended, offset=(LEFT, TOP + 1), button=1)
        await pilot.pause()
        assert app.screen is app.main
        assert pane(app).list.cursor == 0
        await pilot.click(offset=(LEFT, TOP + 1))
        assert pane(app).list.cursor == 1
        await drag(pilot, (LEFT, TOP + 3), (LEFT + 9, TOP))
        await release(pilot, (LEFT + 9, TOP))
        await plan(pilot)
        assert "to   memory://x/d" in text(app)


async def test_a_folder_is_not_dropped_into_itself(app: WharfieApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await drag(pilot, (LEFT, TOP), (LEFT + 9, TOP))
        await until(pilot, lambda: " 1 folder " in text(app))
        assert "→" not in text(app)
        await release(pilot, (LEFT + 9, TOP))
        assert app.screen is app.main


async def test_what_is_dropped_on_the_row_of_the_parent_goes_there(app: WharfieApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await drag(pilot, (LEFT, TOP + 3), (RIGHT, TOP))
        await until(pilot, lambda: "→ memory://y/ " in text(app))
        await release(pilot, (RIGHT, TOP))
        await plan(pilot)


async def test_beside_the_panes_nothing_takes_it(app: WharfieApp, queue: FakeQueue) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await drag(pilot, (LEFT, TOP + 1), (RIGHT, TOP + 8), (RIGHT, 27))
        await until(pilot, lambda: "→" not in text(app))
        await release(pilot, (RIGHT, 27))
        await pilot.pause()
        assert app.screen is app.main
        assert not queue.sent


async def test_a_dialog_that_comes_meanwhile_ends_the_drag(
    app: WharfieApp, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.questions.QUIET", 0.0)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await drag(pilot, (LEFT, TOP + 1), (RIGHT, TOP + 8))
        queue.put(parked(1))
        await until(pilot, lambda: isinstance(app.screen, ConflictScreen))
        await until(pilot, lambda: not ghost(app).display)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        await pilot.hover(offset=(RIGHT, TOP + 5))
        assert not ghost(app).display
        assert app.mouse_captured is None


async def test_a_hostile_name_is_a_label_and_no_command(tmp_path: Path) -> None:
    y = Tree(["/\x1b[2J[b]x/"])
    app = make_app(at("x"), at("y", "/\x1b[2J[b]x"), opener=opener(x=Tree(["/a"]), y=y))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await drag(pilot, (LEFT, TOP), (RIGHT, TOP + 8))
        await until(pilot, lambda: "→ memory://y/\\x1b[2J[b]x" in text(app))


def test_the_label_counts_folders_and_files_and_their_bytes(app: WharfieApp) -> None:
    def entry(name: str, size: int | None = None) -> Entry:
        return Entry(f"/{name}", name, Kind.DIR if size is None else Kind.FILE, size)

    def said(*entries: Entry) -> str:
        return label(Load(None, [Group("x", entries)]), None, move=False)  # type: ignore[arg-type]

    assert said(entry("d")) == "1 folder"
    assert said(entry("d"), entry("e"), entry("a", 1024)) == "2 folders, 1 file, 1.0 KiB"
    assert said(entry("a", 1 << 20), entry("b", 0)) == "2 files, 1.0 MiB"


async def test_what_was_found_goes_to_a_folder_and_none_is_dropped_onto_the_found(
    app: WharfieApp, queue: FakeQueue
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        pane(app).search_below(Criteria("bb"))
        await until(pilot, lambda: pane(app).idle and names(app) == ["bb"])
        found = pane(app).list
        row = next(at for at in range(3) if found.entry_at(at) is not None)
        await drag(pilot, (RIGHT, TOP + 2), (LEFT, TOP + 6))
        assert "→" not in text(app)
        await release(pilot, (LEFT, TOP + 6))
        await drag(pilot, (LEFT, TOP + row), (RIGHT, TOP + 8))
        await release(pilot, (RIGHT, TOP + 8))
        await plan(pilot)
        await pilot.press("enter")
        assert await enqueued(pilot, queue) == {"/bb": (Op.COPY, "/in/bb")}
