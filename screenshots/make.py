"""Makes the pictures of the README anew: `python screenshots/make.py` (needs the extra `demo`).

A scripted session on the sandbox: real servers, a real queue, keys as a person presses them.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from dialogs import take_dialogs
from session import approve, done, listed, moved, planned, save, until

from providers.access import Access
from providers.base import Place
from providers.location import LOCAL
from providers.registry import open_provider
from providers.sandbox.start import Sandbox
from transfers.engine import Engine
from transfers.model import Cancel, Clear, SetLimits, Verify
from tui.app import WharfieApp
from tui.bookmarks import Bookmark, BookmarksFile
from tui.headless.demo import demo_access
from tui.screens.bookmarks import BookmarksScreen
from tui.screens.find import FindScreen
from tui.screens.job import JobScreen
from tui.screens.mode import ModeScreen
from tui.screens.properties import PropertiesScreen
from tui.screens.viewer import ViewerScreen
from tui.settings import home_in
from tui.widgets.file_pane import FilePane
from tui.widgets.row_list import RowList

for _name in ("NO_COLOR", "TEXTUAL_THEME"):
    os.environ.pop(_name, None)

_SLOW = 24 << 20  # bytes a second: the large file is on its way while the small ones are done
_SLOWER = 4 << 20  # nothing is done before a person leaves


def main() -> None:
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        home = home_in(Path(folder))
        access = demo_access(sandbox, home, by_token=True)
        engine = Engine(home.queue, lambda endpoint: open_provider(endpoint, access))
        try:
            left, right = Place(LOCAL, str(sandbox.local_root)), Place(sandbox.endpoint, "/")
            asyncio.run(_copying(engine, access, left, right))
            asyncio.run(_small(engine, access, left, right))
            asyncio.run(_places(engine, access, left, right, home.bookmarks_file))
            asyncio.run(_viewer(engine, access, left, right))
            asyncio.run(_files(engine, access, left, right))
            asyncio.run(take_dialogs(engine, access, left, right))
            stranger = Access(Path(folder) / "no-known-hosts", use_agent=False)
            asyncio.run(_host_key(engine, stranger, left, right))
        finally:
            engine.close()


async def _copying(engine: Engine, access: Access, left: Place, right: Place) -> None:
    app = WharfieApp(engine, access, left, right, verify=Verify.STRONG)
    async with app.run_test(size=(130, 38)) as pilot:
        await listed(pilot)
        engine.send(SetLimits(rate=_SLOW))
        await pilot.press("ctrl+a", "f5")
        await approve(pilot)
        await until(pilot, lambda: done(engine) >= 8 and moved(engine) > 12 << 20)
        save(app, "copying")
        engine.send(SetLimits(rate=0))
        await until(pilot, lambda: engine.snapshot().totals.unfinished == 0)
        await pilot.press("w", "enter")
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
        await pilot.pause()
        save(app, "transfer")
        await pilot.press("escape", "escape")
        await pilot.press("ctrl+a", "f5")
        await planned(pilot)
        save(app, "plan")
        await pilot.press("escape", "-", "*", "enter", "end", "f5")
        await approve(pilot)
        await until(pilot, lambda: len(app.screen_stack) > 2)
        await pilot.pause()
        await until(pilot, lambda: all(w.is_finished for w in app.workers if w.group == "compare"))
        await pilot.pause()
        save(app, "conflict")
        await pilot.press("escape")
    engine.send(Cancel())
    engine.send(Clear())


async def _small(engine: Engine, access: Access, left: Place, right: Place) -> None:
    app = WharfieApp(engine, access, left, right, pause_and_stop=lambda: None)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("tab", "end", "i")
        await until(pilot, lambda: isinstance(app.screen, PropertiesScreen) and app.screen.told)
        await pilot.pause()
        save(app, "properties")
        await pilot.press("escape")
        engine.send(SetLimits(rate=_SLOWER))
        await pilot.press("home", "f5")
        await approve(pilot)
        await until(pilot, lambda: moved(engine) > 8 << 20)
        await pilot.press("w")
        await pilot.pause()
        save(app, "small")
        await pilot.press("q")
        await until(pilot, lambda: len(app.screen_stack) > 2)
        await pilot.pause()
        save(app, "quit")
        await pilot.press("escape")
    engine.send(Cancel())
    engine.send(SetLimits(rate=0))


async def _viewer(engine: Engine, access: Access, left: Place, right: Place) -> None:
    app = WharfieApp(engine, access, Place(right.endpoint, "/logs"), right)
    async with app.run_test(size=(100, 30)) as pilot:
        await listed(pilot)
        await pilot.press("home", "down", "f3")
        await until(pilot, lambda: isinstance(app.screen, ViewerScreen) and _shown(app.screen))
        await pilot.press("number_sign", "w")
        await pilot.pause()
        save(app, "viewer")


def _shown(screen: ViewerScreen) -> bool:
    """Whether its file is read, and nothing is made of it any more."""
    mine = [worker for worker in screen.workers if worker.node is screen]
    return screen.view.shape is not None and all(worker.is_finished for worker in mine)


async def _files(engine: Engine, access: Access, left: Place, right: Place) -> None:
    app = WharfieApp(engine, access, left, right)
    async with app.run_test(size=(130, 38)) as pilot:
        await listed(pilot)
        await pilot.press("tab", "F")
        await until(pilot, lambda: isinstance(app.screen, FindScreen))
        await pilot.press(*"a", "enter")
        await until(pilot, lambda: app.main is not None and _found(app.main.active))
        await pilot.press("down", "space", "space")
        await pilot.pause()
        save(app, "found")
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, ModeScreen))
        await pilot.pause()
        save(app, "permissions")
        await pilot.press("escape")


def _found(pane: FilePane) -> bool:
    return pane.search is not None and pane.idle


async def _places(engine: Engine, access: Access, left: Place, right: Place, path: Path) -> None:
    bookmarks = BookmarksFile(path)
    bookmarks.add(Bookmark("Home", "~"))
    bookmarks.add(Bookmark("Music at home", "sftp://ann@nas.local:22/srv/music"))
    app = WharfieApp(engine, access, left, right, bookmarks=bookmarks)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot)
        await pilot.press("ctrl+t", "b")
        await until(pilot, lambda: isinstance(app.screen, BookmarksScreen))
        await until(pilot, lambda: bool(app.screen.query_one(RowList).rows))
        await pilot.pause()
        save(app, "bookmarks")
        await pilot.press("escape")


async def _host_key(engine: Engine, access: Access, left: Place, right: Place) -> None:
    app = WharfieApp(engine, access, left, right)
    async with app.run_test(size=(130, 38)) as pilot:
        await until(pilot, lambda: len(app.screen_stack) > 2)
        await pilot.pause()
        save(app, "host-key")
        await pilot.press("escape")


if __name__ == "__main__":
    main()
