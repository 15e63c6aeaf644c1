"""Copying and moving from pane to pane: planned here, carried out by the queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from providers import location
from providers.base import Entry, Place
from providers.text import printable
from transfers.model import NewJob
from transfers.scan import ScanCancelled, plan_tree
from tui import file_operations as files
from tui.commands.work import hand_over, with_progress
from tui.file_operations import Stopped
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
    entries, verb = source.selected, "Move" if move else "Copy"
    if not entries:
        screen.say(f"Nothing to {verb.lower()}: put the cursor on an entry, or mark some.")
        return
    if source.place == target.place and source.search is None:
        screen.say("Both panes show the same folder. Go elsewhere in one of them first.")
        return
    if complaint := target_complaint(target):
        screen.say(complaint)
        return
    jobs = await _plan(screen, source.place, entries, target.place, move=move)
    if jobs is None:
        screen.say("Planning stopped; nothing was queued.")
        return
    await hand_over(screen, jobs, source.place.endpoint, target.place.endpoint)
    source.list.mark(entries, marked=False)
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
    screen: MainScreen, source: Place, entries: list[Entry], target: Place, *, move: bool
) -> tuple[NewJob, ...] | None:
    connections = screen.services.connections

    def plan(report: Callable[[int], None], cancelled: Callable[[], bool]) -> tuple[NewJob, ...]:
        to = connections.open(target.endpoint)
        files.writer(to, target.endpoint)
        start = connections.open(source.endpoint)
        return plan_tree(
            start,
            entries,
            source.endpoint,
            to,
            target,
            move=move,
            on_progress=report,
            cancelled=cancelled,
        )

    try:
        return await with_progress(screen, "Planning", plan)
    except (ScanCancelled, Stopped):
        return None
