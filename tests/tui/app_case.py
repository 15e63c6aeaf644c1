"""What the tests of the screen share: an app on fake services, and how to wait for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from providers.access import Access
from providers.base import Entry, Kind, Place, Provider
from providers.memory import MemoryProvider, Store
from providers.registry import open_provider
from tests.tui.fake_queue import FakeQueue
from tui.app import WharfieApp
from tui.choices import PLAN, ShowPlan
from tui.settings import find_home
from tui.settings_file import SettingsFile
from tui.widgets.file_pane import FilePane

AppPilot = Pilot[None]


class Remembered:
    """Records the host keys that were to be remembered."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, access: Access, endpoint: str, line: str) -> None:
        self.lines.append((endpoint, line))


def make_app(
    left: Place | Path,
    right: Place | Path,
    *,
    queue: FakeQueue | None = None,
    opener: Callable[[str, Access], Provider] = open_provider,
    remember: Remembered | None = None,
    settings: SettingsFile | None = None,
    **more: Any,
) -> WharfieApp:
    """An app whose panes start at `left` and `right`; a Path is a local place.

    Plans are shown only where something is to be decided, unless `settings` say otherwise.
    """
    places = [p if isinstance(p, Place) else Place("file:", str(p)) for p in (left, right)]
    return WharfieApp(
        queue or FakeQueue(),
        Access(Path("known_hosts")),
        *places,
        open_provider=opener,
        remember=remember or Remembered(),
        settings=settings or plans_only_conflicts(),
        **more,
    )


def plans_only_conflicts() -> SettingsFile:
    """The settings of somebody who chose that, in the home of the test."""
    settings = SettingsFile(find_home(os.environ).settings_file)
    settings.path.parent.mkdir(parents=True, exist_ok=True)
    settings.set(PLAN, ShowPlan.CONFLICTS)
    return settings


class Tree(MemoryProvider):
    """A memory place of its own for each test; `fail` is called before each operation."""

    def __init__(self, paths: Sequence[str] = ()) -> None:
        super().__init__(Store())
        for path in paths:
            if path.endswith("/"):
                self.store.add(path.rstrip("/"), Kind.DIR)
            else:
                self.store.add(path, Kind.FILE, data=bytearray(len(path)))


class Many(Tree):
    """A directory of `count` entries in pages; `gate` is called before each page but the first."""

    def __init__(self, count: int, gate: Callable[[], Any] = lambda: None) -> None:
        super().__init__()
        self.count = count
        self.gate = gate

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        for start in range(0, self.count, 1000):
            if start:
                self.gate()
            yield [
                Entry(f"/n{i:06}", f"n{i:06}", Kind.FILE, i, float(i))
                for i in range(start, min(start + 1000, self.count))
            ]


def opener(**providers: Provider) -> Callable[[str, Access], Provider]:
    """Opens "memory://name" as the provider of that name, and this computer's own files."""

    def open_one(endpoint: str, access: Access) -> Provider:
        name = endpoint.removeprefix("memory://")
        return providers[name] if name in providers else open_provider(endpoint, access)

    return open_one


def at(name: str, path: str = "/") -> Place:
    return Place(f"memory://{name}", path)


def pane(app: WharfieApp, name: str = "left") -> FilePane:
    assert app.main is not None
    return app.main.query_one(f"#{name}", FilePane)


def names(app: WharfieApp, name: str = "left") -> list[str]:
    return [entry.name for entry in pane(app, name).list.rows]


def text(app: WharfieApp) -> str:
    """What stands on the screen now."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size))


async def until(pilot: AppPilot, condition: Callable[[], Any], seconds: float = 30.0) -> None:
    """Let the app go on until `condition` holds."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"it never came to be; the screen says:\n{text(pilot.app)}")  # type: ignore[arg-type]


async def read(pilot: AppPilot) -> None:
    """Wait until both panes have read what they were asked for."""
    app = pilot.app
    assert isinstance(app, WharfieApp)
    await until(pilot, lambda: app.main is not None and len(app.main.query(FilePane)) == 2)
    await until(pilot, lambda: all(pane(app, n).idle for n in ("left", "right")))
    await pilot.pause()
