"""Places that a person keeps, or was at last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.bookmarks import BookmarksScreen
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def bookmarks(screen: MainScreen, pane: FilePane) -> None:
    """Show the bookmarks and go to one of them."""
    services = screen.services
    if services.bookmarks is None:
        screen.say("Bookmarks are not kept: this screen has no file for them.")
        return
    here = pane.place if pane.read_once else None
    sites = services.access.sites
    recent = screen.recent.addresses(sites, services.recent)
    dialog = BookmarksScreen(services.bookmarks, sites, here, recent)
    way = await show(screen.app, dialog)
    if way is None:
        return
    if way.new_tab:
        pane.action_new_tab()
    services.remember_place(way.place)
    pane.open(way.place, typed=True)
