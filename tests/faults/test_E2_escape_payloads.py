"""E2: 300 payloads in names, paths, link targets, errors, the log and the text after the exit: none
reaches a terminal raw."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from providers.errors import NotFound
from providers.text import printable
from tests.faults.escapes import COUNT, PAYLOADS, raw_in
from tests.tui.fake_queue import make_row
from tests.tui.screen_on_pty import ScreenOnPty
from tui import format as show
from tui.prepare import prepare_home
from tui.settings import home_in
from tui.spoken import job_words

_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")
_TALL = {"COLUMNS": "100", "LINES": "30"}


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with a file of each payload, and links to such."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for number, payload in enumerate(PAYLOADS):
        name = f"{number:03}-{payload.replace('/', '')}"
        if number % 10:
            (folder / name).write_text("x")
        else:
            (folder / f"{number:03}-link").symlink_to(name)
    return folder


def test_E2_there_are_three_hundred_and_each_is_made_safe() -> None:
    assert len(set(PAYLOADS)) == COUNT
    for payload in PAYLOADS:
        assert printable(payload).isprintable()
        assert str(NotFound(f"/x/{payload}")).isprintable()
        assert show.clip_middle(payload, 12).isprintable()
        assert job_words(make_row(1, name=payload), 0, 1, marked=False).isprintable()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty, and no such names")
def test_E2_every_name_is_drawn_and_none_raw(hostile: Path) -> None:
    with ScreenOnPty(hostile, hostile.parent, env=_TALL) as screen:
        screen.until("000-link")
        for _ in range(COUNT // 10):
            screen.type(b"\x1b[6~")  # PgDn
        screen.until("299-")
        screen.type(b"\x01")  # all marked, and then what would be deleted is listed
        screen.until("marked")
        screen.type(b"\x1b[19~")
        screen.until("to the trash")
        screen.type(b"\x11")
        screen.ended(time.monotonic())
        written = bytes(screen._all)
    assert raw_in(written) == []
    assert b"\\x1b]0;own" in written


@pytest.mark.skipif(os.name == "nt", reason="no such names on Windows")
def test_E2_the_command_line_says_them_safely(hostile: Path, tmp_path: Path) -> None:
    for words in (["ls", str(hostile)], ["copy", str(hostile), str(tmp_path / "to"), "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "tui", *words], capture_output=True, check=False
        )
        assert not _CONTROL.search(done.stdout + done.stderr), words
    missing = str(hostile / PAYLOADS[0])
    done = subprocess.run(
        [sys.executable, "-m", "tui", "ls", missing], capture_output=True, check=False
    )
    assert done.returncode != 0
    assert not _CONTROL.search(done.stdout + done.stderr)


@pytest.mark.skipif(os.name == "nt", reason="no such names on Windows")
def test_E2_what_stands_there_after_the_exit_is_safe(hostile: Path) -> None:
    with ScreenOnPty(hostile / PAYLOADS[0].replace("/", ""), env=_TALL) as screen:
        screen.until("not exist")
        screen.type(b"\x11")
        screen.ended(time.monotonic())
        written = bytes(screen._all)
    assert raw_in(written) == []


def test_E2_the_log_has_them_readable(tmp_path: Path) -> None:
    home = home_in(tmp_path / "home")
    log = logging.getLogger("wharfie")
    before = (log.handlers[:], log.propagate, logging.raiseExceptions)
    prepare_home(home)
    try:
        for payload in PAYLOADS:
            log.warning("%s", payload)
            try:
                raise ValueError(payload)
            except ValueError:
                log.exception("failed")
    finally:
        for handler in log.handlers:
            handler.close()
        log.handlers[:], log.propagate, logging.raiseExceptions = before
    written = home.log_file.read_bytes()
    assert written.count(b"own") > COUNT // 2
    assert not _CONTROL.search(written)
