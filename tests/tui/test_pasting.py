"""What is pasted or dropped onto the terminal: files are planned, an address is asked about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from tests.tui.app_case import AppPilot, Tree, at, make_app, opener, pane, read, text, until
from tests.tui.fake_queue import FakeQueue
from transfers.model import Enqueue
from tui import pasted
from tui.app import WharfieApp
from tui.screens.go_to import GoToScreen
from tui.screens.plan import PlanScreen
from tui.settings_file import SettingsFile

HERE = {"/a", "/b c", "/it's", "/Ünï", "/x y/z", "/home/me/f", "/50%", "/a b", "/tab\there"}


def paths(text: str) -> list[str]:
    return pasted.paths(text, HERE.__contains__)


@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX systems")
@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("/a", ["/a"]),
        ("/a\n", ["/a"]),
        ("/b c", ["/b c"]),
        ("'/b c'", ["/b c"]),
        ('"/b c" /a ', ["/b c", "/a"]),
        (r"/b\ c /it\'s", ["/b c", "/it's"]),
        ("/a\r\n/b c\r\n\r\n", ["/a", "/b c"]),
        ("/a /a\n/a", ["/a"]),
        ("/a b", ["/a b"]),  # the whole line is one that exists, though "/a" does as well
        ("/it's", ["/it's"]),
        ("file:///b%20c", ["/b c"]),
        ("file://localhost/%C3%9Cn%C3%AF\nfile:///a", ["/Ünï", "/a"]),
        ("FILE:///50%25", ["/50%"]),
        ("/x\\ y//z/", ["/x y/z"]),
        ("/tab\there", ["/tab\there"]),
    ],
)
def test_every_terminal_names_files_in_its_own_way(text: str, named: list[str]) -> None:
    assert paths(text) == named


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "a",  # of which folder nobody knows
        "/missing",
        "/a /missing",
        "/a\nrm -rf ~",
        "'/a",
        "file://elsewhere/a",
        "file:///a%00",
        "file://[/a",
        "/a\0",
        "https://host/a",
        "~nobody/x",
        "/a\n" * 1_000_000,
    ],
)
def test_text_that_names_anything_else_names_nothing(text: str) -> None:
    assert paths(text) == []


def test_a_tilde_is_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "f").touch()
    assert pasted.paths("~/f") == [str(tmp_path / "f")]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" sftp://ann@host/x\n", "sftp://ann@host/x"),
        ("https://host/a?b=c", "https://host/a?b=c"),
        ("file:///a", ""),
        ("see https://host/a", ""),
        ("https://one/ https://two/", ""),
        ("host:/x", ""),
        ("", ""),
    ],
)
def test_an_address_is_one_alone(text: str, address: str) -> None:
    assert pasted.address(text) == address


# On the screen


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan is in time, and hears every key, however busy the machine is."""
    monkeypatch.setattr("tui.commands.copying._SOON", 3600.0)


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def app(queue: FakeQueue, tmp_path: Path) -> WharfieApp:
    settings = SettingsFile(tmp_path / "settings.toml")
    trees = opener(x=Tree(["/a"]), y=Tree(["/in/"]))
    return make_app(at("x"), at("y", "/in"), queue=queue, opener=trees, settings=settings)


async def paste(pilot: AppPilot, text: str) -> None:
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()


async def test_pasted_paths_open_the_plan_of_a_copy_into_the_active_pane(
    app: WharfieApp, queue: FakeQueue, tmp_path: Path
) -> None:
    (tmp_path / "b c").write_text("12345")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "deep").write_text("1")
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("tab")
        await paste(pilot, f"'{tmp_path}/b c' {tmp_path}/d")
        await until(pilot, lambda: isinstance(app.screen, PlanScreen))
        await pilot.pause()
        assert "Copy 2 files, 6 B" in text(app)
        assert not queue.sent
        await pilot.press("enter")
        await until(pilot, lambda: queue.sent)
        (command,) = queue.sent
        assert isinstance(command, Enqueue)
        copies = {job.source.path: job.target.path for job in command.jobs}
        expected = {f"{tmp_path}/b c": "/in/b c", f"{tmp_path}/d/deep": "/in/d/deep"}
        assert copies == expected
        assert {job.target.endpoint for job in command.jobs} == {"memory://y"}


async def test_paths_of_the_folder_that_is_shown_are_no_copy(
    queue: FakeQueue, tmp_path: Path
) -> None:
    (tmp_path / "f").touch()
    app = make_app(tmp_path, tmp_path, queue=queue)
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await paste(pilot, str(tmp_path / "f"))
        await until(pilot, lambda: "are in this folder already" in text(app))
        assert not queue.sent


async def test_a_pasted_address_is_asked_about_before_anything_is_opened(app: WharfieApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await paste(pilot, "memory://y/\x1b[2Jin")
        await until(pilot, lambda: isinstance(app.screen, GoToScreen))
        assert app.screen.query_one("#text", Input).value == "memory://y/\\x1b[2Jin"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        assert pane(app).place == at("x")
        await paste(pilot, "memory://y/in")
        await until(pilot, lambda: isinstance(app.screen, GoToScreen))
        await pilot.press("enter")
        await until(pilot, lambda: pane(app).place == at("y", "/in"))


async def test_other_text_does_nothing_and_is_not_shown(app: WharfieApp, queue: FakeQueue) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await paste(pilot, "q\x1b]0;x\x07 secret c m delete\n")
        await until(pilot, lambda: "nothing was done" in text(app))
        assert "secret" not in text(app)
        assert app.screen is app.main
        assert not queue.sent


async def test_text_pasted_into_a_field_stays_there(app: WharfieApp, tmp_path: Path) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await read(pilot)
        await pilot.press("slash")
        await pilot.pause()
        await paste(pilot, str(tmp_path))
        await until(pilot, lambda: pane(app).view.filter == str(tmp_path))
        await pilot.pause(0.2)
        assert app.screen is app.main
