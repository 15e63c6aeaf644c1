"""Where a pane goes: sites, servers, a path that is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.base import Place
from providers.errors import InvalidName
from providers.sites import BadSites
from tui import file_operations as files
from tui.background import in_thread
from tui.screens.connect import ConnectScreen
from tui.screens.prompt import PromptScreen
from tui.sign_in import show
from tui.trial import look_at
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def connect(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a place and open it in `pane`."""
    services = screen.services

    async def try_place(place: Place) -> str:
        provider = await in_thread(lambda: services.connections.open(place.endpoint))
        return await services.sign_in.call(lambda: look_at(provider, place))

    place = await show(
        screen.app,
        ConnectScreen(
            services.recent,
            services.access,
            try_place=try_place,
            changed=services.connections.drop,
        ),
    )
    if place is not None:
        screen.services.remember_place(place)
        pane.open(place, typed=True)


async def go_to(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a path or an address and open it in `pane`."""
    await ask_where_to(screen, pane, pane.place.path)


async def ask_where_to(screen: MainScreen, pane: FilePane, proposed: str) -> None:
    """Ask where to go, with `proposed` to be changed or approved, and open that in `pane`."""
    provider, here, sites = pane.provider, pane.place, screen.services.access.sites

    def complaint(text: str) -> str | None:
        try:
            files.typed_place(provider, here, text, sites)
        except (InvalidName, BadSites) as error:
            return str(error)
        return None

    text = await show(
        screen.app,
        PromptScreen(
            "Go to", "Path, address (sftp://user@host/path) or site:path", proposed, complaint
        ),
    )
    if text:
        pane.open(files.typed_place(provider, here, text, sites), typed=True)


async def leave(screen: MainScreen, pane: FilePane) -> None:
    """Quit, after a question where transfers are not done."""
    await screen.services.leaving.quit()
