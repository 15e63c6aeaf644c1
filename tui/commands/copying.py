"""Copying and moving from pane to pane: planned here, carried out by the queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from providers import location
from providers.base import Place
from providers.text import printable
from transfers.model import NewJob
from transfers.scan import ScanCancelled, plan_tree
from tui import file_operations as files
from tui.commands.gathered import fit_to_go
from tui.commands.work import counting_on, hand_over, with_progress
from tui.file_operations import Stopped
from tui.selection import Group
from tui.widgets.file_pane import FilePane
from tui.widgets.transfer_panel import TransferPanel

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def copy(screen: MainScreen, pane: FilePane) -> None:
    """Copy what is selected to the other pane."""
    await transfer(screen, pane, screen.other, move=False)


async def move(screen: MainScreen, pane: FilePane) -> None:
    """Move what is selected to the other pane."""
    await transfer(screen, pane, screen.other, move=True)


async def transfer(screen: MainScreen, source: FilePane, target: FilePane, *, move: bool) -> None:
    """Plan the copy or move of what is selected, and hand it to the queue."""
    groups, verb = source.selection, "Move" if move else "Copy"
    if not groups:
        screen.say(f"Nothing to {verb.lower()}: put the cursor on an entry, or mark some.")
        return
    if source.place == target.place and source.search is None:
        screen.say("Both panes show the same folder. Go elsewhere in one of them first.")
        return
    if complaint := target_complaint(target):
        screen.say(complaint)
        return
    if not await fit_to_go(screen, source, groups, target.place, move=move):
        return
    jobs = await _plan(screen, groups, target.place, move=move)
    if jobs is None:
        screen.say("Planning stopped; nothing was queued.")
        return
    await hand_over(screen, jobs, *(group.endpoint for group in groups), target.place.endpoint)
    source.unmark([place for group in groups for place in group.places])
    noun = "job" if len(jobs) == 1 else "jobs"
    said = f"{verb}: {len(jobs):,} {noun} queued, to {printable(location.show(target.place))}"
    held = screen.query_one(TransferPanel).held
    screen.say(f"{said}; the queue is held: w, then H, goes on" if held else said)


def target_complaint(target: FilePane) -> str:
    """Why nothing can be copied into the folder that `target` shows; "" when it can."""
    if target.search is not None:
        return "The other pane shows what was found. Open a folder there first."
    if target.read_once:
        return ""
    if not target.idle:
        return "The other pane is still being read. Try again in a moment."
    return "The other pane shows no folder to copy into. Open one there first."


async def _plan(
    screen: MainScreen, groups: Sequence[Group], target: Place, *, move: bool
) -> tuple[NewJob, ...] | None:
    connections = screen.services.connections

    def plan(report: Callable[[int], None], cancelled: Callable[[], bool]) -> tuple[NewJob, ...]:
        to = connections.open(target.endpoint)
        files.writer(to, target.endpoint)
        jobs: list[NewJob] = []
        for group in groups:
            start = connections.open(group.endpoint)
            jobs += plan_tree(
                start,
                group.entries,
                group.endpoint,
                to,
                target,
                move=move,
                on_progress=counting_on(report, len(jobs)),
                cancelled=cancelled,
            )
        return tuple(jobs)

    try:
        return await with_progress(screen, "Planning", plan)
    except (ScanCancelled, Stopped):
        return None
