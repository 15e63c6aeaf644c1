"""The dialog of a sign-in on a page: it shows, copies, counts down, ends, and stops nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from providers.errors import AuthRequired
from providers.person_sign_in import SignedIn
from tests.tui.attempts import DECLINED, PAGE, FakeAttempt
from tests.tui.test_dialogs import Asking
from tui.screens.device_code import DeviceCodeScreen
from tui.screens.message import MessageScreen

ANN = SignedIn("ann@example.com")


def dialog(attempts: FakeAttempt, **how: Any) -> DeviceCodeScreen:
    error = AuthRequired("onedrive:#work", "nobody is signed in", needs="sign-in")
    return DeviceCodeScreen(error, attempts, **how)


async def until(pilot: Pilot[Any], true: Callable[[], bool]) -> None:
    for _ in range(300):
        await pilot.pause(0.02)
        if true():
            return
    pytest.fail("it did not come about")


async def test_it_shows_code_and_page_and_ends_when_the_person_has_signed_in() -> None:
    attempts = FakeAttempt()
    app = Asking(dialog(attempts))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "ABCD-EFGH" in app.text())
        assert PAGE in app.text() and "15:00 left" in app.text().replace("14:59", "15:00")
        attempts.made[0].ends(ANN)
        await until(pilot, lambda: app.answers == [ANN])
    assert not attempts.made[0].cancelled


async def test_it_counts_down() -> None:
    app = Asking(dialog(FakeAttempt(seconds=5.0)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "0:04 left" in app.text())
        await until(pilot, lambda: "0:02 left" in app.text())


@pytest.mark.parametrize(
    ("key", "copied"), [("c", "ABCD-EFGH"), ("a", PAGE), ("enter", "ABCD-EFGH")]
)
async def test_a_key_copies_code_or_address(key: str, copied: str) -> None:
    app = Asking(dialog(FakeAttempt(), doubt="tmux may not."))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "ABCD-EFGH" in app.text())
        await pilot.press(key)
        assert app.clipboard == copied
        assert "Copied. tmux may not." in app.text()


async def test_escape_cancels_the_attempt() -> None:
    attempts = FakeAttempt()
    app = Asking(dialog(attempts))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "ABCD-EFGH" in app.text())
        await pilot.press("escape")
        await until(pilot, lambda: app.answers == [None])
        assert attempts.made[0].cancelled


async def test_what_went_wrong_is_said_and_a_new_code_can_be_had() -> None:
    attempts = FakeAttempt()
    app = Asking(dialog(attempts))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "ABCD-EFGH" in app.text())
        attempts.made[0].ends(DECLINED)
        await until(pilot, lambda: "declined" in app.text())
        assert "ABCD-EFGH" not in app.text()
        await pilot.press("c")
        assert "no code yet" in app.text() and app.clipboard == ""
        await pilot.press("n")
        await until(pilot, lambda: "ABCD-EFGH1" in app.text())
        attempts.made[1].ends(ANN)
        await until(pilot, lambda: app.answers == [ANN])


async def test_a_server_that_gives_no_code_is_a_sentence() -> None:
    attempts = FakeAttempt()
    attempts.refuses = DECLINED
    app = Asking(dialog(attempts))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "declined" in app.text())


async def test_a_browser_takes_the_place_of_the_code() -> None:
    attempts = FakeAttempt()
    app = Asking(dialog(attempts, browser=True))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "ABCD-EFGH" in app.text())
        await pilot.press("b")
        await until(pilot, lambda: len(attempts.made) == 2 and attempts.made[1].in_a_browser)
        assert attempts.made[0].cancelled and not attempts.made[1].begun
        assert "ABCD-EFGH" not in app.text() and "browser" in app.text()
        attempts.made[1].ends(ANN)
        await until(pilot, lambda: app.answers == [ANN])


async def test_where_there_is_no_browser_none_is_offered() -> None:
    attempts = FakeAttempt()
    app = Asking(dialog(attempts))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "ABCD-EFGH" in app.text())
        await pilot.press("b")
        await pilot.pause()
        assert len(attempts.made) == 1


async def test_it_ends_after_the_dialog_that_came_in_front_of_it() -> None:
    attempts = FakeAttempt()
    app = Asking(dialog(attempts))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "ABCD-EFGH" in app.text())
        app.push_screen(MessageScreen("Title", "in front"))
        await pilot.pause()
        attempts.made[0].ends(ANN)
        await pilot.pause(0.1)
        assert app.answers == []
        await pilot.press("enter")
        await until(pilot, lambda: app.answers == [ANN])


async def test_a_code_that_comes_as_the_dialog_goes_is_not_waited_for() -> None:
    attempts = FakeAttempt()
    attempts.gate.clear()
    app = Asking(dialog(attempts))
    async with app.run_test() as pilot:
        await until(pilot, lambda: bool(attempts.made and attempts.made[0].begun))
        await pilot.press("escape")
        await until(pilot, lambda: app.answers == [None])
        attempts.gate.set()
        await until(pilot, lambda: attempts.made[0].cancelled)


async def test_an_attempt_that_is_made_as_the_dialog_goes_is_ended() -> None:
    attempts = FakeAttempt()
    attempts.made_late.clear()
    app = Asking(dialog(attempts))
    async with app.run_test() as pilot:
        await until(pilot, lambda: attempts.making)
        await pilot.press("escape")
        await until(pilot, lambda: app.answers == [None])
        attempts.made_late.set()
        await until(pilot, lambda: bool(attempts.made))
        await pilot.pause(0.1)
        assert not attempts.made[0].begun or attempts.made[0].cancelled
