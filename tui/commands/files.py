"""Changing what a pane shows, at once: names given, entries deleted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from providers.base import Provider
from providers.extras import Trash
from tui import changes
from tui import file_operations as files
from tui.bulk_rename import Move
from tui.commands.gathered import asked_about, to_delete
from tui.commands.noting import giving_name
from tui.commands.renaming import rename_marked
from tui.commands.trashing import throw_away
from tui.commands.work import with_progress
from tui.file_operations import Deletion, Stopped
from tui.screens.delete_plan import DeletePlanScreen
from tui.screens.prompt import PromptScreen
from tui.selection import Group
from tui.sign_in import QUIET, show
from tui.weighing import weighed
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def rename(screen: MainScreen, pane: FilePane) -> None:
    """Give the entry under the cursor another name; the marked ones, in an editor."""
    if pane.list.marks:
        await rename_marked(screen, pane)
        return
    provider, place, entry = pane.provider, pane.place, pane.list.current
    target = files.writer(provider, place.endpoint)
    if entry is None:
        screen.say("Nothing to rename: put the cursor on an entry.")
        return
    above = provider.parent(entry.path)
    name = await show(
        screen.app,
        PromptScreen(
            "Rename",
            "New name",
            entry.name,
            check=lambda text: files.name_complaint(provider, above, text),
            select_stem=True,
        ),
    )
    if name and name != entry.name:
        move = Move(entry.path, provider.join(above, name))
        await giving_name(
            screen,
            f"Renaming “{entry.name}”",
            lambda: target.rename(move.source, move.target),
            lambda: changes.renamed(provider, place.endpoint, [move]),
        )
        pane.reread(focus=move.target)


async def delete(screen: MainScreen, pane: FilePane) -> None:
    """Delete what is selected, after a question: into the trash, where the place has one."""
    quiet = 0.0  # for the first question alone: no key called for the others
    for group in await to_delete(screen, pane):
        provider = screen.services.connections.open(group.endpoint)
        if not isinstance(provider, Trash):
            await _delete(screen, pane, group, _kept(provider), quiet)
        elif (refused := await throw_away(screen, pane, provider, group, quiet)) is not None:
            entries, why = refused
            left = Group(group.endpoint, tuple(entries))
            await _delete(screen, pane, left, f"Not in the trash: {why}.", QUIET)
        quiet = QUIET


async def delete_for_good(screen: MainScreen, pane: FilePane) -> None:
    """Delete what is selected, after a question, past any trash."""
    quiet = 0.0
    for group in await to_delete(screen, pane):
        provider = screen.services.connections.open(group.endpoint)
        await _delete(screen, pane, group, _kept(provider), quiet)
        quiet = QUIET


def _kept(provider: Provider) -> str:
    kept = provider.caps.recycles
    return f"This place puts it into {kept}." if kept else ""


async def _delete(
    screen: MainScreen, pane: FilePane, group: Group, said: str, quiet: float
) -> None:
    provider = screen.services.connections.open(group.endpoint)
    files.writer(provider, group.endpoint)
    kept = provider.caps.recycles
    lines = [
        *asked_about(pane, group),
        *([said] if said else []),
        *([] if kept else ["There is no way back: this cannot be undone."]),
    ]
    title = "Delete?" if kept else "Delete for good?"
    weigh = partial(weighed, screen.services.sign_in, provider, group.entries)
    question = DeletePlanScreen(title, lines, title[:-1], weigh, quiet=quiet)
    if not await show(screen.app, question):
        return

    def work(report: Callable[[int], None], cancelled: Callable[[], bool]) -> Deletion:
        return files.delete_tree(
            provider, group.endpoint, group.entries, on_progress=report, cancelled=cancelled
        )

    try:
        done = await with_progress(screen, "Deleting", work)
    except Stopped:
        screen.say("Deleting stopped; what was deleted until then is gone.")
    else:
        _say_deleted(screen, done)
        if not done.failed:
            pane.unmark(group.places)
    finally:
        pane.reread()


def _say_deleted(screen: MainScreen, done: Deletion) -> None:
    gone = f"{done.deleted:,} deleted"
    if done.first_error is None:
        screen.say(f"{gone}.")
    else:
        screen.say(f"{gone}, {done.failed:,} could not be. First: {done.first_error}", "error")
