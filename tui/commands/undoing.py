"""Taking back what was changed in this session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from providers.base import Provider
from tui import changes
from tui.changes import Change, Did, Undone
from tui.commands.work import with_progress
from tui.screens.undo import UndoScreen
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def undo(screen: MainScreen, pane: FilePane) -> None:
    """Show what can be taken back, and take back what is chosen."""
    kept = screen.services.changes
    if not kept.all():
        screen.say("Nothing to undo: no name was given and nothing made or thrown away yet.")
        return
    change = await show(screen.app, UndoScreen(kept.all()))
    if change is None:
        return
    provider = screen.services.connections.open(change.endpoint)

    def work(report: Callable[[int], None], cancelled: Callable[[], bool]) -> Undone:
        return changes.undo(provider, change, on_progress=report, cancelled=cancelled)

    done = await with_progress(screen, "Taking back", work)
    kept.replace(change, done.left)
    _say(screen, change, done)
    _look_again(screen, provider, change, pane)


def _say(screen: MainScreen, change: Change, done: Undone) -> None:
    if done.left is None:
        screen.say(f"Taken back: {changes.described(change)}.")
        return
    why = "stopped" if done.error is None else str(done.error)
    said = f"{done.count:,} of {len(change.things):,} taken back, then: {why}"
    screen.say(said, "plain" if done.error is None else "error")


def _look_again(screen: MainScreen, provider: Provider, change: Change, active: FilePane) -> None:
    """Read what shows a folder concerned, the cursor on what is back."""
    thing = change.things[0]
    focus = None if change.did is Did.MADE else thing.before
    for pane in screen.panes:
        if pane.read_once and pane.place.endpoint == change.endpoint:
            here = focus is not None and provider.parent(focus) == pane.place.path
            pane.reread(focus=focus if here and pane is active else None)
