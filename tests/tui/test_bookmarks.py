"""Bookmarks: the file, the dialog, and what is never written down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers import private_file
from providers.base import Place
from providers.errors import InvalidName
from tests.tui.app_case import AppPilot, Tree, at, make_app, names, opener, pane, read, text, until
from tui.app import WharfieApp
from tui.bookmarks import Bookmark, BookmarksFile, address_of, place_of
from tui.recent import Recent
from tui.screens.bookmarks import BookmarksScreen
from tui.settings_file import BadSettings

_ONE, _TWO = Bookmark("one", "/srv/one"), Bookmark("two", "sftp://ann@host:22/two")


@pytest.fixture
def file(tmp_path: Path) -> BookmarksFile:
    return BookmarksFile(tmp_path / "bookmarks.toml")


def test_bookmarks_are_added_renamed_moved_and_removed(file: BookmarksFile) -> None:
    assert file.read().all == ()
    for each in (_ONE, _TWO):
        file.add(each)
    file.rename(_ONE, "first")
    first = Bookmark("first", _ONE.address)
    assert file.read().all == (first, _TWO)
    file.swap(first, _TWO)
    assert file.read().all == (_TWO, first)
    file.remove(_TWO)
    assert file.read().all == (first,)
    if os.name != "nt":
        assert file.path.stat().st_mode & 0o777 == 0o600


def test_what_was_written_by_hand_stays(file: BookmarksFile) -> None:
    own = '# mine\n[[bookmark]]\nname = "one"   # here\naddress = "/srv/one"\ncolour = "red"\n'
    file.path.write_text(own)
    file.add(_TWO)
    file.rename(_ONE, "uno")
    said = file.path.read_text()
    assert said.startswith(own.replace('"one"', '"uno"'))


def test_a_list_written_in_line_is_read_and_changed(file: BookmarksFile) -> None:
    file.path.write_text('bookmark = [{name = "one", address = "/srv/one"}]\n')
    file.add(_TWO)
    assert file.read().all == (_ONE, _TWO)


def test_what_cannot_be_used_is_told_of_and_stays(file: BookmarksFile) -> None:
    bad = '[[bookmark]]\nname = "no address"\n'
    file.path.write_text(f'{bad}[[bookmark]]\nname = "one"\naddress = "/srv/one"\n')
    found = file.read()
    assert found.all == (_ONE,)
    assert found.complaints == ("bookmarks.toml: bookmark 1 has no name or no address",)
    file.remove(_ONE)
    assert bad in file.path.read_text()


@pytest.mark.parametrize("content", ["[[bookmark]\n", "bookmark = 3\n", "\xff"])
def test_a_damaged_file_is_never_written_over(file: BookmarksFile, content: str) -> None:
    file.path.write_bytes(content.encode("latin-1"))
    for work in (file.read, lambda: file.add(_ONE)):
        with pytest.raises(BadSettings):
            work()
    assert file.path.read_bytes() == content.encode("latin-1")


def test_a_change_that_fails_leaves_the_old_file(
    file: BookmarksFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.add(_ONE)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(private_file.os, "fsync", full)
    with pytest.raises(BadSettings, match="No space left"):
        file.add(_TWO)
    assert file.read().all == (_ONE,)


def test_hostile_names_are_written_and_read_as_they_are(file: BookmarksFile) -> None:
    hostile = Bookmark("a\x1b]0;x\x07\n\"'\\ \u202e\x7f", "/a\x1b[31m\n\t\x00b")
    file.add(hostile)
    assert file.read().all == (hostile,)


def test_a_secret_in_an_address_is_not_written_down() -> None:
    signed = Place("https://host", "/file?sig=hush")
    with pytest.raises(InvalidName, match="secret") as raised:
        address_of(signed, None)
    assert "hush" not in str(raised.value)
    with pytest.raises(InvalidName, match="no text"):
        address_of(Place("file:", "/tmp/\udcff"), None)


def test_a_bookmark_of_a_site_that_is_gone_is_no_local_file() -> None:
    with pytest.raises(InvalidName, match="no site “work”"):
        place_of("work:/x", None)
    with pytest.raises(InvalidName, match="not an absolute path"):
        place_of("x", None)
    assert place_of("/x", None) == Place("file:", os.path.abspath("/x"))


def _app(file: BookmarksFile | None, recent: tuple[str, ...] = ()) -> WharfieApp:
    places = opener(x=Tree(["/a/", "/a/one"]), y=Tree(["/b/", "/b/two"]))
    return make_app(at("x"), at("y"), opener=places, bookmarks=file, recent=recent)


async def _dialog(pilot: AppPilot, app: WharfieApp) -> BookmarksScreen:
    await pilot.press("b")
    await until(pilot, lambda: isinstance(app.screen, BookmarksScreen))
    await pilot.pause()
    assert isinstance(app.screen, BookmarksScreen)
    return app.screen


async def test_a_folder_is_kept_named_and_gone_to(file: BookmarksFile) -> None:
    app = _app(file)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await _dialog(pilot, app)
        await pilot.press("a")
        await until(pilot, lambda: "Add a bookmark" in text(app))
        await pilot.press("ctrl+u", *"mine", "enter")
        await until(pilot, lambda: "memory://x/" in text(app) and "mine" in text(app))
        await until(pilot, lambda: file.read().all == (Bookmark("mine", "memory://x/"),))
        await pilot.press("escape", "tab")
        await _dialog(pilot, app)
        await until(pilot, lambda: "mine" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: names(app, "right") == ["a"])
        await _dialog(pilot, app)
        await until(pilot, lambda: "mine" in text(app))
        await pilot.press("t")
        await until(pilot, lambda: len(pane(app, "right").tabs.all) == 2)
        await read(pilot)


async def test_they_are_put_in_order_renamed_and_removed_by_keys(file: BookmarksFile) -> None:
    file.add(Bookmark("one", "memory://x/a"))
    file.add(Bookmark("two", "memory://y/b"))
    app = _app(file, recent=("memory://y/b", "memory://x/was"))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        dialog = await _dialog(pilot, app)
        await until(pilot, lambda: len(dialog.rows.rows) == 5)
        recent = [row.address for row in dialog.rows.rows if not row.name]
        assert set(recent[:2]) == {"memory://x/", "memory://y/"}  # where the panes are
        assert recent[2:] == ["memory://x/was"]
        assert "recent" in text(app)
        await pilot.press("J")
        await until(pilot, lambda: [b.name for b in file.read().all] == ["two", "one"])
        await until(pilot, lambda: dialog.rows.cursor == 1)
        await pilot.press("r")
        await until(pilot, lambda: "Rename the bookmark" in text(app))
        await pilot.press("ctrl+u", *"uno", "enter")
        await until(pilot, lambda: [b.name for b in file.read().all] == ["two", "uno"])
        await until(pilot, lambda: "uno" in text(app))
        await pilot.press("x")
        await until(pilot, lambda: [b.name for b in file.read().all] == ["two"])
        await pilot.press("end", "x")
        await until(pilot, lambda: "no bookmark" in text(app))


def test_recent_places_are_the_latest_first_without_secrets() -> None:
    recent = Recent()
    signed = Place("https://host", "/file?sig=hush")
    for place in (at("x", "/a"), signed, at("x", "/b"), at("x", "/a")):
        recent.note(place)
    found = recent.addresses(None, ["memory://x/b", "memory://y/"])
    assert found == ["memory://x/a", "memory://x/b", "memory://y/"]


async def test_a_damaged_file_is_told_in_the_dialog(file: BookmarksFile) -> None:
    file.path.write_text("[[bookmark]\n")
    app = _app(file)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await _dialog(pilot, app)
        await until(pilot, lambda: "this is not TOML" in text(app))


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_dialog_fits(file: BookmarksFile, size: tuple[int, int]) -> None:
    for number in range(30):
        file.add(Bookmark(f"\x1b[31m name {number} 日本語", "sftp://ann@host:22/" + "x" * 200))
    app = _app(file)
    async with app.run_test(size=size) as pilot:
        await read(pilot)
        dialog = await _dialog(pilot, app)
        await until(pilot, lambda: len(dialog.rows.rows) > 30)
        await pilot.pause()
        shown = text(app)
        assert "\x1b" not in shown
        assert "Enter Go" in shown and "Esc Close" in shown


async def test_without_a_file_it_is_said() -> None:
    app = _app(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("b")
        await until(pilot, lambda: "Bookmarks are not kept" in text(app))
