"""Going to a path that is typed, and completed by Tab."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Entry, Provider
from providers.errors import ConnectionLost
from providers.sites import Sites
from tests.tui.app_case import (
    AppPilot,
    Many,
    Tree,
    at,
    make_app,
    opener,
    pane,
    read,
    text,
    until,
)
from tui import completion
from tui.app import WharfieApp
from tui.screens.go_to import GoToScreen

_ESCAPES = "a\x1b]0;x\x07\u202e[b]"


def _app(tree: Provider) -> WharfieApp:
    return make_app(at("x"), at("y"), opener=opener(x=tree, y=Tree(["/far/", "/far/away/"])))


async def _asked(pilot: AppPilot, app: WharfieApp, typed: str = "") -> GoToScreen:
    await pilot.press("ctrl+g")
    await until(pilot, lambda: isinstance(app.screen, GoToScreen))
    await pilot.pause()
    assert isinstance(app.screen, GoToScreen)
    if typed:
        app.screen.field.value = typed
        app.screen.field.cursor_position = len(typed)
        await pilot.pause()
    return app.screen


async def test_tab_completes_what_is_one_and_lists_what_are_several() -> None:
    tree = Tree(["/Music/", "/music.txt", "/src/", "/src/app/", "/src/apple/", "/src/b"])
    app = _app(tree)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        dialog = await _asked(pilot, app, "/sr")
        await pilot.press("tab")
        await until(pilot, lambda: dialog.field.value == "/src/")
        await pilot.press("a", "tab")
        await until(pilot, lambda: dialog.field.value == "/src/app")
        assert [each.text for each in dialog.rows.rows] == ["app/", "apple/"]
        await pilot.press("tab")
        await until(pilot, lambda: dialog.rows.has_focus)
        await pilot.press("up")
        await until(pilot, lambda: dialog.field.has_focus)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: dialog.field.value == "/src/apple/")
        await pilot.press("enter")
        await until(pilot, lambda: pane(app).place.path == "/src/apple")


async def test_what_was_listed_is_narrowed_by_typing_on_without_reading_again() -> None:
    tree = Tree(["/ab", "/ac", "/b"])
    app = _app(tree)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        read_of: list[str] = []

        def note(operation: str, path: str) -> None:
            if operation == "list_dir":
                read_of.append(path)

        tree.store.fail = note
        dialog = await _asked(pilot, app, "/")
        await pilot.press("tab")
        await until(pilot, lambda: len(dialog.rows.rows) == 3)
        await until(pilot, lambda: dialog.rows.has_focus)
        await pilot.press("up")
        await until(pilot, lambda: dialog.field.has_focus)
        await pilot.press("a")
        await until(pilot, lambda: [r.text for r in dialog.rows.rows] == ["ab", "ac"])
        assert read_of == ["/"]


async def test_a_remote_folder_is_read_in_a_thread_and_escape_stops_that_first() -> None:
    more = threading.Event()
    reading = threading.Event()

    def gate() -> None:
        reading.set()
        more.wait(20)

    class Slow(Many):
        def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
            return super().list_dir(path) if path == "/far" else iter([[]])

    app = make_app(at("y"), at("y"), opener=opener(y=Tree(["/l/"]), x=Slow(2500, gate)))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        dialog = await _asked(pilot, app, "memory://x/far/")
        await pilot.press("tab")
        await until(pilot, reading.is_set)
        await until(pilot, lambda: "reading …" in text(app) and len(dialog.rows.rows) == 1000)
        await pilot.press("escape")
        await until(pilot, lambda: "reading …" not in text(app))
        assert app.screen is dialog
        more.set()
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        assert pane(app).place == at("y")


async def test_too_many_are_not_all_kept() -> None:
    pages = 0

    def count() -> None:
        nonlocal pages
        pages += 1

    app = make_app(at("y"), at("y"), opener=opener(y=Tree(), x=Many(50_000, count)))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await _asked(pilot, app, "memory://x/n")
        await pilot.press("tab")
        await until(pilot, lambda: "type more of the name" in text(app))
        assert pages < 49


async def test_a_hostile_name_is_completed_as_shown_and_leads_to_itself() -> None:
    app = _app(Tree([f"/{_ESCAPES}/", f"/{_ESCAPES}/in/", f"/{_ESCAPES}/in/deep/"]))
    async with app.run_test(size=(100, 24)) as pilot:
        await read(pilot)
        dialog = await _asked(pilot, app, "/a")
        await pilot.press("tab")
        await until(pilot, lambda: r"\x1b" in dialog.field.value)
        assert "\x1b" not in dialog.field.value
        await pilot.press("tab")
        await until(pilot, lambda: dialog.field.value.endswith("]/in/"))
        await pilot.press(*"deep", "enter")
        await until(pilot, lambda: pane(app).place.path == f"/{_ESCAPES}/in/deep")


async def test_sites_are_completed_and_what_is_below_them(tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    file = tmp_path / "sites.toml"
    file.write_text('[work]\nkind = "sftp"\nhost = "h"\n')
    app = _app(Tree(["/with/", "/zoo/"]))
    app.access = replace(app.access, sites=Sites(file))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        dialog = await _asked(pilot, app, "wo")
        await pilot.press("tab")
        await until(pilot, lambda: dialog.field.value == "work:")
        assert completion.parted("work:pro", ["work"]) == ("work:", "pro")
        assert completion.parted("a:pro", ["work"]) == ("", "a:pro")


async def test_what_cannot_be_listed_is_said(tmp_path: Path) -> None:
    tree = Tree(["/a/"])
    app = _app(tree)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)

        def fail(operation: str, path: str) -> None:
            raise ConnectionLost(path, "the server hung up")

        tree.store.fail = fail
        await _asked(pilot, app, "/a/")
        await pilot.press("tab")
        await until(pilot, lambda: "the server hung up" in text(app))
        tree.store.fail = None
        await pilot.press("q", "tab")
        await until(pilot, lambda: "Nothing there begins with “q”" in text(app))


async def test_a_password_in_an_address_is_refused_and_not_read() -> None:
    opened: list[str] = []

    def open_one(endpoint: str, access: Access) -> Provider:
        opened.append(endpoint)
        return Tree()

    app = make_app(at("x"), at("x"), opener=open_one)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await _asked(pilot, app, "sftp://ann:hush@host/")
        await pilot.press("tab")
        await until(pilot, lambda: "would be seen by others" in text(app))
        assert opened == ["memory://x"]


async def test_hidden_names_are_offered_when_they_are_meant() -> None:
    app = _app(Tree(["/.config/", "/a/", "/b/"]))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        dialog = await _asked(pilot, app, "/")
        await pilot.press("tab")
        await until(pilot, lambda: [r.text for r in dialog.rows.rows] == ["a/", "b/"])
        dialog.field.value = "/."
        dialog.field.focus()
        await pilot.press("tab")
        await until(pilot, lambda: dialog.field.value == "/.config/")


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_dialog_fits(size: tuple[int, int]) -> None:
    app = _app(Tree([f"/name {number}" for number in range(50)]))
    async with app.run_test(size=size) as pilot:
        await read(pilot)
        dialog = await _asked(pilot, app, "/")
        await pilot.press("tab")
        await until(pilot, lambda: len(dialog.rows.rows) == 50)
        await pilot.pause()
        assert "Esc Cancel" in text(app)
        assert "name 0" in text(app)
