"""Marks of other folders, before anything is done to what they are on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from providers import location
from providers.base import Place
from providers.text import printable
from tui import file_operations as files
from tui import selection
from tui.commands.work import with_progress
from tui.selection import Group
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def fit_to_go(
    screen: MainScreen,
    pane: FilePane,
    groups: Sequence[Group],
    target: Place | None = None,
    *,
    move: bool = True,
) -> bool:
    """Whether what is marked in several folders can be taken together; what is wrong is said.

    Nobody sees the other folders: what is not there any more loses its mark, and nothing is done.
    `target`: the folder all of it goes into. `move`: it is not left where it is. Raises
    ProviderError where a folder cannot be asked.
    """
    if not pane.tab.elsewhere:
        return True
    open_provider = screen.services.connections.open
    complaint = selection.one_in_another(groups, open_provider) if move else ""
    if not complaint and target is not None:
        complaint = selection.one_name_twice(groups, target, open_provider)
    if complaint:
        screen.say(f"Nothing was done: {complaint}")
        return False
    gone = await with_progress(
        screen,
        "Looking at what is marked",
        lambda _, off: selection.gone(groups, open_provider, off),
    )
    if gone is None:
        screen.say("Stopped; nothing was done.")
    elif gone:
        pane.unmark(gone)
        screen.say(f"Nothing was done: {_missing(gone)}")
    return gone == []


async def to_delete(screen: MainScreen, pane: FilePane) -> list[Group]:
    """What is to be asked about; none, when it was said why. Raises ProviderError where a place
    cannot be changed."""
    groups = pane.selection
    for group in groups or [Group(pane.place.endpoint, ())]:
        files.writer(screen.services.connections.open(group.endpoint), group.endpoint)
    if not groups:
        screen.say("Nothing to delete: put the cursor on an entry, or mark some.")
    elif not await fit_to_go(screen, pane, groups):
        return []
    return groups


def asked_about(pane: FilePane, group: Group) -> list[str]:
    """What a question about `group` says of it: where marks are elsewhere, each address."""
    what = files.counted(group.entries)
    if not pane.tab.elsewhere and group.endpoint == pane.place.endpoint:
        named = files.names_listed(group.entries, pane.list.named)
        return [f"{what} in {location.show(pane.place)}", *named]
    return [f"{what}, marked in several folders", *files.places_listed(group.places)]


def _missing(gone: Sequence[Place]) -> str:
    first = printable(location.show(gone[0]))
    if len(gone) == 1:
        return f"{first} is not there any more. Its mark is taken away; the others stay."
    return f"{len(gone):,} marked are not there any more (first: {first}). The others stay marked."
