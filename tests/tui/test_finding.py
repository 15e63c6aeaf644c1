"""Finding: the pane lists what is below a folder, and acts on it where it is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.servers.trash import trash_of
from tests.tui.app_case import AppPilot, Tree, at, make_app, names, opener, pane, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import Enqueue, JobState, Op
from tui.app import WharfieApp
from tui.screens.confirm import ConfirmScreen
from tui.screens.find import FindScreen
from tui.screens.prompt import PromptScreen


async def dialog(pilot: AppPilot, kind: type) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()


async def find(pilot: AppPilot, app: WharfieApp, name: str, *keys: str) -> None:
    """Look for `name` and wait until all of it is found."""
    await pilot.press("F")
    await dialog(pilot, FindScreen)
    app.screen.query_one("#name", Input).value = name
    await pilot.press(*keys, "enter")
    await until(pilot, lambda: pane(app).search is not None and pane(app).idle)
    await pilot.pause()


TREE = ("/d/", "/d/deep/", "/d/deep/one.txt", "/d/two.txt", "/d/note.md", "/three.txt", "/out/")


async def test_what_is_found_is_listed_by_its_way_from_the_folder_under_a_heading() -> None:
    app = make_app(at("x"), at("x"), opener=opener(x=Tree(TREE)))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "*.txt")
        assert names(app) == ["one.txt", "three.txt", "two.txt"]
        shown = text(app)
        assert "Found: “*.txt” in memory://x/" in shown
        assert "d/deep/one.txt" in shown
        assert "3 found, Enter goes to the folder" in shown


async def test_hostile_names_are_found_and_shown_literally() -> None:
    tree = Tree(["/d/", "/d/\x1b]0;title\x07[red]x[b]\u202e"])
    app = make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree()))
    async with app.run_test(size=(160, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "[red]")
        assert "d/\\x1b]0;title\\x07[red]x[b]\\u202e" in text(app)


async def test_enter_on_a_file_goes_to_its_folder_and_back_is_the_folder_searched() -> None:
    app = make_app(at("x"), at("x"), opener=opener(x=Tree(TREE)))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "two")
        await pilot.press("end", "enter")
        await until(pilot, lambda: pane(app).place == at("x", "/d") and pane(app).idle)
        current = pane(app).list.current
        assert current is not None and current.name == "two.txt"
        assert "Found:" not in text(app)
        await find(pilot, app, "one")
        await pilot.press("backspace")
        await until(pilot, lambda: pane(app).search is None and pane(app).idle)
        assert names(app) == ["deep", "note.md", "two.txt"]


async def test_marks_are_copied_from_where_they_are() -> None:
    queue = FakeQueue()
    app = make_app(at("x"), at("x", "/out"), queue=queue, opener=opener(x=Tree(TREE)))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "*.txt")
        await pilot.press("ctrl+a", "f5")
        await until(pilot, lambda: any(isinstance(sent, Enqueue) for sent in queue.sent))
        (command,) = [sent for sent in queue.sent if isinstance(sent, Enqueue)]
        assert {j.source.path: j.target.path for j in command.jobs if j.op is Op.COPY} == {
            "/d/deep/one.txt": "/out/one.txt",
            "/d/two.txt": "/out/two.txt",
            "/three.txt": "/out/three.txt",
        }


async def test_what_is_found_may_be_copied_into_the_folder_that_was_searched() -> None:
    queue = FakeQueue()
    app = make_app(at("x"), at("x"), queue=queue, opener=opener(x=Tree(TREE)))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "one")
        await pilot.press("end", "f5")
        await until(pilot, lambda: any(isinstance(sent, Enqueue) for sent in queue.sent))


async def test_what_the_queue_has_moved_away_leaves_the_list_and_nothing_else_is_asked() -> None:
    queue, tree, asked = FakeQueue(), Tree(TREE), []
    app = make_app(at("x"), at("y"), queue=queue, opener=opener(x=tree, y=Tree()))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "*.txt")
        tree.store.fail = lambda operation, path: asked.append((operation, path))
        other = {"op": Op.COPY, "source": at("y", "/n"), "target": at("x", "/d/new")}
        queue.put(make_row(1, JobState.DONE, **other))
        await pilot.pause()
        assert pane(app)._refresh_timer is None
        assert asked == []
        tree.store.fail = None
        tree.delete("/three.txt")
        gone = {"op": Op.MOVE, "source": at("x", "/three.txt"), "target": at("y", "/three.txt")}
        queue.put(make_row(2, JobState.DONE, **gone))
        await until(pilot, lambda: names(app) == ["one.txt", "two.txt"])


async def test_what_is_deleted_leaves_the_list_and_the_question_names_its_folder() -> None:
    tree = Tree(TREE)
    app = make_app(at("x"), at("x"), opener=opener(x=tree))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "*.txt")
        await pilot.press("down", "space", "f8")
        await dialog(pilot, ConfirmScreen)
        assert "d/deep/one.txt" in text(app)
        await pilot.press("y")
        await until(pilot, lambda: names(app) == ["three.txt", "two.txt"])
        assert "/d/deep/one.txt" not in tree.store.nodes
        assert "/d/two.txt" in tree.store.nodes


async def test_a_found_file_is_renamed_where_it_is_and_stays_in_the_list() -> None:
    tree = Tree(TREE)
    app = make_app(at("x"), at("x"), opener=opener(x=tree))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "one")
        await pilot.press("end", "f2")
        await dialog(pilot, PromptScreen)
        app.screen.query_one(Input).value = "uno.txt"
        await pilot.press("enter")
        await until(pilot, lambda: names(app) == ["uno.txt"])
        assert "/d/deep/uno.txt" in tree.store.nodes


async def test_nothing_is_made_in_or_copied_into_what_was_found() -> None:
    queue = FakeQueue()
    app = make_app(at("x"), at("x", "/d"), queue=queue, opener=opener(x=Tree(TREE)))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "one")
        await pilot.press("n")
        await until(pilot, lambda: "Open a folder to make something in it" in text(app))
        await pilot.press("tab", "end", "f5")
        await until(pilot, lambda: "The other pane shows what was found" in text(app))
        assert not queue.sent


async def test_escape_stops_a_search_and_what_was_found_stays() -> None:
    go_on, tree = threading.Event(), Tree(["/a/", "/a/x1", "/b/", "/b/x2"])

    def wait(operation: str, path: str) -> None:
        if operation == "list_dir" and path == "/b":
            go_on.wait(20)

    tree.store.fail = wait
    app = make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree()))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("F")
        await dialog(pilot, FindScreen)
        await pilot.press("x", "enter")
        await until(pilot, lambda: "searching…" in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped" in text(app))
        go_on.set()
        await pilot.pause(0.1)
        assert pane(app).idle
        assert "x2" not in names(app)


async def test_ctrl_r_looks_for_it_anew() -> None:
    tree = Tree(TREE)
    app = make_app(at("x"), at("x"), opener=opener(x=tree))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "*.txt")
        tree.rename("/d/two.txt", "/d/twelve.txt")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: names(app) == ["one.txt", "three.txt", "twelve.txt"])


async def test_the_dialog_says_what_is_wrong_and_takes_kinds() -> None:
    app = make_app(at("x"), at("x"), opener=opener(x=Tree(TREE)))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("F")
        await dialog(pilot, FindScreen)
        app.screen.query_one("#size", Input).value = "big"
        await pilot.press("enter")
        await pilot.pause()
        assert "A size reads like" in text(app)
        app.screen.query_one("#size", Input).value = ""
        await pilot.press("f3", "f4", "f5", "enter")
        await pilot.pause()
        assert "Tick at least one kind" in text(app)
        await pilot.press("f4", "enter")
        await until(pilot, lambda: names(app) == ["d", "deep", "out"])


async def test_found_files_of_this_computer_go_to_the_trash_each_from_its_folder(
    tmp_path: Path, isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash = trash_of(isolated_home, monkeypatch)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.txt").write_text(folder)
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await find(pilot, app, "same")
        await pilot.press("ctrl+a", "f8")
        await dialog(pilot, ConfirmScreen)
        await pilot.press("enter")
        await until(pilot, lambda: pane(app).idle and not names(app))
        assert sorted(path.read_text() for path in trash.iterdir()) == ["a", "b"]
        assert "2 in the trash; u takes them out again" in text(app)
