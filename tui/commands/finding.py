"""Looking for things below the folder shown; the pane shows what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers import location
from tui.screens.find import FindScreen
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def find(screen: MainScreen, pane: FilePane) -> None:
    """Ask what to look for, and let the pane list it as it is found."""
    if not pane.read_once:
        screen.say("This pane shows no folder to look in. Open one first.")
        return
    place = pane.place
    criteria = await show(screen.app, FindScreen(location.show(place), hidden=pane.view.hidden))
    if criteria is not None:
        pane.search_below(criteria)
