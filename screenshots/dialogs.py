"""One picture of each dialog that a key opens."""

from __future__ import annotations

import tempfile
from pathlib import Path

from session import approve, listed, save, until
from textual.pilot import Pilot

from providers.access import Access
from providers.base import Place
from providers.location import parse
from transfers.engine import Engine
from tui.app import WharfieApp
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
    await _of_a_drive(engine, access, left)


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
