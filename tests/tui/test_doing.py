"""New files, links, permissions, many names, the trash and undo, as a person meets them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from textual.app import App
from textual.widgets import Input

from providers.access import Access
from providers.base import Capabilities, Place
from providers.errors import Denied
from providers.registry import open_provider
from tests.servers.trash import trash_of
from tests.tui.app_case import (
    AppPilot,
    Tree,
    at,
    make_app,
    names,
    opener,
    pane,
    plans_only_conflicts,
    read,
    text,
    until,
)
from transfers.engine import Engine
from tui.app import WharfieApp
from tui.screens.confirm import ConfirmScreen
from tui.screens.dialog import Dialog, Tick
from tui.screens.mode import ModeScreen
from tui.screens.moves import MovesScreen
from tui.screens.new_link import NewLinkScreen
from tui.screens.prompt import PromptScreen
from tui.screens.undo import UndoScreen

SMALL = (80, 24)


async def dialog(pilot: AppPilot, kind: type) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()


async def says(pilot: AppPilot, *words: str) -> None:
    app = pilot.app
    assert isinstance(app, WharfieApp)

    def shown() -> str:
        return " ".join(text(app).replace("│", " ").replace("┃", " ").split())

    await until(pilot, lambda: all(word in shown() for word in words))


def listen(pilot: AppPilot) -> None:
    """Have the dialog in front, which no key called for, hear keys."""
    asked = pilot.app.screen
    assert isinstance(asked, Dialog)
    asked.listens_from = 0.0


@pytest.fixture
def trash(isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return trash_of(isolated_home, monkeypatch)


# New things


async def test_a_new_file_is_empty_and_under_the_cursor(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("n")
        await dialog(pilot, PromptScreen)
        await pilot.press(*"new.txt", "enter")
        await until(pilot, lambda: names(app) == ["new.txt"] and pane(app).idle)
        assert (tmp_path / "new.txt").read_bytes() == b""
        current = pane(app).list.current
        assert current is not None and current.name == "new.txt"


async def test_a_new_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("n")
        await dialog(pilot, PromptScreen)
        await pilot.press(*"a.txt", "enter")
        await says(pilot, "already exists. Choose another name.")
        assert (tmp_path / "a.txt").read_text() == "mine"


async def test_a_link_is_made_to_what_is_under_the_cursor_and_shown_with_its_target(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("end", "N")
        await dialog(pilot, NewLinkScreen)
        await pilot.press("enter")
        assert isinstance(app.screen, NewLinkScreen)  # it has no name yet
        await pilot.press(*"short", "enter")
        await says(pilot, "short → file")
        assert os.readlink(tmp_path / "short") == "file"


async def test_a_hard_link_is_made_where_it_is_asked_for_and_is_the_same_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("data")
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("end", "N")
        await dialog(pilot, NewLinkScreen)
        await pilot.press("f3", *"other", "enter")
        await until(pilot, lambda: names(app) == ["file", "other"] and pane(app).idle)
        assert (tmp_path / "other").samefile(tmp_path / "file")
        assert not (tmp_path / "other").is_symlink()
        assert not app.changes.all()  # taking it back might take the last name of the file


async def test_a_hard_link_to_a_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("end", "N")
        await dialog(pilot, NewLinkScreen)
        await pilot.press("f3", *"other", "enter")
        await says(pilot, "only a file can have another name")
        assert names(app) == ["folder"]


async def test_hard_links_are_not_offered_where_there_are_none() -> None:
    app = make_app(at("x"), at("x"), opener=opener(x=Tree(["/a"])))
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("N")
        await dialog(pilot, NewLinkScreen)
        assert not app.screen.query("#hard")


async def test_a_place_without_links_or_permissions_says_so() -> None:
    class Bare(Tree):
        make_link = set_mode = None  # type: ignore[assignment]

    app = make_app(at("x"), at("x"), opener=opener(x=Bare(["/a"])))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        for key, said in (("N", "has no symbolic links"), ("M", "has no permissions")):
            await pilot.press(key)
            await says(pilot, said)


# Permissions


async def test_permissions_are_typed_or_ticked_and_reach_into_folders(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(mode=0o755)
    (tmp_path / "d" / "file").touch(mode=0o600)
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("end", "M")
        await dialog(pilot, ModeScreen)
        assert app.screen.query_one("#octal", Input).value == "755"
        app.screen.query_one("#octal", Input).value = "640"
        await pilot.pause()
        assert [app.screen.query_one(f"#bit-{n}", Tick).value for n in (8, 7, 6, 5, 0)] == [
            True, True, False, True, False
        ]  # fmt: skip
        app.screen.query_one("#bit-2", Tick).action_tick()
        await pilot.pause()
        assert app.screen.query_one("#octal", Input).value == "644"
        await pilot.press("f3", "f4", "enter")
        await says(pilot, "2 changed.")
        assert (tmp_path / "d").stat().st_mode & 0o7777 == 0o755
        assert (tmp_path / "d" / "file").stat().st_mode & 0o7777 == 0o644


async def test_permissions_that_are_none_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "a").touch(mode=0o600)
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("end", "M")
        await dialog(pilot, ModeScreen)
        app.screen.query_one("#octal", Input).value = ""
        await pilot.press("enter")
        await says(pilot, "digits from 0 to 7")
        assert isinstance(app.screen, ModeScreen)


# Many names


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let the person's editor turn the text it is given into each of some others in turn."""

    def become(*texts: str | None) -> list[str]:
        seen: list[str] = []
        coming = list(texts)

        def edit(app: App[None], words: Sequence[str], path: Path) -> int:
            seen.append(path.read_text())
            wanted = coming.pop(0)
            if wanted is None:
                return 1
            path.write_text(wanted)
            return 0

        monkeypatch.setattr("tui.commands.renaming.run_editor", edit)
        return seen

    return become


def folder_of(tmp_path: Path, *files: str) -> Path:
    for name in files:
        (tmp_path / name).write_text(name)
    return tmp_path


async def test_marked_names_are_edited_planned_and_exchanged(
    tmp_path: Path, editor: Callable[..., list[str]]
) -> None:
    seen = editor("b\na\nc.txt\n")
    app = make_app(folder_of(tmp_path, "a", "b", "c"), tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("ctrl+a", "f2")
        await dialog(pilot, MovesScreen)
        assert seen == ["a\nb\nc\n"]
        await says(pilot, "3 names of 3 to be renamed", "→ c.txt")
        await pilot.press("enter")
        await says(pilot, "3 names changed; u takes that back.")
        assert (tmp_path / "a").read_text() == "b"
        assert (tmp_path / "b").read_text() == "a"
        await pilot.press("u")
        await dialog(pilot, UndoScreen)
        await pilot.press("enter")
        await says(pilot, "Taken back")
        assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {n: n for n in "abc"}


async def test_names_that_do_not_do_are_said_and_edited_again(
    tmp_path: Path, editor: Callable[..., list[str]]
) -> None:
    seen = editor("x\nx\n", "x\n../y\n", "x\nkept\n", "x\n", "x\ny\n")
    app = make_app(folder_of(tmp_path, "a", "b", "kept"), tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("down", "space", "space", "r")
        for said in ("two would get this name", "could leave this folder",
                     "has this name and keeps it", "2 names were there, and 1 lines"):  # fmt: skip
            await dialog(pilot, MovesScreen)
            await says(pilot, said, "Nothing was renamed")
            await pilot.press("e")
        await until(pilot, lambda: len(seen) == 5 and isinstance(app.screen, MovesScreen))
        await says(pilot, "2 names of 2")
        assert seen[1] == "x\nx\n"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "kept"]


async def test_an_editor_that_gives_up_changes_nothing(
    tmp_path: Path, editor: Callable[..., list[str]]
) -> None:
    editor(None)
    app = make_app(folder_of(tmp_path, "a"), tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("ctrl+a", "r")
        await says(pilot, "No name was changed.")


async def test_renaming_stops_at_the_first_refusal_and_shows_what_has_which_name(
    editor: Callable[..., list[str]],
) -> None:
    editor("x\ny\nz\n")
    tree = Tree(["/a", "/b", "/c"])

    def fail(operation: str, path: str) -> None:
        if operation == "rename" and path == "/b":
            raise Denied(path)

    tree.store.fail = fail
    app = make_app(at("x"), at("x"), opener=opener(x=tree))
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("ctrl+a", "r")
        await dialog(pilot, MovesScreen)
        await pilot.press("enter")
        await says(pilot, "Renaming stopped", "1 renamed, 2 left", "/b: permission denied",
                   "left b", "done a")  # fmt: skip


async def test_names_that_differ_in_case_alone_are_pointed_out(
    tmp_path: Path, editor: Callable[..., list[str]]
) -> None:
    editor("README\nb\n")
    app = make_app(folder_of(tmp_path, "a", "b", "readme"), tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("down", "space", "space", "r")
        await says(pilot, "only in letter case")


# The trash


async def test_delete_here_is_to_the_trash_and_undo_brings_it_back(
    tmp_path: Path, trash: Path
) -> None:
    app = make_app(folder_of(tmp_path, "a", "b"), tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("ctrl+a", "f8")
        await dialog(pilot, ConfirmScreen)
        assert "Move to the trash?" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: not names(app))
        assert sorted(p.name for p in trash.iterdir()) == ["a", "b"]
        await pilot.press("u")
        await dialog(pilot, UndoScreen)
        assert "To the trash: a and 1 more" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: names(app) == ["a", "b"])
        assert list(trash.iterdir()) == []
        await pilot.press("u")
        await says(pilot, "Nothing to undo")


async def test_what_the_trash_does_not_take_is_only_deleted_after_another_question(
    tmp_path: Path, trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)

    monkeypatch.setattr("send2trash.send2trash", refuse)
    app = make_app(folder_of(tmp_path, "a"), tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        for key in ("enter", "y"):
            await pilot.press("end", "f8")
            await says(pilot, "Move to the trash?")
            await pilot.press("enter")
            await says(pilot, "Delete for good?", "could not be put into the trash")
            assert (tmp_path / "a").exists()
            listen(pilot)
            await pilot.press(key)
            await until(pilot, lambda: app.screen is app.main)
            if key == "enter":
                assert (tmp_path / "a").exists()
        await until(pilot, lambda: not names(app))


async def test_a_key_on_its_way_does_not_answer_the_question_after_the_trash_refused(
    tmp_path: Path, trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)

    monkeypatch.setattr("send2trash.send2trash", refuse)
    monkeypatch.setattr("tui.commands.files.QUIET", 3600.0)
    app = make_app(folder_of(tmp_path, "a"), tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("end", "f8")
        await says(pilot, "Move to the trash?")
        await pilot.press("y")
        await says(pilot, "Delete for good?")
        await pilot.press("y")
        assert "Delete for good?" in text(app)
        listen(pilot)
        await pilot.press("n")
        await until(pilot, lambda: app.screen is app.main)
        assert (tmp_path / "a").exists()


async def test_where_there_is_no_trash_the_question_says_for_good() -> None:
    app = make_app(at("x"), at("x"), opener=opener(x=Tree(["/a"])))
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("f8")
        await says(pilot, "Delete for good?", "cannot be undone")


async def test_a_place_that_keeps_what_is_deleted_says_where() -> None:
    class Keeping(Tree):
        @property
        def caps(self) -> Capabilities:
            from dataclasses import replace

            return replace(super().caps, recycles="its recycle bin")

    app = make_app(at("x"), at("x"), opener=opener(x=Keeping(["/a"])))
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("f8")
        await says(pilot, "Delete?", "This place puts it into its recycle bin.")
        assert "for good" not in text(app)


async def test_a_folder_that_took_a_files_place_is_not_thrown_away(
    tmp_path: Path, trash: Path
) -> None:
    app = make_app(folder_of(tmp_path, "a"), tmp_path)
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("end", "f8")
        await dialog(pilot, ConfirmScreen)
        (tmp_path / "a").unlink()
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "precious").touch()
        await pilot.press("enter")
        await says(pilot, "something else than it was")
        assert (tmp_path / "a" / "precious").exists()


# Undo


async def test_a_rename_is_taken_back_and_refused_when_the_name_is_taken(tmp_path: Path) -> None:
    app = make_app(folder_of(tmp_path, "old"), tmp_path)
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("end", "r")
        await dialog(pilot, PromptScreen)
        app.screen.query_one(Input).value = "new"
        await pilot.press("enter")
        await until(pilot, lambda: names(app) == ["new"] and pane(app).idle)
        (tmp_path / "old").write_text("another")
        await pilot.press("u")
        await dialog(pilot, UndoScreen)
        assert "Renamed: old → new" in text(app)
        await pilot.press("enter")
        await says(pilot, "already exists. Give what is there another name, and undo again.")
        assert (tmp_path / "old").read_text() == "another"
        (tmp_path / "old").unlink()
        await pilot.press("u")
        await dialog(pilot, UndoScreen)
        await pilot.press("enter")
        await until(pilot, lambda: names(app) == ["old"])


async def test_a_made_folder_is_taken_back(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("f7")
        await dialog(pilot, PromptScreen)
        await pilot.press(*"new", "enter")
        await until(pilot, lambda: names(app) == ["new"])
        await pilot.press("u")
        await dialog(pilot, UndoScreen)
        await says(pilot, "Made: new", "if nothing was put into it")
        await pilot.press("enter")
        await until(pilot, lambda: not names(app))
        assert not (tmp_path / "new").exists()


async def test_what_the_queue_moved_by_renaming_is_moved_back_folders_and_all(
    tmp_path: Path, isolated_home: Path
) -> None:
    left, right = tmp_path / "left", tmp_path / "right"
    for path in (left / "d" / "deep", right):
        path.mkdir(parents=True)
    (left / "d" / "deep" / "file").write_text("x")
    (left / "d" / "other").write_text("y")
    engine = Engine(isolated_home / "queue", lambda end: open_provider(end, Access(Path("known"))))
    app = WharfieApp(
        engine,
        Access(Path("known")),
        *(Place("file:", str(p)) for p in (left, right)),
        settings=plans_only_conflicts(),
    )
    try:
        async with app.run_test(size=(120, 30)) as pilot:
            await read(pilot)
            await pilot.press("end", "f6")
            await until(pilot, lambda: not (left / "d").exists() and names(app, "right") == ["d"])
            await until(pilot, lambda: [len(c.things) for c in app.changes.all()] == [2])
            await pilot.press("u")
            await dialog(pilot, UndoScreen)
            await says(pilot, "Moved:", "and 1 more", "Moves it back")
            await pilot.press("enter")
            await until(pilot, lambda: names(app) == ["d"])
            assert (left / "d" / "deep" / "file").read_text() == "x"
            assert (left / "d" / "other").read_text() == "y"
    finally:
        engine.close()


# Adding up


async def test_the_size_of_folders_stands_where_that_of_files_does(tmp_path: Path) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "e" / "big").write_bytes(bytes(3000))
    (tmp_path / "d" / "loop").symlink_to(tmp_path)
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+a", "D")
        await says(pilot, "2.9 KiB in 1 file and 2 folders.", "1 marked, 2.9 KiB")
        assert pane(app).list.measured == {str(tmp_path / "d"): 3000}


async def test_adding_up_is_stopped_by_escape_and_says_so() -> None:
    import threading

    go_on, tree = threading.Event(), Tree(["/d/", "/d/e/", "/d/e/x"])

    def wait(operation: str, path: str) -> None:
        if operation == "list_dir" and path == "/d/e":
            go_on.wait(20)

    tree.store.fail = wait
    app = make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree()))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("D")
        await until(pilot, lambda: "Adding up…" in text(app))
        await pilot.press("escape")
        go_on.set()
        await says(pilot, "stopped before the end")
        assert pane(app).list.measured == {}
