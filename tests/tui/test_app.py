"""The whole screen: what keys do to files, signing in, what the queue asks, odd terminals."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from providers.access import Access
from providers.base import Capabilities, Place
from providers.errors import AuthRequired, Denied, HostKeyChanged, HostKeyUnknown
from tests.tui.app_case import (
    AppPilot,
    Remembered,
    Tree,
    at,
    make_app,
    names,
    opener,
    pane,
    read,
    text,
    until,
)
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import (
    Command,
    Enqueue,
    Grant,
    JobState,
    Op,
    ParkReason,
    Unpark,
)
from tui.app import WharfieApp
from tui.screens.confirm import ConfirmScreen
from tui.screens.connect import ConnectScreen
from tui.screens.help import HelpScreen
from tui.screens.host_key import HostKeyScreen
from tui.screens.message import MessageScreen
from tui.screens.prompt import PromptScreen
from tui.screens.secret import SecretScreen
from tui.widgets.transfer_panel import TransferPanel


@pytest.fixture(autouse=True)
def no_deaf_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody types here by accident."""
    monkeypatch.setattr("tui.questions.QUIET", 0.0)
    monkeypatch.setattr("tui.sign_in.QUIET", 0.0)


async def dialog(pilot: AppPilot, kind: type) -> None:
    """Wait for a dialog of that kind, and until it is drawn."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()


def sent(queue: FakeQueue, kind: type) -> list[object]:
    return [command for command in queue.sent if isinstance(command, kind)]


# Copy and move


async def test_copy_enqueues_what_is_marked_into_the_other_folder() -> None:
    queue = FakeQueue()
    trees = {"x": Tree(["/d/", "/d/deep.txt", "/one.txt", "/two.txt"]), "y": Tree(["/in/"])}
    app = make_app(at("x"), at("y", "/in"), queue=queue, opener=opener(**trees))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("space", "space", "f5")
        await until(pilot, lambda: sent(queue, Enqueue))
        (command,) = sent(queue, Enqueue)
        assert isinstance(command, Enqueue)
        copies = {j.source.path: j.target.path for j in command.jobs if j.op is Op.COPY}
        assert copies == {"/d/deep.txt": "/in/d/deep.txt", "/one.txt": "/in/one.txt"}
        assert {j.target.endpoint for j in command.jobs} == {"memory://y"}
        await until(pilot, lambda: "queued, to memory://y/in" in text(app))
        assert not pane(app).list.marks


async def test_copying_into_a_held_queue_says_what_makes_it_go_on() -> None:
    queue = FakeQueue()
    queue.held = True
    app = make_app(at("x"), at("y"), queue=queue, opener=opener(x=Tree(["/a"]), y=Tree()))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await until(pilot, lambda: "held: H goes on" in text(app))
        await pilot.press("f5")
        await until(pilot, lambda: "the queue is held: w, then H, goes on" in text(app))


async def test_move_takes_the_entry_under_the_cursor() -> None:
    queue = FakeQueue()
    app = make_app(at("x"), at("y"), queue=queue, opener=opener(x=Tree(["/a", "/b"]), y=Tree()))
    async with app.run_test() as pilot:
        await read(pilot)
        await pilot.press("down", "f6")
        await until(pilot, lambda: sent(queue, Enqueue))
        (command,) = sent(queue, Enqueue)
        assert isinstance(command, Enqueue)
        assert [(j.op, j.source.path) for j in command.jobs] == [(Op.MOVE, "/b")]


async def test_copy_into_the_same_folder_or_a_read_only_place_is_one_clear_sentence() -> None:
    queue = FakeQueue()
    app = make_app(at("x"), at("x"), queue=queue, opener=opener(x=Tree(["/a"]), sealed=ReadOnly()))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: "Both panes show the same folder" in text(app))
        pane(app, "right").open(at("sealed"))
        await until(pilot, lambda: pane(app, "right").place == at("sealed"))
        await pilot.press("f5")
        await until(pilot, lambda: "this place can only be read" in text(app))
        assert not queue.sent


async def test_escape_stops_planning_and_nothing_is_queued() -> None:
    queue, go_on = FakeQueue(), threading.Event()
    tree = Tree(["/d/", "/d/file"])

    def wait(operation: str, path: str) -> None:
        if operation == "list_dir" and path == "/d":
            go_on.wait(10)

    tree.store.fail = wait
    app = make_app(at("x"), at("y"), queue=queue, opener=opener(x=tree, y=Tree()))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: "Planning… " in text(app))
        await pilot.press("escape")
        go_on.set()
        await until(pilot, lambda: "Planning stopped; nothing was queued" in text(app))
        assert not queue.sent


async def test_nothing_is_copied_into_a_pane_that_could_not_be_read(tmp_path: Path) -> None:
    queue = FakeQueue()
    (tmp_path / "a").touch()
    app = make_app(tmp_path, tmp_path / "gone", queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("end", "f5")
        await until(pilot, lambda: "no folder to copy into" in text(app))
        queue.put(make_row(1, JobState.DONE))
        await pilot.pause(0.1)
        assert not queue.sent


class ReadOnly(Tree):
    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, parts=None)


# Folders, names, deleting


async def test_mkdir_checks_the_name_and_puts_the_cursor_on_the_new_folder(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("f7")
        await dialog(pilot, PromptScreen)
        await pilot.press(*"a/b", "enter")
        assert isinstance(app.screen, PromptScreen)
        await pilot.press("ctrl+u", *"new", "enter")
        await until(pilot, lambda: names(app) == ["new"])
        await until(pilot, lambda: pane(app).idle)
        current = pane(app).list.current
        assert current is not None and current.name == "new"
        assert (tmp_path / "new").is_dir()


async def test_rename_gives_the_entry_its_new_name(tmp_path: Path) -> None:
    (tmp_path / "old.txt").touch()
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("end", "f2")
        await dialog(pilot, PromptScreen)
        app.screen.query_one(Input).value = "new.txt"
        await pilot.press("enter")
        await until(pilot, lambda: names(app) == ["new.txt"])


async def test_delete_asks_first_and_never_follows_a_link(tmp_path: Path) -> None:
    outside, here = tmp_path / "outside", tmp_path / "here"
    (here / "full" / "deep").mkdir(parents=True)
    (here / "full" / "deep" / "file").touch()
    outside.mkdir()
    (outside / "precious").touch()
    (here / "full" / "link").symlink_to(outside)
    app = make_app(here, outside)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("end", "shift+f8")
        await dialog(pilot, ConfirmScreen)
        assert "Delete for good?" in text(app)
        assert "1 folder with all that is in it" in text(app)
        await pilot.press("enter")  # what Enter does first is not to delete
        await until(pilot, lambda: app.screen is app.main)
        assert (here / "full").exists()
        await pilot.press("shift+delete")
        await dialog(pilot, ConfirmScreen)
        await pilot.press("y")
        await until(pilot, lambda: "4 deleted" in text(app))
        assert not (here / "full").exists()
        assert (outside / "precious").exists()


async def test_delete_goes_on_past_a_refusal_and_reports_the_first() -> None:
    tree = Tree(["/a", "/b", "/c"])

    def fail(operation: str, path: str) -> None:
        if operation == "delete" and path == "/b":
            raise Denied(path)

    tree.store.fail = fail
    app = make_app(at("x"), at("x"), opener=opener(x=tree))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+a", "f8")
        await dialog(pilot, ConfirmScreen)
        await pilot.press("y")
        await until(pilot, lambda: "2 deleted, 1 could not be" in text(app))
        assert "/b: permission denied" in text(app)
        await until(pilot, lambda: names(app) == ["b"])


# Signing in

HOST = "memory://host"


class Locked(Tree):
    """Wants its host key accepted and then a password."""

    def __init__(self, access: Access, *, host_key: bool = False, changed: bool = False) -> None:
        super().__init__(["/inside.txt"])
        self.access = access
        self.host_key = host_key
        self.changed = changed
        self.refused = 0

    def list_dir(self, path: str):  # type: ignore[no-untyped-def]
        self.get_in()
        return super().list_dir(path)

    def resolve(self, path: str) -> str:
        self.get_in()
        return super().resolve(path)

    def get_in(self) -> None:
        if self.changed:
            raise HostKeyChanged(
                HOST, "its host key changed", key_type="ssh-ed25519", fingerprint="SHA256:new"
            )
        if self.host_key and (HOST, "line") not in self.access.trusted:
            raise HostKeyUnknown(
                HOST,
                "its host key is not known",
                key_type="ssh-ed25519",
                fingerprint="SHA256:abc",
                line="line",
            )
        given = self.access.secrets.get(HOST, "password")
        if given != "right":
            self.refused += given is not None
            raise AuthRequired(HOST, rejected=given is not None)


def locked_app(
    *, both: bool = False, queue: FakeQueue | None = None, remember: Remembered | None = None,
    **how: bool,
) -> WharfieApp:  # fmt: skip
    made: dict[str, Tree] = {}

    def open_one(endpoint: str, access: Access) -> Tree:
        if endpoint not in made:
            made[endpoint] = Locked(access, **how) if endpoint == HOST else Tree()
        return made[endpoint]

    right = Place(HOST, "") if both else at("y")
    return make_app(Place(HOST, ""), right, opener=open_one, queue=queue, remember=remember)


async def test_an_unknown_host_key_and_a_password_are_asked_and_the_pane_goes_on() -> None:
    queue = FakeQueue()
    app = locked_app(host_key=True, queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await dialog(pilot, HostKeyScreen)
        assert "SHA256:abc" in text(app)
        await pilot.press("o")
        await dialog(pilot, SecretScreen)
        await pilot.press(*"right", "enter")
        await until(pilot, lambda: names(app) == ["inside.txt"])
        await until(pilot, lambda: Unpark(HOST) in queue.sent)
        (grant,) = queue.grants  # before the queue was told to go on
        assert grant == Grant(HOST, (("password", "", "right"),), ("line",))


async def test_the_queue_is_let_in_before_it_is_given_the_jobs() -> None:
    queue = FakeQueue()
    app = locked_app(queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await dialog(pilot, SecretScreen)
        await pilot.press(*"right", "enter")
        await until(pilot, lambda: names(app) == ["inside.txt"])
        granted: list[int] = []
        send = queue.send

        def note(command: Command) -> tuple[int, ...]:
            granted.append(len(queue.grants))
            return send(command)

        queue.send = note  # type: ignore[method-assign]
        queue.grants.clear()
        await read(pilot)
        await pilot.press("end", "f5")
        await until(pilot, lambda: sent(queue, Enqueue))
        assert granted == [1]
        assert queue.grants == [Grant(HOST, (("password", "", "right"),))]


async def test_a_remembered_host_key_is_handed_over_to_be_kept() -> None:
    remembered = Remembered()
    app = locked_app(host_key=True, remember=remembered)
    async with app.run_test(size=(100, 30)) as pilot:
        await dialog(pilot, HostKeyScreen)
        await pilot.press("r")
        await dialog(pilot, HostKeyScreen)
        assert remembered.lines == [(HOST, "line")]
        await pilot.press("escape")
        await until(pilot, lambda: "not known" in text(app))


async def test_a_wrong_password_is_said_and_asked_again() -> None:
    app = locked_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await dialog(pilot, SecretScreen)
        await pilot.press(*"wrong", "enter")
        await until(
            pilot,
            lambda: isinstance(app.screen, SecretScreen) and app.screen.error.rejected,
        )
        await pilot.pause()
        await pilot.press(*"right", "enter")
        await until(pilot, lambda: names(app) == ["inside.txt"])


async def test_giving_up_leaves_one_sentence_and_no_second_question() -> None:
    app = locked_app(both=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await dialog(pilot, SecretScreen)
        await pilot.press("escape")
        await until(pilot, lambda: text(app).count("sign-in needed") == 2)
        assert app.screen is app.main


async def test_both_panes_at_one_server_ask_for_its_password_once() -> None:
    app = locked_app(both=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await dialog(pilot, SecretScreen)
        await pilot.press(*"right", "enter")
        await until(pilot, lambda: names(app) == names(app, "right") == ["inside.txt"])
        assert app.screen is app.main


async def test_a_changed_host_key_is_never_continued() -> None:
    app = locked_app(changed=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await dialog(pilot, MessageScreen)
        assert "its host key changed" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.main)
        assert names(app) == []


async def test_connect_opens_the_place_in_the_focused_pane() -> None:
    app = make_app(at("x"), at("y"), opener=opener(x=Tree(), y=Tree(), z=Tree(["/found"])))
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("tab", "f9")
        await dialog(pilot, ConnectScreen)
        app.screen.query_one("#address", Input).value = "memory://z/"
        await pilot.pause()
        app.screen.query_one("#address", Input).focus()
        await pilot.press("enter")
        await until(pilot, lambda: names(app, "right") == ["found"])
        assert app.recent == ["memory://z/"]


# What the queue asks


async def test_jobs_parked_for_a_password_are_asked_for_once_and_go_on() -> None:
    queue = FakeQueue()
    made: dict[str, Tree] = {}

    def open_one(endpoint: str, access: Access) -> Tree:
        made.setdefault(endpoint, Locked(access) if endpoint == HOST else Tree())
        return made[endpoint]

    app = make_app(at("x"), at("y"), queue=queue, opener=open_one)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        for job in (1, 2):
            queue.put(make_row(job, JobState.PARKED, park=ParkReason.SIGN_IN, asks=HOST))
        await dialog(pilot, SecretScreen)
        await pilot.press(*"right", "enter")
        await until(pilot, lambda: Unpark(HOST) in queue.sent)
        await pilot.pause(0.2)
        assert app.screen is app.main


# The screen


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (40, 12), (80, 24), (160, 48)])
async def test_every_size_draws_and_obeys(size: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=size) as pilot:
        await read(pilot)
        await pilot.press("down", "tab", "w", "escape", "/", "d", "escape", "f1", "escape")
        for other in ((80, 24), (3, 2), size):
            await pilot.resize_terminal(*other)
            await pilot.pause()
        assert app.is_running


async def test_a_narrow_terminal_shows_the_active_pane_alone(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(30, 12)) as pilot:
        await read(pilot)
        assert pane(app).size.width == 30
        await pilot.press("tab")
        await pilot.pause()
        assert pane(app, "right").size.width == 30
        assert pane(app, "right").list.has_focus


async def test_w_goes_to_the_transfers_and_back_where_file_keys_do_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("end", "w")
        assert app.main is not None
        assert app.main.query_one(TransferPanel).has_focus_within
        await pilot.press("f8")
        await pilot.pause(0.1)
        assert app.screen is app.main
        await pilot.press("w")
        assert pane(app).list.has_focus


async def test_keys_right_after_tab_reach_the_new_pane(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test() as pilot:
        await read(pilot)
        assert app.main is not None
        app.main.action_other_pane()
        assert app.main.focused is pane(app, "right").list


async def test_a_crash_report_shows_no_local_variables(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    app = make_app(tmp_path, tmp_path)

    async def fails() -> None:
        secret = "canary" + "-1234"
        raise RuntimeError(f"\x1b[31m {len(secret)}")

    with pytest.raises(Exception, match="RuntimeError"):
        async with app.run_test() as pilot:
            await read(pilot)
            app.run_worker(fails())
            await pilot.pause(0.2)
    written = "".join(capfd.readouterr())
    assert "RuntimeError" in written
    assert "canary-1234" not in written
    assert "\x1b[31m 11" not in written


async def test_help_lists_every_key(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(100, 150)) as pilot:
        await read(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.pause()
        for said in ("copy to the other pane", "swap the panes", "pause every transfer"):
            assert said in text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)


async def test_without_colours_the_cursor_row_is_reversed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "a").touch()
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        files = pane(app).list
        styles = [s.style for s in files.render_line(files.cursor) if s.text.strip()]
        assert styles and all(style is not None and style.reverse for style in styles)


async def test_a_click_on_the_key_bar_presses_the_key(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.click("KeyBar", offset=(2, 0))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
