"""Marks that come along to other folders: what they are, and that nothing is lost by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.trash import trash_of
from tests.tui.app_case import Tree, at, make_app, names, opener, pane, read, text, until
from tests.tui.fake_queue import FakeQueue
from transfers.model import Enqueue
from tui.app import WharfieApp


def _tree() -> Tree:
    return Tree(["/a/", "/a/one", "/a/two", "/b/", "/b/x", "/b/one", "/c/", "/top"])


def _app(tree: Tree, queue: FakeQueue | None = None) -> WharfieApp:
    places = opener(x=tree, y=Tree(["/to/"]))
    return make_app(at("x", "/a"), at("y", "/to"), queue=queue, opener=places)


async def _go(pilot: object, app: WharfieApp, path: str) -> None:
    pane(app).open(at("x", path))
    await until(pilot, lambda: pane(app).place.path == path and pane(app).idle)  # type: ignore[arg-type]


async def test_marks_are_of_one_folder_unless_a_person_asks() -> None:
    app = _app(_tree())
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+a")
        await _go(pilot, app, "/b")
        await _go(pilot, app, "/a")
        assert not pane(app).list.marks


async def test_kept_marks_are_counted_and_are_there_again_in_their_folder() -> None:
    app = _app(_tree())
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "ctrl+a")
        await _go(pilot, app, "/b")
        await pilot.press("end", "space")
        await until(pilot, lambda: "3 marked, 2 elsewhere" in text(app))
        await _go(pilot, app, "/a")
        assert set(pane(app).list.marks) == {"/a/one", "/a/two"}
        await pilot.press("K")
        await until(pilot, lambda: "1 elsewhere taken away" in text(app))
        assert "2 marked," in text(app) and not pane(app).tab.elsewhere


async def test_copying_takes_all_that_is_marked_and_then_nothing_is() -> None:
    queue = FakeQueue()
    app = _app(_tree(), queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "ctrl+a")
        await _go(pilot, app, "/")
        await pilot.press("end", "space", "f5")
        await until(pilot, lambda: "3 jobs queued" in text(app))
        sent = next(c for c in queue.sent if isinstance(c, Enqueue))
        assert {job.source.path for job in sent.jobs} == {"/a/one", "/a/two", "/top"}
        assert not pane(app).list.marks and not pane(app).tab.elsewhere


async def test_the_entry_under_the_cursor_is_not_taken_beside_marks_elsewhere() -> None:
    queue = FakeQueue()
    app = _app(_tree(), queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "end", "space")
        await _go(pilot, app, "/")
        await pilot.press("end", "f5")
        await until(pilot, lambda: "1 job queued" in text(app))
        sent = next(c for c in queue.sent if isinstance(c, Enqueue))
        assert [job.source.path for job in sent.jobs] == ["/a/two"]


async def test_two_of_one_name_are_not_put_into_one_folder() -> None:
    queue = FakeQueue()
    app = _app(_tree(), queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "ctrl+a")
        await _go(pilot, app, "/b")
        await pilot.press("ctrl+a", "f5")
        await until(pilot, lambda: "Two of the marked are called “one”" in text(app))
        assert not any(isinstance(c, Enqueue) for c in queue.sent)


async def test_what_is_marked_inside_a_marked_folder_is_not_moved_nor_deleted() -> None:
    tree = _tree()
    app = _app(tree)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "end", "space")
        await _go(pilot, app, "/")
        await pilot.press("home", "space")
        for key in ("f6", "f8"):
            await pilot.press(key)
            await until(pilot, lambda: "is inside a folder that is marked as well" in text(app))
            app.main.say("")  # type: ignore[union-attr]
        assert "/a/two" in tree.store.nodes


async def test_a_mark_whose_file_is_gone_is_told_and_nothing_is_done() -> None:
    tree = _tree()
    app = _app(tree)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "ctrl+a")
        await _go(pilot, app, "/b")
        del tree.store.nodes["/a/one"]
        await pilot.press("f8")
        await until(pilot, lambda: "memory://x/a/one is not there any more" in text(app))
        assert "/a/two" in tree.store.nodes
        assert [place.path for place in pane(app).tab.elsewhere] == ["/a/two"]


async def test_a_file_that_became_a_folder_is_not_what_was_marked() -> None:
    tree = _tree()
    app = _app(tree)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "end", "space")
        await _go(pilot, app, "/b")
        from providers.base import Kind

        tree.store.nodes["/a/two"].kind = Kind.DIR
        await pilot.press("f8")
        await until(pilot, lambda: "memory://x/a/two is not there any more" in text(app))
        assert "/a/two" in tree.store.nodes


async def test_marks_that_are_gone_when_their_folder_is_shown_again_are_named() -> None:
    tree = _tree()
    app = _app(tree)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "ctrl+a")
        await _go(pilot, app, "/b")
        del tree.store.nodes["/a/one"]
        await _go(pilot, app, "/a")
        await until(pilot, lambda: "not there any more: “one”" in text(app))
        assert set(pane(app).list.marks) == {"/a/two"}


async def test_deleting_names_each_with_its_folder_and_deletes_all() -> None:
    tree = _tree()
    app = _app(tree)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "ctrl+a")
        await _go(pilot, app, "/b")
        await pilot.press("end", "space", "f8")
        await until(pilot, lambda: "marked in several folders" in text(app))
        shown = text(app)
        assert all(f"memory://x/{path}" in shown for path in ("a/one", "a/two", "b/x"))
        await pilot.press("y")
        await until(pilot, lambda: "3 deleted" in text(app))
        await until(pilot, lambda: names(app) == ["one"])
        await read(pilot)
        assert not {"/a/one", "/a/two", "/b/x"} & set(tree.store.nodes)
        assert not pane(app).tab.elsewhere


async def test_a_key_takes_all_marks_away() -> None:
    app = _app(_tree())
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "ctrl+a")
        await _go(pilot, app, "/b")
        await pilot.press("space", "space", "A")
        assert not pane(app).list.marks and not pane(app).tab.elsewhere
        assert "marked" not in text(app)


async def test_each_place_is_asked_about_alone_and_what_was_refused_stays(
    tmp_path: Path, isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash = trash_of(isolated_home, monkeypatch)
    (tmp_path / "local.txt").write_text("x")
    tree = _tree()
    app = make_app(tmp_path, at("x", "/c"), opener=opener(x=tree))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("K", "ctrl+a")
        await _go(pilot, app, "/a")
        await pilot.press("end", "space", "f8")
        await until(pilot, lambda: "Delete for good?" in text(app))
        assert "memory://x/a/two" in text(app) and "local.txt" not in text(app)
        await pilot.press("n")
        await until(pilot, lambda: "Move to the trash?" in text(app))
        assert "local.txt" in text(app)
        await pilot.press("y")
        await until(pilot, lambda: "1 in the trash" in text(app))
        assert [path.name for path in trash.iterdir()] == ["local.txt"]
        assert "/a/two" in tree.store.nodes
        assert set(pane(app).list.marks) == {"/a/two"} and not pane(app).tab.elsewhere
        await read(pilot)
