"""Setting the permissions of what is selected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from providers.base import Kind
from providers.errors import Unsupported
from providers.extras import Moder
from tui import modes
from tui.commands.work import with_progress
from tui.modes import Set
from tui.screens.mode import ModeScreen
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

_USUAL = 0o644


async def permissions(screen: MainScreen, pane: FilePane) -> None:
    """Ask for permissions, and give them to what is selected."""
    provider, place, entries = pane.provider, pane.place, pane.selected
    if not isinstance(provider, Moder):
        raise Unsupported(place.endpoint, "this place has no permissions that can be set")
    if not entries:
        screen.say("Nothing to set: put the cursor on an entry, or mark some.")
        return
    if all(entry.kind is Kind.LINK for entry in entries):
        screen.say("Links have no permissions of their own: set those of what they lead to.")
        return
    moder: Moder = provider
    what = f"{len(entries):,} entries" if len(entries) > 1 else entries[0].name
    told = next((entry.mode for entry in entries if entry.kind is not Kind.LINK), None)
    folders = any(entry.kind is Kind.DIR for entry in entries)
    dialog = ModeScreen(what, _USUAL if told is None else told, folders=folders)
    wanted = await show(screen.app, dialog)
    if wanted is None:
        return

    def work(report: Callable[[int], None], cancelled: Callable[[], bool]) -> Set:
        return modes.set_all(
            provider, moder, entries, wanted, on_progress=report, cancelled=cancelled
        )

    try:
        done = await with_progress(screen, "Setting permissions", work)
    finally:
        pane.reread()
    screen.say(modes.summary(done), "error" if done.failed else "plain")
