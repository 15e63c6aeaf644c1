"""Changing what a pane shows, at once: folders made, names given, entries deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from providers import location
from providers.errors import AlreadyExists
from tui import file_operations as files
from tui import selection
from tui.commands.gathered import fit_to_go
from tui.commands.work import counting_on, with_progress
from tui.file_operations import Deletion, Stopped
from tui.screens.confirm import ConfirmScreen
from tui.screens.prompt import PromptScreen
from tui.selection import Group
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def make_dir(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a name and make a folder of it."""
    provider, place = pane.provider, pane.place
    target = files.writer(provider, place.endpoint)
    if not pane.read_once:
        screen.say("This pane shows no folder to make one in. Open one first.")
        return
    name = await show(
        screen.app,
        PromptScreen(
            "New folder",
            "Name",
            check=lambda text: files.name_complaint(provider, place.path, text),
        ),
    )
    if name:
        path = provider.join(place.path, name)
        await _giving_name(screen, lambda: target.make_dir(path))
        pane.reread(focus=path)


async def rename(screen: MainScreen, pane: FilePane) -> None:
    """Give the entry under the cursor another name."""
    provider, place, entry = pane.provider, pane.place, pane.list.current
    target = files.writer(provider, place.endpoint)
    if entry is None:
        screen.say("Nothing to rename: put the cursor on an entry.")
        return
    name = await show(
        screen.app,
        PromptScreen(
            "Rename",
            "New name",
            entry.name,
            check=lambda text: files.name_complaint(provider, place.path, text),
            select_stem=True,
        ),
    )
    if name and name != entry.name:
        path = provider.join(place.path, name)
        await _giving_name(screen, lambda: target.rename(entry.path, path))
        pane.reread(focus=path)


async def _giving_name(screen: MainScreen, work: Callable[[], object]) -> None:
    try:
        await screen.services.sign_in.call(work)
    except AlreadyExists as error:
        raise AlreadyExists(error.path, error.what, advice="Choose another name.") from error


async def delete(screen: MainScreen, pane: FilePane) -> None:
    """Delete what is selected, after a question."""
    groups = pane.selection
    for group in groups or [Group(pane.place.endpoint, ())]:
        files.writer(screen.services.connections.open(group.endpoint), group.endpoint)
    if not groups:
        screen.say("Nothing to delete: put the cursor on an entry, or mark some.")
        return
    if not await fit_to_go(screen, pane, groups):
        return
    lines = [*_what_goes(pane, groups), "This cannot be undone."]
    if not await show(screen.app, ConfirmScreen("Delete?", lines, "Delete", dangerous=True)):
        return

    def work(report: Callable[[int], None], cancelled: Callable[[], bool]) -> Deletion:
        return _delete(screen, groups, report, cancelled)

    try:
        done = await with_progress(screen, "Deleting", work)
    except Stopped:
        screen.say("Deleting stopped; what was deleted until then is gone.")
    else:
        _say_deleted(screen, done)
        if not done.failed:
            pane.unmark([place for group in groups for place in group.places])
    finally:
        pane.reread()


def _delete(
    screen: MainScreen,
    groups: Sequence[Group],
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Deletion:
    """Blocking. Raises as files.delete_tree."""
    done = Deletion()
    for group in groups:
        provider = screen.services.connections.open(group.endpoint)
        part = files.delete_tree(
            provider,
            group.endpoint,
            group.entries,
            on_progress=counting_on(report, done.deleted),
            cancelled=cancelled,
        )
        done.add(part)
    return done


def _what_goes(pane: FilePane, groups: Sequence[Group]) -> list[str]:
    """What a question about `groups` names: where they are elsewhere, each with its address."""
    chosen = selection.entries(groups)
    if not pane.tab.elsewhere:
        return [
            f"{files.counted(chosen)} in {location.show(pane.place)}",
            *files.names_listed(chosen),
        ]
    places = [place for group in groups for place in group.places]
    return [f"{files.counted(chosen)}, marked in several folders", *files.places_listed(places)]


def _say_deleted(screen: MainScreen, done: Deletion) -> None:
    gone = f"{done.deleted:,} deleted"
    if done.first_error is None:
        screen.say(f"{gone}.")
    else:
        screen.say(f"{gone}, {done.failed:,} could not be. First: {done.first_error}", "error")
