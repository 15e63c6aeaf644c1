"""One picture of each dialog that a key opens."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from session import approve, listed, save, until
from textual.pilot import Pilot

from providers.access import Access
from providers.base import Place
from providers.location import LOCAL, parse
from providers.sandbox.graph import GraphServer
from providers.sites import Site, Sites
from transfers.engine import Engine
from tui.app import WharfieApp
from tui.screens.changed_there import ChangedThereScreen
from tui.screens.compare import CompareScreen
from tui.screens.dialog import CANCEL, Choice
from tui.screens.moves import MovesScreen, Row
from tui.settings_file import SettingsFile

_SIZE = (100, 30)
_DIALOGS = (
    ("help", ("f1",)),
    ("palette", ("colon",)),
    ("settings", ("comma",)),
    ("connect", ("f9",)),
    ("new-site", ("f9", "f7")),
    ("go-to", ("ctrl+g",)),
    ("find", ("F",)),
    ("rename", ("end", "f2")),
    ("new-link", ("N",)),
    ("delete", ("end", "f8")),
    ("limits", ("w", "L")),
)
"""By name: the keys that open it."""
_DAY = 86_400  # seconds
_TREES = (
    ("about.html", 40 * _DAY, 40 * _DAY),
    ("blog/2026/a-day-in-lisbon.md", 900, None),
    ("blog/2026/hello.md", 2 * _DAY, 2 * _DAY),
    ("css/print.css", 9 * _DAY, 300),
    ("css/site.css", 500, 9 * _DAY),
    ("drafts/ideas.txt", None, 90 * _DAY),
    ("drafts/old/more ideas.txt", None, 400 * _DAY),
    ("index.html", 60, 9 * _DAY),
    *((f"photos/lisbon-{n:02}.jpg", 30 * _DAY, 30 * _DAY) for n in range(1, 25)),
    *((f"photos/lisbon-{n:02}.jpg", 600 + n, None) for n in range(25, 29)),
)
"""Files, and how many seconds ago they were changed on the left and on the right."""


async def take_dialogs(engine: Engine, access: Access, left: Place, right: Place) -> None:
    """All of them: those of any place, and those of a drive."""
    with tempfile.TemporaryDirectory() as folder:
        settings = SettingsFile(Path(folder) / "settings.toml")
        for name, keys in _DIALOGS:
            app = WharfieApp(engine, access, left, right, settings=settings)
            async with app.run_test(size=_SIZE) as pilot:
                await listed(pilot)
                await _open(pilot, *keys)
                save(app, name)
    await _compared(engine, access)
    await _of_a_drive(engine, access, left)
    await _asked(engine, access, left, right)
    await _after_an_editor(engine, access, left, right)


async def _compared(engine: Engine, access: Access) -> None:
    with tempfile.TemporaryDirectory() as folder:
        website, copy = _two_trees(Path(folder))
        app = WharfieApp(engine, access, Place(LOCAL, str(website)), Place(LOCAL, str(copy)))
        async with app.run_test(size=_SIZE) as pilot:
            await listed(pilot)
            await pilot.press("ctrl+d")
            await until(pilot, lambda: _is_compared(app))
            await pilot.press("x", *["down"] * 4, "left")
            await pilot.pause(0.5)
            save(app, "compare")
            await pilot.press("escape")
            await until(pilot, lambda: app.main is not None and bool(app.main.active.list.signs))
            await pilot.pause(0.5)
            save(app, "compared")


def _two_trees(folder: Path) -> tuple[Path, Path]:
    """A website and an older copy of it."""
    now, tops = time.time(), (folder / "website", folder / "copy-of-it")
    for name, *ages in _TREES:
        for top, age in zip(tops, ages, strict=True):
            if age is not None:
                path = top / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"." * (len(name) * (700 if age < _DAY else 600)))
                os.utime(path, (now - age, now - age))
    return tops


def _is_compared(app: WharfieApp) -> bool:
    screen = app.screen
    if not isinstance(screen, CompareScreen):
        return False
    return screen.comparison.complete and bool(screen.rows.rows)


async def _of_a_drive(engine: Engine, access: Access, left: Place) -> None:
    drive = parse("drive:", access.sites)
    app = WharfieApp(engine, access, left, drive)
    async with app.run_test(size=_SIZE) as pilot:
        await listed(pilot)
        await pilot.press("end", "f5")
        await approve(pilot)
        await until(pilot, lambda: engine.snapshot().totals.unfinished == 0)
        await pilot.press("tab")
        await until(pilot, lambda: app.main is not None and _has_file(app))
        for name, keys in (("versions", ("end", "z")), ("link", ("end", "L"))):
            await _open(pilot, *keys)
            save(app, name)
            await pilot.press("escape")


async def _asked(engine: Engine, access: Access, left: Place, right: Place) -> None:
    """What a place asks, and what can be taken back."""
    with tempfile.TemporaryDirectory() as folder:
        stranger = Access(access.known_hosts, use_agent=False, use_default_keys=False)
        await _waits(WharfieApp(engine, stranger, left, right), "password")
        unsigned = Sites(Path(folder) / "sites.toml")
        values = {"client_id": GraphServer.client_id, "tenant": "consumers", "proxy": "none"}
        site = unsigned.add(Site("drive", "onedrive", values))
        nobody = Access(access.known_hosts, sites=unsigned, settings=access.settings)
        await _waits(WharfieApp(engine, nobody, left, unsigned.place(site)), "device-code")
    app = WharfieApp(engine, access, left, right)
    async with app.run_test(size=_SIZE) as pilot:
        await listed(pilot)
        await _open(pilot, "f7")
        await pilot.press(*"a new folder", "enter")
        await until(pilot, lambda: app.main is not None and _has(app, "a new folder"))
        await _open(pilot, "u")
        save(app, "undo")
        await pilot.press("enter")
        await until(pilot, lambda: not _has(app, "a new folder"))


async def _waits(app: WharfieApp, name: str) -> None:
    """A dialog that comes by itself."""
    async with app.run_test(size=_SIZE) as pilot:
        await until(pilot, lambda: len(app.screen_stack) > 2)
        await pilot.pause(0.5)
        save(app, name)
        await pilot.press("escape")


async def _after_an_editor(engine: Engine, access: Access, left: Place, right: Place) -> None:
    """An editor cannot be shown without a terminal: these dialogs come after one."""
    rows = [
        Row(f"IMG_{n}.jpg", f"lisbon-{n}.jpg", f"/photos/IMG_{n}.jpg") for n in range(2041, 2053)
    ]
    choices = (Choice("go", "enter", "Rename"), Choice("edit", "f4", "Edit again"))
    close = Choice(CANCEL, "escape", "Cancel")
    was, now = "900 B, 2026-11-26 08:14", "1.1 KiB, 2026-11-26 08:16"
    kept = Path("~/.config/wharfie/edits/welcome.txt")
    for name, screen in (
        ("bulk-rename", MovesScreen("Rename these?", "12 names.", rows, (*choices, close))),
        ("changed-meanwhile", ChangedThereScreen("welcome.txt", was, now, kept)),
    ):
        app = WharfieApp(engine, access, left, right)
        async with app.run_test(size=_SIZE) as pilot:
            await listed(pilot)
            app.push_screen(screen)
            await pilot.pause(0.5)
            save(app, name)


def _has(app: WharfieApp, name: str) -> bool:
    assert app.main is not None
    return any(entry.name == name for entry in app.main.active.entries)


def _has_file(app: WharfieApp) -> bool:
    assert app.main is not None
    return any(entry.name.startswith("Read me") for entry in app.main.active.entries)


async def _open(pilot: Pilot[None], *keys: str) -> None:
    """Press `keys`, of which the last opens a dialog, and let it be drawn."""
    screens = len(pilot.app.screen_stack)
    for key in keys:
        await pilot.press(key)
        await pilot.pause(0.05)
    await until(pilot, lambda: len(pilot.app.screen_stack) > screens)
    await pilot.pause(0.5)
