"""The panes do not wait for the queue's process; without one the screen ends and says why."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import cast

import pytest

from tests.tui.app_case import Tree, at, make_app, names, opener, read, text, until
from tests.tui.fake_queue import FakeQueue, make_row
from tests.tui.screen_on_pty import ScreenOnPty
from transfers.client import Client
from transfers.journal_error import JournalError
from tui.headless.arriving import ArrivingQueue

_HEAVY = {
    *("paramiko", "boto3", "botocore", "msal", "requests", "urllib3", "cryptography", "keyring"),
    *("sqlite3", "transfers.engine", "transfers.journal"),
}


async def test_files_are_shown_and_used_while_the_queue_is_still_being_started() -> None:
    there = threading.Event()

    def attach() -> Client:
        there.wait()
        return cast(Client, FakeQueue([make_row(1, name="moved.bin")]))

    queue = ArrivingQueue(attach)
    app = make_app(at("x"), at("x"), queue=queue, opener=opener(x=Tree(["/a", "/b"])))  # type: ignore[arg-type]
    async with app.run_test(size=(100, 30)) as pilot:
        try:
            await read(pilot)
            assert names(app) == ["a", "b"]
            await pilot.press("down", "down")
            assert "moved.bin" not in text(app) and "no transfers" not in text(app)
        finally:
            there.set()
        await until(pilot, lambda: "moved.bin" in text(app))


async def test_a_queue_that_cannot_be_had_ends_the_screen_and_not_with_a_crash() -> None:
    def attach() -> Client:
        raise JournalError("It is from a newer Wharfie.")

    queue = ArrivingQueue(attach)
    app = make_app(at("x"), at("x"), queue=queue, opener=opener(x=Tree()))  # type: ignore[arg-type]
    async with app.run_test() as pilot:
        await until(pilot, lambda: app._exit)
    assert app.return_code in (0, None)
    with pytest.raises(JournalError):
        queue.raise_failure()


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal is POSIX")
def test_why_there_is_no_queue_is_said_once_the_panes_are_gone(
    tmp_path: Path, isolated_home: Path
) -> None:
    home = isolated_home / "wharfie"
    home.mkdir(mode=0o700)
    (home / "queue.lock").mkdir()  # no lock can be had there
    with ScreenOnPty(tmp_path, tmp_path) as screen:
        screen.ended(0)
        screen.assert_restored()
        assert "wharfie: " in screen.said and "Traceback" not in screen.said
        assert screen.process.returncode == 1
    (home / "queue.lock").rmdir()


def test_the_screen_starts_without_what_only_the_queue_and_the_places_need() -> None:
    program = "import sys, tui.cli, tui.headless.screen, tui.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert not _HEAVY & set(done.stdout.decode().split())
