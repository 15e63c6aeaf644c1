"""A session as a person has it, by keys: what the pictures are taken of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from transfers.engine import Engine
from transfers.model import JobState
from tui.app import WharfieApp
from tui.screens.plan import PlanScreen

HERE = Path(__file__).parent
_LOOK_SECONDS = 0.02
_DEAF_SECONDS = 0.5
_LONGEST = 3000  # looks


async def planned(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
    await pilot.pause()


async def approve(pilot: Pilot[None]) -> None:
    await planned(pilot)
    while isinstance(pilot.app.screen, PlanScreen):  # deaf for a moment where it came late
        await pilot.press("enter")
        await pilot.pause(_DEAF_SECONDS)


async def listed(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, WharfieApp)

    def both_listed() -> bool:
        return app.main is not None and all(pane.entries for pane in app.main.panes)

    await until(pilot, both_listed)


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Let the app go on until `condition` holds."""
    for _ in range(_LONGEST):
        if condition():
            return
        await pilot.pause(_LOOK_SECONDS)
    raise SystemExit("the session did not go as scripted")


def done(engine: Engine) -> int:
    return engine.snapshot().totals.counts.get(JobState.DONE, 0)


def moved(engine: Engine) -> int:
    return engine.snapshot().totals.moved


def save(app: WharfieApp, name: str) -> None:
    (HERE / f"{name}.svg").write_text(app.export_screenshot(), encoding="utf-8")
