"""The plan before bytes: what it shows, what keys change of it, what is queued then."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from providers.base import Entry, Kind, Room
from providers.errors import AuthRequired
from tests.tui.app_case import (
    AppPilot,
    Many,
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
from transfers.model import Enqueue, Links, NewJob, Op, Policy
from tui.app import WharfieApp
from tui.choices import LINKS
from tui.screens.plan import PlanScreen
from tui.screens.secret import SecretScreen
from tui.settings_file import SettingsFile


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan is in time, and hears every key, however busy the machine is."""
    monkeypatch.setattr("tui.commands.copying._SOON", 3600.0)


@pytest.fixture
def always(tmp_path: Path) -> SettingsFile:
    """The settings of somebody who chose nothing."""
    return SettingsFile(tmp_path / "settings.toml")


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


def both(settings: SettingsFile, queue: FakeQueue, x: Tree, y: Tree | None = None) -> WharfieApp:
    trees = opener(x=x, y=Tree() if y is None else y)
    return make_app(at("x"), at("y"), queue=queue, opener=trees, settings=settings)


def conflicting() -> tuple[Tree, Tree]:
    """One file each that is new, the same, and different in size."""
    x, y = Tree(["/different", "/new", "/same"]), Tree(["/different", "/same"])
    for tree in (x, y):
        for node in tree.store.nodes.values():
            node.modified = 1000.0
    x.store.nodes["/different"].data = bytearray(2048)
    return x, y


async def planned(pilot: AppPilot, *keys: str) -> PlanScreen:
    """Press keys, and wait until the plan is drawn."""
    await pilot.press(*keys)
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, PlanScreen)
    return screen


async def enqueued(pilot: AppPilot, queue: FakeQueue) -> Enqueue:
    await until(pilot, lambda: queue.sent)
    (command,) = queue.sent
    assert isinstance(command, Enqueue)
    return command


def short(jobs: tuple[NewJob, ...]) -> dict[str, tuple[Op, Policy | None]]:
    return {job.source.path: (job.op, job.policy) for job in jobs}


async def test_enter_is_enough_for_the_plain_case_also_when_it_comes_at_once(
    always: SettingsFile, queue: FakeQueue
) -> None:
    app = both(always, queue, Tree(["/a"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("f5", "enter")
        command = await enqueued(pilot, queue)
        assert short(command.jobs) == {"/a": (Op.COPY, None)}
        await until(pilot, lambda: app.screen is app.main)


async def test_no_letter_transfers_anything_before_its_plan_was_approved(
    always: SettingsFile, queue: FakeQueue
) -> None:
    app = both(always, queue, Tree(["/a"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        for key in ("c", "m", "f5", "f6", "5", "6"):
            await planned(pilot, key)
            await pilot.press("escape")
            await until(pilot, lambda: "nothing was queued" in text(app))
        assert not queue.sent
        assert not pane(app).list.marks


async def test_it_shows_counts_bytes_and_what_happens_to_each_file(
    always: SettingsFile, queue: FakeQueue
) -> None:
    app = both(always, queue, *conflicting())
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await planned(pilot, "ctrl+a", "f5")
        shown = text(app)
        for said in ("Copy 3 files, 2.0 KiB", "1 new ", "1 same ", "1 different ", "2.0 KiB"):
            assert said in shown
        assert "What is there already: ask about each" in shown
        rows = [line.split("│")[-2].split() for line in shown.splitlines() if " B  " in line]
        assert ["new", "4", "B", "new", "copy"] in rows
        assert ["same", "5", "B", "same", "ask"] in rows
        assert "The new one: same time, larger." in shown  # of the row under the cursor


async def test_rows_are_decided_one_by_one_or_by_marks_and_the_rest_by_the_default(
    always: SettingsFile, queue: FakeQueue
) -> None:
    names = [f"/{n}" for n in range(6)]
    app = both(always, queue, Tree(names), Tree(names))
    async with app.run_test(size=(100, 40)) as pilot:
        await read(pilot)
        await planned(pilot, "ctrl+a", "f5")
        await pilot.press("o", "r", "s")  # rows 0, 1, 2
        await pilot.press("space", "down", "space", "n")  # rows 3 and 5
        await pilot.press("e", "enter")  # the default: from ask to skip
        command = await enqueued(pilot, queue)
        assert command.policy is Policy.SKIP
        assert short(command.jobs) == {
            "/0": (Op.COPY, Policy.OVERWRITE),
            "/1": (Op.COPY, Policy.RENAME),
            "/3": (Op.COPY, Policy.NEWER),
            "/4": (Op.COPY, None),
            "/5": (Op.COPY, Policy.NEWER),
        }


async def test_the_list_shows_one_kind_at_a_time_and_its_rows_are_the_ones_decided(
    always: SettingsFile, queue: FakeQueue
) -> None:
    app = both(always, queue, *conflicting())
    async with app.run_test(size=(80, 30)) as pilot:
        await read(pilot)
        screen = await planned(pilot, "ctrl+a", "f5")
        await pilot.press("f", "f", "f")  # new, same, different
        await pilot.pause()
        assert "Name (different only)" in text(app)
        assert len(screen.rows.rows) == 1
        await pilot.press("s", "enter")
        assert set(short((await enqueued(pilot, queue)).jobs)) == {"/new", "/same"}


async def test_copy_and_move_are_told_apart_and_changed_for_each_other(
    always: SettingsFile, queue: FakeQueue
) -> None:
    app = both(always, queue, Tree(["/d/", "/d/a"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await planned(pilot, "f6")
        assert "Move 1 file, 4 B" in text(app)
        await pilot.press("m")
        await pilot.pause()
        assert "Copy 1 file, 4 B" in text(app)
        await pilot.press("m", "enter")
        ops = [job.op for job in (await enqueued(pilot, queue)).jobs]
        assert ops == [Op.MOVE, Op.REMOVE_DIR]


async def test_a_double_click_on_a_row_approves_nothing(
    always: SettingsFile, queue: FakeQueue
) -> None:
    app = both(always, queue, Tree(["/a", "/b"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        screen = await planned(pilot, "ctrl+a", "f5")
        await pilot.click(screen.rows, offset=(3, 1), times=2)
        await pilot.pause()
        assert app.screen is screen
        assert screen.rows.cursor == 1


async def test_everything_left_out_queues_nothing(always: SettingsFile, queue: FakeQueue) -> None:
    app = both(always, queue, Tree(["/a"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await planned(pilot, "f5")
        await pilot.press("s", "enter")
        await until(pilot, lambda: "Everything was left out" in text(app))
        assert not queue.sent


class Small(Tree):
    """A place with room for 100 bytes."""

    def room(self, path: str) -> Room:
        return Room("disk", 100)


async def test_what_will_not_fit_is_said_before_it_is_tried(
    always: SettingsFile, queue: FakeQueue
) -> None:
    x = Tree(["/a", "/b"])
    x.store.nodes["/b"].data = bytearray(101)
    app = both(always, queue, x, Small())
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await planned(pilot, "ctrl+a", "f5")
        assert "It will not fit: 103 B are needed, 100 B are free." in text(app)
        await pilot.press("down", "s")
        await pilot.pause()
        assert "100 B are free there" in text(app)


async def test_the_command_line_goes_to_the_clipboard_and_onto_the_screen(
    always: SettingsFile, queue: FakeQueue, tmp_path: Path
) -> None:
    (tmp_path / "a b").write_text("x")
    app = make_app(tmp_path, at("y"), queue=queue, opener=opener(y=Tree()), settings=always)
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await planned(pilot, "end", "f5")
        await pilot.press("y")
        await until(pilot, lambda: "wharfie copy" in text(app))
        assert app.clipboard == f"wharfie copy '{tmp_path}/a b' memory://y/"
        await pilot.press("s", "y")
        await until(pilot, lambda: "have no command line" in text(app))


async def test_who_wants_plans_of_conflicts_only_sees_those_and_no_others(
    queue: FakeQueue,
) -> None:
    app = both(plans_only_conflicts(), queue, *conflicting())
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("down", "f5")
        assert set(short((await enqueued(pilot, queue)).jobs)) == {"/new"}
        await planned(pilot, "down", "f5")
        assert len(queue.sent) == 1


async def test_a_plan_is_shown_where_the_settings_cannot_be_read(
    always: SettingsFile, queue: FakeQueue
) -> None:
    always.path.write_text('plan = "never"\n')
    app = both(always, queue, Tree(["/a"]))
    async with app.run_test(size=(120, 24)) as pilot:
        await read(pilot)
        await planned(pilot, "f5")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        assert not queue.sent


class Slow(Tree):
    """Looking at its files takes until `time.monotonic` says it took long."""

    def __init__(self, clock: list[float]) -> None:
        super().__init__()
        self.clock = clock

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        if path != "/":
            self.clock[0] += 5.0
        return super().stat(path, follow=follow)


async def test_a_plan_that_comes_late_is_deaf_to_what_was_typed_for_the_panes(
    always: SettingsFile, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.commands.copying.QUIET", 3600.0)
    monkeypatch.setattr("tui.commands.copying._SOON", 1.0)
    late, real = [0.0], time.monotonic
    monkeypatch.setattr("tui.commands.copying.clock", lambda: real() + late[0])
    app = both(always, queue, Tree(["/a"]), Slow(late))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await planned(pilot, "f5")
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, PlanScreen)
        assert not queue.sent


async def test_one_plan_is_made_at_a_time(
    always: SettingsFile, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.commands.copying._SOON", 0.01)
    go_on, x = threading.Event(), Tree(["/d/", "/d/file"])

    def hold(operation: str, path: str) -> None:
        if (operation, path) == ("list_dir", "/d"):
            go_on.wait(10)

    x.store.fail = hold
    app = both(always, queue, x)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: "Planning…" in text(app) and not app.type_ahead.holding)
        await pilot.press("f5")
        await until(pilot, lambda: "A plan is being made already" in text(app))
        go_on.set()
        await until(pilot, lambda: isinstance(app.screen, PlanScreen))


class Locked(Tree):
    """Asks for a password before it says what it has."""

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        if path == "/a":
            raise AuthRequired("memory://y")
        return super().stat(path, follow=follow)


async def test_a_password_that_the_target_asks_for_is_asked_while_it_is_planned(
    always: SettingsFile, queue: FakeQueue
) -> None:
    app = both(always, queue, Tree(["/a"]), Locked())
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(app.screen, SecretScreen))
        await pilot.press("escape")
        await until(pilot, lambda: "sign-in needed" in text(app))
        assert not queue.sent


async def test_a_hundred_thousand_files_are_planned_and_every_key_still_acts(
    always: SettingsFile, queue: FakeQueue
) -> None:
    app = both(always, queue, Many(100_000), Tree(["/n000007"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        screen = await planned(pilot, "ctrl+a", "f5")
        assert len(screen.rows.rows) == 100_000
        began = time.monotonic()
        await pilot.press("end", "up", "s", "f", "f", "o", "e", "home")
        await pilot.pause()
        assert time.monotonic() - began < 5.0
        await pilot.press("enter")
        command = await enqueued(pilot, queue)
        assert len(command.jobs) == 99_999


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (160, 48)])
async def test_it_can_be_read_and_answered_at_any_size_and_shows_hostile_names_literally(
    always: SettingsFile, queue: FakeQueue, size: tuple[int, int]
) -> None:
    x = Tree(["/[b]x\x1b]0;t\x07"])
    app = both(always, queue, x)
    async with app.run_test(size=size) as pilot:
        await read(pilot)
        await planned(pilot, "f5")
        shown = text(app)
        assert "Enter Copy" in shown
        assert "Esc Drop" in shown
        assert "[b]x\\x1b" in shown
        assert "\x1b" not in shown


async def test_a_link_and_a_folder_in_the_way_are_told_with_the_reason(
    always: SettingsFile, queue: FakeQueue
) -> None:
    always.set(LINKS, Links.SKIP)
    x, y = Tree(["/a"]), Tree(["/a/"])
    x.store.add("/z", Kind.LINK, target="a")
    app = both(always, queue, x, y)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await planned(pilot, "ctrl+a", "f5")
        assert "Something that is no file, or no folder, has the name" in text(app)
        await pilot.press("down")
        await pilot.pause()
        assert "links are left out, as was chosen" in text(app)


@pytest.mark.parametrize(
    ("links", "ops"),
    [
        (Links.LINK, {"/z": Op.LINK}),
        (Links.FOLLOW, {"/far/a": Op.COPY}),
        (Links.SKIP, {"/z": Op.NOTE}),
    ],
)
async def test_links_are_planned_as_was_chosen(
    always: SettingsFile, queue: FakeQueue, links: Links, ops: dict[str, Op]
) -> None:
    always.set(LINKS, links)
    x = Tree(["/far/", "/far/a"])
    x.store.add("/z", Kind.LINK, target="/far/a")
    app = both(always, queue, x)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await planned(pilot, "end", "f5")
        await pilot.press("enter")
        command = await enqueued(pilot, queue)
        assert {job.source.path: job.op for job in command.jobs} == ops
