"""Properties, links and unfinished uploads: what a person sees, asks for and is told."""

from __future__ import annotations

import logging
import threading

import pytest

from providers.base import Place
from providers.errors import ConnectionLost, Denied
from providers.extras import Link
from tests.servers.keeping_place import URL, KeepingPlace, unfinished
from tests.tui.app_case import AppPilot, Tree, at, make_app, names, opener, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.model import JobState
from tui.app import WharfieApp
from tui.facts import moment
from tui.screens.confirm import ConfirmScreen
from tui.screens.link import LinkScreen
from tui.screens.link_time import LinkTimeScreen
from tui.screens.properties import PropertiesScreen
from tui.screens.unfinished import UnfinishedScreen

SMALL = (80, 24)


def app_on(place: Tree | KeepingPlace, queue: FakeQueue | None = None) -> WharfieApp:
    return make_app(at("k"), at("y"), queue=queue, opener=opener(k=place, y=Tree()))


async def dialog(pilot: AppPilot, kind: type) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()


async def says(pilot: AppPilot, *words: str) -> None:
    """Wait until all of `words` stand on the screen, however they are broken into lines."""
    app = pilot.app
    assert isinstance(app, WharfieApp)

    def shown() -> str:
        return " ".join(text(app).replace("│", " ").replace("┃", " ").split())

    await until(pilot, lambda: all(word in shown() for word in words))


def kept_file(*uploads: str) -> KeepingPlace:
    place = KeepingPlace(*(unfinished(path, id=str(n)) for n, path in enumerate(uploads)))
    place.put("/report.pdf", b"x" * 1_500_000, 1e9)
    return place


# Properties


async def test_properties_show_the_entry_at_once_and_what_the_place_adds_when_it_comes() -> None:
    place, gate = kept_file(), threading.Event()

    def wait(operation: str, path: str) -> None:
        if operation == "properties":
            gate.wait(30)

    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        place.store.fail = wait
        await pilot.press("i")
        await says(pilot, "Properties of report.pdf", "1.4 MiB (1,500,000 bytes)", "0644 rw-r--r--")
        await says(pilot, "asking memory://k")
        assert "STANDARD" not in text(app)
        gate.set()
        await says(pilot, "Storage class", "STANDARD", "ann\\x1b[31m")
        assert "asking" not in text(app)


async def test_the_value_of_the_row_goes_to_the_clipboard_as_it_is_shown() -> None:
    app = app_on(kept_file())
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("alt+enter")
        await says(pilot, "STANDARD")
        await pilot.press("down", "c")
        await says(pilot, "copied: Path")
        assert app.clipboard == "/report.pdf"
        await pilot.press("end", "enter")
        await says(pilot, "copied: Owner")
        assert app.clipboard == "ann\\x1b[31m"


async def test_properties_of_a_place_that_tells_no_more_are_those_of_the_entry() -> None:
    app = app_on(Tree(["/a.txt"]))
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("i")
        await says(pilot, "Path", "/a.txt", "6 bytes")
        await until(pilot, lambda: "asking" not in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)


async def test_a_place_that_does_not_answer_is_said_beside_what_is_known() -> None:
    place = kept_file()

    def fail(operation: str, path: str) -> None:
        if operation == "properties":
            raise Denied(path, "they may not be read")

    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        place.store.fail = fail
        await pilot.press("i")
        await says(pilot, "/report.pdf: they may not be read.", "1,500,000 bytes")


class Interrupted(KeepingPlace):
    """It answers nothing until it is interrupted."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.ended = threading.Event(), threading.Event()

    def properties(self, path: str) -> list[object]:  # type: ignore[override]
        self.asked.set()
        assert self.ended.wait(30)
        raise ConnectionLost(path)

    def interrupt(self, thread: int) -> None:
        self.ended.set()


async def test_leaving_the_dialog_ends_what_is_being_asked() -> None:
    place = Interrupted()
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("i")
        await until(pilot, place.asked.is_set)
        assert not place.ended.is_set()
        await pilot.press("escape")
        await until(pilot, place.ended.is_set)
        assert app.screen is app.main


# Links


async def test_a_link_goes_to_the_clipboard_and_is_neither_shown_nor_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    place = kept_file()
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("L")
        await dialog(pilot, LinkTimeScreen)
        await pilot.press("enter")
        await says(pilot, "Copied, holds until 20")
        assert app.clipboard == URL
        assert place.shared == [("/report.pdf", 3600)]
        assert "very-secret" not in text(app) + caplog.text + app.export_screenshot()
        await pilot.press("s")
        await says(pilot, URL)


async def test_a_link_that_may_end_sooner_says_so() -> None:
    place = kept_file()
    place.ends_sooner = True
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("L")
        await dialog(pilot, LinkTimeScreen)
        await pilot.press("enter")
        await says(pilot, "Copied, holds at most until 20")
        await says(pilot, "ends with your temporary keys")


@pytest.mark.parametrize(
    ("keys", "seconds"),
    [
        (("f2",), 3600),
        (("f3",), 86400),
        (("f4",), 7 * 86400),
        (("ctrl+u", *"30m", "enter"), 1800),
        (("ctrl+u", *"12H", "enter"), 43200),
        (("ctrl+u", *"3 d", "enter"), 3 * 86400),
    ],
)
async def test_how_long_is_chosen_or_typed(keys: tuple[str, ...], seconds: int) -> None:
    place = kept_file()
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("L")
        await dialog(pilot, LinkTimeScreen)
        await pilot.press(*keys)
        await until(pilot, lambda: place.shared == [("/report.pdf", seconds)])


async def test_no_longer_than_the_place_grants() -> None:
    place = kept_file()
    place.longest_link = 43200.0
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("L")
        await says(pilot, "12h at most", "1 hour")
        assert "1 day" not in text(app)
        await pilot.press("ctrl+u", *"13h", "enter")
        await says(pilot, "this place gives links for 12h at most")
        assert not place.shared


@pytest.mark.parametrize(
    "url", ["https://x/\x1b]52;c;eA==\a", "https://x/\nrm -rf ~", "https://x/\u202e", "rm -rf ~"]
)
async def test_what_is_no_web_address_is_neither_copied_nor_shown(url: str) -> None:
    place = kept_file()
    place.url = url
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("L")
        await dialog(pilot, LinkTimeScreen)
        await pilot.press("enter")
        await says(pilot, "the place gave something that is no web address")
        await pilot.press("s", "c")
        await says(pilot, "There is no link yet.")
        assert app.clipboard == "" and "rm -rf" not in text(app)


async def test_tmux_is_told_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    app = app_on(kept_file())
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("L")
        await dialog(pilot, LinkTimeScreen)
        await pilot.press("enter")
        await says(pilot, "set -g set-clipboard on")


async def test_a_refused_link_is_one_sentence_in_the_dialog() -> None:
    place = kept_file()
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        del place.store.nodes["/report.pdf"]
        await pilot.press("L")
        await dialog(pilot, LinkTimeScreen)
        await pilot.press("enter")
        await dialog(pilot, LinkScreen)
        await says(pilot, "/report.pdf: does not exist.")
        assert app.clipboard == ""


def test_a_link_does_not_show_its_address_when_it_is_printed() -> None:
    assert "very-secret" not in repr(Link(URL, None))


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("L", "this place gives no links to its files"),
        ("U", "this place tells of no unfinished uploads"),
        ("z", "this place keeps no versions of files"),
        ("Z", "this place keeps no versions of files"),
    ],
)
async def test_a_place_without_it_says_so_in_one_sentence(key: str, sentence: str) -> None:
    app = app_on(Tree(["/a"]))
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press(key)
        await says(pilot, sentence)
        assert app.screen is app.main


# Unfinished uploads


async def test_the_marked_uploads_are_taken_back_after_a_question_that_names_them() -> None:
    place = kept_file("/a.bin", "/b.bin", "/c.bin")
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("U")
        await says(pilot, "a.bin", "b.bin", "c.bin", moment(1e9)[:16], "5.0 MiB")
        await pilot.press("space", "down", "space", "x")
        await says(pilot, "2 unfinished uploads (10.0 MiB)")
        await pilot.press("enter")  # a dangerous question: Enter alone is no
        await dialog(pilot, UnfinishedScreen)
        assert len(place.uploads) == 3
        await pilot.press("x", "y")
        await says(pilot, "2 taken back.")
        assert [upload.path for upload in place.uploads] == ["/b.bin"]
        assert "a.bin" not in text(app)


async def test_an_upload_of_the_queue_is_marked_and_asked_about_twice() -> None:
    place = kept_file("/a.bin", "/film.mkv")
    mine = Place("memory://k", "/film.mkv")
    done = make_row(2, JobState.DONE, target=Place("memory://k", "/a.bin"))
    app = app_on(place, FakeQueue([make_row(1, target=mine), done]))
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("U")
        await says(pilot, "film.mkv in the queue")
        assert text(app).count("in the queue") == 1
        await pilot.press("ctrl+a", "x", "y")
        await says(pilot, "Also of the queue?", "begin again or fail")
        await pilot.press("n")
        await dialog(pilot, UnfinishedScreen)
        assert len(place.uploads) == 2
        await pilot.press("x", "y")
        await says(pilot, "Also of the queue?")
        await pilot.press("y")
        await says(pilot, "2 taken back.")
        assert not place.uploads


async def test_what_entered_the_queue_since_it_was_listed_is_asked_about_twice() -> None:
    place, queue = kept_file("/film.mkv"), FakeQueue()
    app = app_on(place, queue)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("U")
        await says(pilot, "/film.mkv")
        queue.put(make_row(1, target=Place("memory://k", "/film.mkv")))
        await pilot.press("x", "y")
        await says(pilot, "Also of the queue?")


async def test_what_cannot_be_taken_back_stays_with_the_reason() -> None:
    place = kept_file("/a.bin", "/b.bin")

    def fail(operation: str, path: str) -> None:
        if (operation, path) == ("take_back", "/a.bin"):
            raise Denied(path, "it belongs to someone else")

    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        place.store.fail = fail
        await pilot.press("U")
        await says(pilot, "b.bin")
        await pilot.press("ctrl+a", "x", "y")
        await says(pilot, "1 taken back, 1 could not be.", "/a.bin: it belongs to someone else")
        assert [upload.path for upload in place.uploads] == ["/a.bin"]
        assert isinstance(app.screen, UnfinishedScreen)


async def test_only_uploads_below_the_folder_shown_are_listed_and_none_is_said() -> None:
    place = kept_file("/elsewhere/a.bin")
    place.make_dir("/d")
    app = app_on(place)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: names(app) == [])
        await pilot.press("U")
        await says(pilot, "nothing unfinished lies about here")
        await pilot.press("x")
        await pilot.pause()
        assert not isinstance(app.screen, ConfirmScreen)


async def test_every_one_of_the_dialogs_closes_with_escape() -> None:
    app = app_on(kept_file("/a.bin"))
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        for key, kind in (("i", PropertiesScreen), ("L", LinkTimeScreen), ("U", UnfinishedScreen)):
            await pilot.press(key)
            await dialog(pilot, kind)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)
