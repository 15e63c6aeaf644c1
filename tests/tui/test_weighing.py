"""What a deletion would take away: counted while the question stands, and no longer."""

from __future__ import annotations

import threading

import pytest

from providers.base import Kind
from providers.errors import Denied
from tests.tui.app_case import AppPilot, Tree, at, make_app, opener, read, text, until
from tui.screens.delete_plan import DeletePlanScreen
from tui.weighing import GivenUp, Weight, weigh


def tree() -> Tree:
    made = Tree(["/d/", "/d/e/", "/d/e/four", "/d/ten-bytes", "/other"])
    made.store.add("/d/link", Kind.LINK, target="/other")
    return made


def test_files_folders_and_bytes_are_counted_and_links_not_followed() -> None:
    place = tree()
    found = weigh(place, [place.stat("/d"), place.stat("/other")])
    assert found == Weight(files=4, folders=2, size=len("/d/e/four/d/ten-bytes/other"))
    assert str(found) == "4 files, 2 folders, 27 B"


def test_a_folder_that_cannot_be_read_is_said() -> None:
    place = tree()

    def refuse(operation: str, path: str) -> None:
        if (operation, path) == ("list_dir", "/d/e"):
            raise Denied(path)

    place.store.fail = refuse
    found = weigh(place, [place.stat("/d")])
    assert str(found) == "2 files, 2 folders, 12 B, 1 folder could not be read"


def test_it_is_given_up_between_two_entries() -> None:
    place = tree()
    with pytest.raises(GivenUp):
        weigh(place, [place.stat("/d")], stopped=lambda: True)


async def question(pilot: AppPilot) -> None:
    await pilot.press("f8")
    await until(pilot, lambda: isinstance(pilot.app.screen, DeletePlanScreen))


async def test_the_question_tells_how_much_it_is() -> None:
    app = make_app(at("x"), at("y"), opener=opener(x=tree(), y=Tree()))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await question(pilot)
        await until(pilot, lambda: "All in all: 3 files, 2 folders, 21 B." in text(app))


async def test_nobody_has_to_wait_for_the_count_and_the_answer_ends_it() -> None:
    place, counting, go_on = tree(), threading.Event(), threading.Event()
    asked: list[str] = []

    def hold(operation: str, path: str) -> None:
        asked.append(f"{operation} {path}")
        if (operation, path) == ("list_dir", "/d") and not counting.is_set():
            counting.set()
            go_on.wait(10)

    place.store.fail = hold
    app = make_app(at("x"), at("y"), opener=opener(x=place, y=Tree()))
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await question(pilot)
        await until(pilot, counting.is_set)
        assert "All in all: counting …" in text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        asked.clear()
        go_on.set()
        await pilot.pause(0.2)
        assert "list_dir /d/e" not in asked
