"""Where a pane goes: sites, servers, a path that is typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from providers.base import Entry, Place
from tui import file_operations as files
from tui.background import in_thread
from tui.enquiry import Take, read_pages
from tui.screens.connect import ConnectScreen
from tui.screens.go_to import GoToScreen
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
    await ask_where_to(screen, pane)


async def ask_where_to(screen: MainScreen, pane: FilePane, proposed: str = "") -> None:
    """Ask where to go, with `proposed` to be changed or approved, and open that in `pane`."""
    services, here = screen.services, pane.place
    sites, connections = services.access.sites, services.connections

    def means(at: Place, text: str) -> Place:
        return files.typed_place(connections.open(at.endpoint), at, text, sites)

    async def read(
        place: Place, take: Take[Entry], fits: Callable[[Entry], bool], most: int
    ) -> None:
        provider = await in_thread(lambda: connections.open(place.endpoint))

        def pages() -> Iterator[Sequence[Entry]]:
            left = most
            for page in provider.list_dir(provider.resolve(place.path)):
                yield page
                left -= sum(map(fits, page))
                if left <= 0:
                    return

        await read_pages(services.sign_in, provider, pages, take)

    names = [site.name for site in sites.all()]
    place = await show(screen.app, GoToScreen(here, names, means, read, proposed))
    if place is not None:
        pane.open(place, typed=True)


async def leave(screen: MainScreen, pane: FilePane) -> None:
    """Quit, after a question where transfers are not done."""
    await screen.services.leaving.quit()
