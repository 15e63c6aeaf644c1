"""The panes: going, looking, marking."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from providers.errors import Denied
from tests.tui.app_case import Many, Tree, at, make_app, names, opener, pane, read, text, until
from tests.tui.fake_queue import FakeQueue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("alpha", "beta"):
        (tmp_path / name).mkdir()
    (tmp_path / "beta" / "inner.txt").write_text("x")
    for name, size in (("big.bin", 3000), ("small.txt", 3), ("Zed.txt", 30), (".secret", 1)):
        (tmp_path / name).write_bytes(b"x" * size)
    for age, name in enumerate(("Zed.txt", "big.bin", "small.txt")):
        os.utime(tmp_path / name, (1_700_000_000 - age, 1_700_000_000 - age))
    return tmp_path


async def test_both_panes_show_their_folders_with_directories_first(folder: Path) -> None:
    app = make_app(folder, folder / "beta")
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        assert names(app) == ["alpha", "beta", "big.bin", "small.txt", "Zed.txt"]
        assert names(app, "right") == ["inner.txt"]
        assert "2.9 KiB" in text(app)
        assert "2023-11-14" in text(app)


async def test_sort_cycles_through_name_size_and_time_and_turns_round(folder: Path) -> None:
    app = make_app(folder, folder)
    async with app.run_test() as pilot:
        await read(pilot)
        await pilot.press("s")
        assert names(app) == ["alpha", "beta", "big.bin", "Zed.txt", "small.txt"]
        await pilot.press("R")
        assert names(app) == ["alpha", "beta", "small.txt", "Zed.txt", "big.bin"]
        await pilot.press("s")
        assert names(app)[2:] == ["Zed.txt", "big.bin", "small.txt"]
        assert "Modified ↓" in text(app)
        await pilot.press("s")
        assert names(app)[2:] == ["big.bin", "small.txt", "Zed.txt"]


async def test_dotfiles_and_our_unfinished_files_are_shown_on_request(folder: Path) -> None:
    (folder / ".big.bin.0a1b2c3d.part").write_bytes(b"x")
    app = make_app(folder, folder)
    async with app.run_test() as pilot:
        await read(pilot)
        assert ".secret" not in names(app)
        await pilot.press(".")
        assert {".secret", ".big.bin.0a1b2c3d.part"} <= set(names(app))


async def test_filter_narrows_while_typing_and_escape_shows_all_again(folder: Path) -> None:
    app = make_app(folder, folder)
    async with app.run_test() as pilot:
        await read(pilot)
        await pilot.press("/", "Z", "e")
        await until(pilot, lambda: names(app) == ["Zed.txt"])
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) == 5)
        assert pane(app).list.has_focus


async def test_filter_stays_after_enter_and_keys_reach_the_list(folder: Path) -> None:
    app = make_app(folder, folder)
    async with app.run_test() as pilot:
        await read(pilot)
        await pilot.press("/", *"*.txt", "enter", "end", "space")
        assert names(app) == ["small.txt", "Zed.txt"]
        assert [e.name for e in pane(app).selected] == ["Zed.txt"]
        await pilot.press("escape")
        assert len(names(app)) == 5


async def test_enter_goes_down_and_backspace_returns_to_the_folder_it_came_from(
    folder: Path,
) -> None:
    app = make_app(folder, folder)
    async with app.run_test() as pilot:
        await read(pilot)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: names(app) == ["inner.txt"])
        assert pane(app).place.path == str(folder / "beta")
        await pilot.press("backspace")
        await until(pilot, lambda: len(names(app)) == 5)
        current = pane(app).list.current
        assert current is not None and current.name == "beta"


async def test_a_folder_that_cannot_be_read_leaves_the_old_one_and_says_why() -> None:
    tree = Tree(["/no/", "/yes/"])

    def fail(operation: str, path: str) -> None:
        if operation == "list_dir" and path == "/no":
            raise Denied(path)

    tree.store.fail = fail
    app = make_app(at("x"), at("x"), opener=opener(x=tree))
    async with app.run_test(size=(120, 30)) as pilot:
        await read(pilot)
        await pilot.press("down", "enter") if pane(app).parent_path else await pilot.press("enter")
        await until(pilot, lambda: "permission denied" in text(app))
        assert "Check its owner" in text(app)
        assert pane(app).place.path == "/"
        assert names(app) == ["no", "yes"]


async def test_a_start_place_that_does_not_exist_says_so_and_can_be_left(tmp_path: Path) -> None:
    app = make_app(tmp_path / "gone", tmp_path)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: "does not exist" in text(app))
        (tmp_path / "gone").mkdir()
        (tmp_path / "gone" / "back.txt").touch()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: names(app) == ["back.txt"])


async def test_marks_survive_sorting_and_refresh_and_vanish_with_their_file(folder: Path) -> None:
    app = make_app(folder, folder)
    async with app.run_test() as pilot:
        await read(pilot)
        await pilot.press("end", "space", "up", "space")
        assert [e.name for e in pane(app).selected] == ["small.txt", "Zed.txt"]
        (folder / "small.txt").unlink()
        await pilot.press("s", "ctrl+r")
        await until(pilot, lambda: "small.txt" not in names(app))
        assert [e.name for e in pane(app).selected] == ["Zed.txt"]
        assert "1 marked, 30 B" in text(app)


async def test_mark_all_invert_and_pattern(folder: Path) -> None:
    app = make_app(folder, folder)
    async with app.run_test() as pilot:
        await read(pilot)
        await pilot.press("ctrl+a")
        assert len(pane(app).list.marks) == 5
        await pilot.press("*")
        assert not pane(app).list.marks
        await pilot.press("+")
        await until(pilot, lambda: app.screen is not app.main)
        await pilot.press("ctrl+a", "ctrl+k", *"*.TXT", "enter")
        await until(pilot, lambda: len(pane(app).list.marks) == 2)
        assert [e.name for e in pane(app).selected] == ["small.txt", "Zed.txt"]


async def test_refresh_keeps_the_cursor_on_its_entry(folder: Path) -> None:
    app = make_app(folder, folder)
    async with app.run_test() as pilot:
        await read(pilot)
        await pilot.press("end", "up")
        (folder / "aardvark").touch()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "aardvark" in names(app))
        current = pane(app).list.current
        assert current is not None and current.name == "small.txt"


async def test_first_page_shows_while_the_rest_is_still_being_read() -> None:
    more = threading.Event()
    tree = Many(3000, gate=lambda: more.wait(10))
    app = make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree()))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.main is not None and app.main.is_attached)
        await until(pilot, lambda: len(names(app)) == 1000)
        assert "reading… 1,000" in text(app)
        more.set()
        await until(pilot, lambda: len(names(app)) == 3000)
        assert "3,000 entries" in text(app)


async def test_escape_stops_a_listing_that_does_not_end() -> None:
    more = threading.Event()
    tree = Many(3000, gate=lambda: more.wait(10))
    app = make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree()))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.main is not None and app.main.is_attached)
        await until(pilot, lambda: len(names(app)) == 1000)
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped reading" in text(app))
        more.set()
        await pilot.pause(0.1)
        assert len(names(app)) == 1000


async def test_same_folder_and_swap(folder: Path) -> None:
    app = make_app(folder, folder / "beta")
    async with app.run_test() as pilot:
        await read(pilot)
        await pilot.press("ctrl+u")
        await pilot.pause()
        assert app.main is not None
        assert [p.place.path for p in app.main.panes] == [str(folder / "beta"), str(folder)]
        await pilot.press("=")
        await until(
            pilot,
            lambda: app.main and {p.place.path for p in app.main.panes} == {str(folder)},
        )


async def test_tab_changes_the_pane_that_keys_act_on(folder: Path) -> None:
    app = make_app(folder, folder / "beta")
    async with app.run_test() as pilot:
        await read(pilot)
        await pilot.press("tab", "down", "space")
        assert [e.name for e in pane(app, "right").selected] == ["inner.txt"]
        assert not pane(app).list.marks
        await pilot.press("tab")
        assert pane(app).list.has_focus


async def test_mouse_selects_opens_and_marks(folder: Path) -> None:
    app = make_app(folder, folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.click("#right FileList", offset=(3, 3))
        assert pane(app, "right").list.has_focus
        current = pane(app, "right").list.current
        assert current is not None and current.name == "big.bin"
        await pilot.click("#right FileList", offset=(3, 5), control=True)
        assert [e.name for e in pane(app, "right").selected] == ["Zed.txt"]
        await pilot.double_click("#right FileList", offset=(3, 2))
        await until(pilot, lambda: names(app, "right") == ["inner.txt"])


async def test_a_file_named_at_the_start_is_shown_in_its_folder(folder: Path) -> None:
    app = make_app(folder / "small.txt", folder)
    async with app.run_test() as pilot:
        await read(pilot)
        current = pane(app).list.current
        assert pane(app).place.path == str(folder)
        assert current is not None and current.name == "small.txt"


async def test_a_file_whose_folder_lists_nothing_is_shown_alone() -> None:
    """Many web servers give a file to who knows its address, and list no folder."""
    tree = Tree(["/secret/", "/secret/named", "/secret/other"])

    def fail(operation: str, path: str) -> None:
        if operation == "list_dir" and path == "/secret":
            raise Denied(path)

    tree.store.fail = fail
    app = make_app(at("x", "/secret/named"), at("x"), opener=opener(x=tree))
    async with app.run_test() as pilot:
        await read(pilot)
        assert pane(app).place.path == "/secret"
        assert names(app) == ["named"]


async def test_go_to_takes_paths_below_and_absolute_ones(folder: Path) -> None:
    app = make_app(folder, folder)
    async with app.run_test() as pilot:
        await read(pilot)
        for typed, found in (("beta", folder / "beta"), (str(folder), folder)):
            await pilot.press("ctrl+g")
            await until(pilot, lambda: app.screen is not app.main)
            await pilot.press("end", "ctrl+u", *typed, "enter")
            await until(pilot, lambda found=found: pane(app).place.path == str(found))


async def test_hostile_names_stand_on_the_screen_literally() -> None:
    hostile = "/[red]x[zz] \x1b]52;c;aGk=\x07 \u202egpj.exe"
    app = make_app(at("x"), at("y"), opener=opener(x=Tree([hostile]), y=Tree()))
    async with app.run_test(size=(160, 24)) as pilot:
        await read(pilot)
        shown = text(app)
        assert r"[red]x[zz] \x1b]52;c;aGk=\x07 \u202egpj.exe" in shown
        assert "\x1b" not in shown and "\u202e" not in shown
        await pilot.press("enter")
        await until(pilot, lambda: "is not a folder" in text(app))
        assert "\x1b" not in text(app)


async def test_a_refresh_comes_by_itself_after_a_job_into_the_shown_folder(folder: Path) -> None:
    from providers.base import Place
    from tests.tui.fake_queue import make_row
    from transfers.model import JobState

    queue = FakeQueue()
    app = make_app(folder, folder / "alpha", queue=queue)
    async with app.run_test() as pilot:
        await read(pilot)
        (folder / "alpha" / "new.txt").touch()
        place = Place("file:", str(folder / "alpha" / "new.txt"))
        queue.put(make_row(1, JobState.DONE, target=place))
        await until(pilot, lambda: names(app, "right") == ["new.txt"])
        assert names(app) == ["alpha", "beta", "big.bin", "small.txt", "Zed.txt"]


async def test_a_refresh_shows_the_old_rows_until_all_is_read() -> None:
    more, reading = threading.Event(), threading.Event()
    more.set()

    def gate() -> None:
        reading.set()
        more.wait(10)

    app = make_app(at("x"), at("y"), opener=opener(x=Many(3000, gate=gate), y=Tree()))
    async with app.run_test() as pilot:
        await read(pilot)
        more.clear()
        reading.clear()
        await pilot.press("ctrl+r")
        await until(pilot, reading.is_set)
        await until(pilot, lambda: "reading… 1,000" in text(app))
        assert len(names(app)) == 3000
        more.set()
        await read(pilot)
        assert len(names(app)) == 3000


async def test_an_old_sentence_goes_when_the_folder_is_read_again(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        assert app.main is not None
        app.main.say("the server refused", "error")
        await until(pilot, lambda: "the server refused" in text(app))
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "the server refused" not in text(app))


async def test_the_line_between_the_panes_stays_between_them(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        for size in ((40, 24), (100, 30)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert text(app).splitlines()[4][50] == "▏"
        await pilot.press("ctrl+u")
        await pilot.pause()
        assert text(app).splitlines()[4][50] == "▏"


async def test_a_taken_or_wrong_name_says_to_choose_another(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: "New folder" in text(app))
        await pilot.press(*"a/b")
        await until(pilot, lambda: "Choose another" in text(app))
        await pilot.press("ctrl+u", *"taken", "enter")
        await until(pilot, lambda: "already exists. Choose" in " ".join(text(app).split()))
