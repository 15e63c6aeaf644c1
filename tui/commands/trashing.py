"""Deleting into the trash, where a place has one; what does not go there is asked about again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from providers.base import Entry, Place, Provider
from providers.errors import NotFound, ProviderError, TargetChanged, Unsupported
from providers.extras import Trash
from providers.records import dataclass, field
from tui import changes
from tui.commands.gathered import asked_about
from tui.commands.noting import note
from tui.commands.work import with_progress
from tui.screens.delete_plan import DeletePlanScreen
from tui.selection import Group
from tui.sign_in import show
from tui.weighing import weighed
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


@dataclass(slots=True)
class Thrown:
    """How far it came. `refused`: what the trash does not take; `why`: of the first;
    `noted`: it can be taken back."""

    away: list[tuple[Entry, str]] = field(default_factory=list)
    refused: list[Entry] = field(default_factory=list)
    why: str = ""
    noted: bool = False
    failed: int = 0
    error: ProviderError | None = None


async def throw_away(
    screen: MainScreen, pane: FilePane, trash: Trash, group: Group, quiet: float
) -> tuple[list[Entry], str] | None:
    """Ask, and put `group` into the trash of its place.

    `quiet`: seconds in which the question is deaf, as in a Dialog.
    Returns what the trash did not take, with the reason; None when there is none of it.
    """
    provider, endpoint = screen.services.connections.open(group.endpoint), group.endpoint
    lines = [
        *asked_about(pane, group),
        "They can be taken out of it again.",
    ]
    weigh = partial(weighed, screen.services.sign_in, provider, group.entries)
    title, action = "Move to the trash?", "To the trash"
    question = DeletePlanScreen(title, lines, action, weigh, dangerous=False, quiet=quiet)
    if not await show(screen.app, question):
        return None
    thrown = Thrown()

    def work(report: Callable[[int], None], cancelled: Callable[[], bool]) -> None:
        _throw(provider, trash, group.entries, thrown, report, cancelled)
        thrown.noted = note(screen, lambda: changes.thrown(provider, endpoint, thrown.away))

    try:
        await with_progress(screen, "To the trash", work)
    finally:
        pane.unmark([Place(endpoint, entry.path) for entry, _ in thrown.away])
        pane.reread()
    _say(screen, thrown)
    return (thrown.refused, thrown.why) if thrown.refused else None


def _throw(
    provider: Provider,
    trash: Trash,
    entries: Sequence[Entry],
    thrown: Thrown,
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> None:
    for entry in entries:
        if cancelled():
            return
        try:
            _refuse_another(provider, entry)
            thrown.away.append((entry, trash.throw_away(entry.path)))
        except NotFound:
            continue
        except Unsupported as error:
            thrown.refused.append(entry)
            thrown.why = thrown.why or error.what
        except ProviderError as error:
            thrown.failed += 1
            thrown.error = thrown.error or error
        report(len(thrown.away))


def _refuse_another(provider: Provider, entry: Entry) -> None:
    """A folder in a file's place, or a link in a folder's, is not what was asked about."""
    if provider.stat(entry.path).kind is not entry.kind:
        raise TargetChanged(
            entry.path, "is something else than it was when it was listed", advice="Look again."
        )


def _say(screen: MainScreen, thrown: Thrown) -> None:
    gone = f"{len(thrown.away):,} in the trash"
    if thrown.error is not None:
        screen.say(f"{gone}, {thrown.failed:,} could not be. First: {thrown.error}", "error")
    elif thrown.noted and thrown.away and all(where for _, where in thrown.away):
        undo = screen.services.key_map.named("undo")
        screen.say(f"{gone}; {undo} takes them out again.")
    else:
        screen.say(f"{gone}.")
