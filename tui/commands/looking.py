"""What the key for looking into a file does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.base import Kind, Place
from providers.text import printable
from tui.screens.viewer import ViewerScreen
from tui.sign_in import show
from tui.viewing.source import Source
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def view(screen: MainScreen, pane: FilePane) -> None:
    """Look into the file under the cursor."""
    entry = pane.list.current
    if entry is None:
        screen.say("Nothing to look into: put the cursor on a file.")
        return
    if entry.kind is Kind.DIR:
        screen.say(f"“{printable(entry.name)}” is a folder: Enter opens it.")
        return
    place = Place(pane.place.endpoint, entry.path)
    await show(screen.app, ViewerScreen(Source(screen.services.sign_in, pane.provider, place)))
