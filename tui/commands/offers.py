"""What the keys do for which a place offers more than files: properties, a link, clearing up.

Each runs as a worker of the main screen. Errors are ProviderErrors and end in one sentence there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from providers import location
from providers.base import Entry, Kind, Place
from providers.errors import Unsupported
from providers.extras import Clearing, Describer, Link, Property, Sharer, Unfinished
from providers.records import replace
from tui import clipboard, unfinished
from tui.commands.work import change
from tui.enquiry import Take, ask, read_pages
from tui.facts import facts
from tui.overview import all_rows
from tui.screens.link import LinkScreen
from tui.screens.link_time import LinkTimeScreen
from tui.screens.properties import PropertiesScreen
from tui.screens.unfinished import UnfinishedScreen
from tui.sign_in import show
from tui.unfinished import Left
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

_NO_FOLDER = "This pane shows no folder. Open one first."


async def properties(screen: MainScreen, pane: FilePane) -> None:
    """Show all that is known of the entry under the cursor; on "..", of the folder shown."""
    if not pane.read_once:
        screen.say(_NO_FOLDER)
        return
    provider, place = pane.provider, pane.place
    entry = pane.list.current or Entry(place.path, provider.name(place.path), Kind.DIR)
    address = location.show(Place(place.endpoint, entry.path))

    def look() -> list[Property]:
        found = facts(provider.stat(entry.path), address)
        if isinstance(provider, Describer):
            found += provider.properties(entry.path)
        return found

    async def asking() -> Sequence[Property]:
        return await ask(screen.services.sign_in, provider, look)

    name = entry.name or address
    dialog = PropertiesScreen(name, facts(entry, address), asking, where=place.endpoint)
    await show(screen.app, dialog)


async def link(screen: MainScreen, pane: FilePane) -> None:
    """Put an address into the clipboard that opens the file under the cursor for a while."""
    provider, entry, endpoint = pane.provider, pane.list.current, pane.place.endpoint
    if not isinstance(provider, Sharer):
        raise Unsupported(endpoint, "this place gives no links to its files")
    if entry is None or entry.kind is not Kind.FILE:
        screen.say("Links are to files: put the cursor on one.")
        return
    path = location.show(Place(endpoint, entry.path))
    seconds = await show(screen.app, LinkTimeScreen(path, provider.longest_link))
    if seconds is None:
        return

    async def share() -> Link:
        call = partial(provider.share, entry.path, seconds)
        return await change(screen, call, "Making a link")

    doubt = clipboard.where_it_may_fail(os.environ)
    await show(screen.app, LinkScreen(path, share, doubt=doubt))


async def clear_up(screen: MainScreen, pane: FilePane) -> None:
    """Show the unfinished uploads below the folder shown, and take back what is wanted."""
    provider, place, services = pane.provider, pane.place, screen.services
    if not isinstance(provider, Clearing):
        raise Unsupported(place.endpoint, "this place tells of no unfinished uploads")
    if not pane.read_once:
        screen.say(_NO_FOLDER)
        return

    async def on_their_way() -> frozenset[str]:
        queue = services.queue
        return await services.of_queue(lambda: unfinished.targets(all_rows(queue), place.endpoint))

    def left(upload: Unfinished, queued: frozenset[str]) -> Left:
        return Left(upload, unfinished.below(upload.path, place.path), upload.path in queued)

    async def read(take: Take[Left]) -> None:
        queued = await on_their_way()

        def took(page: Sequence[Unfinished], anew: bool) -> None:
            take([left(upload, queued) for upload in page], anew)

        pages = partial(provider.unfinished, place.path)
        await read_pages(services.sign_in, pane.provider, pages, took)

    async def look(some: Sequence[Left]) -> list[Left]:
        queued = await on_their_way()
        return [replace(left, in_queue=left.upload.path in queued) for left in some]

    async def take_back(left: Left) -> None:
        call = partial(provider.take_back, left.upload)
        await change(screen, call, "Taking back uploads")

    path = location.show(place)
    await show(screen.app, UnfinishedScreen(path, read, look, take_back))
