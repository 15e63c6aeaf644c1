"""What keys do with many transfers at once: which are shown, which are marked, all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transfers.model import UNFINISHED, Cancel, Command, JobState, Move, Retry
from tui.screens.confirm import ConfirmScreen
from tui.sign_in import show
from tui.widgets.file_pane import FilePane
from tui.widgets.transfer_panel import TransferPanel

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


def panel_of(screen: MainScreen) -> TransferPanel:
    return screen.query_one(TransferPanel)


async def next_filter(screen: MainScreen, pane: FilePane) -> None:
    """Show the transfers of the next kind of state."""
    panel = panel_of(screen)
    panel.show_only(panel.shown.after(1))


async def previous_filter(screen: MainScreen, pane: FilePane) -> None:
    """Show the transfers of the kind of state before."""
    panel = panel_of(screen)
    panel.show_only(panel.shown.after(-1))


async def mark_all(screen: MainScreen, pane: FilePane) -> None:
    """Mark every transfer that the panel shows, in sight or not."""
    panel_of(screen).view.mark_only(await _shown(screen))


async def invert(screen: MainScreen, pane: FilePane) -> None:
    """Mark those that are not marked, of all that the panel shows."""
    shown, view = await _shown(screen), panel_of(screen).view
    view.mark_only([job for job in shown if job not in view.marks])


async def unmark(screen: MainScreen, pane: FilePane) -> None:
    """Take every mark away."""
    panel_of(screen).view.unmark()


async def retry_failed(screen: MainScreen, pane: FilePane) -> None:
    """Try all that failed again, from the first attempt."""
    tried = await tell(screen, Retry())
    what = "Nothing has failed that could be tried again."
    panel_of(screen).notice(f"{_counted(len(tried))} tried again." if tried else what)


async def cancel_all(screen: MainScreen, pane: FilePane) -> None:
    """Cancel all that are unfinished now, once a person has seen how many those are."""
    jobs = await _ids(screen, tuple(state for state in JobState if state in UNFINISHED))
    if not jobs:
        panel_of(screen).notice("No transfer is unfinished.")
        return
    lines = ["What is already across stays where it is."]
    title = "Cancel the transfer?" if len(jobs) == 1 else f"Cancel all {len(jobs):,} transfers?"
    if await show(screen.app, ConfirmScreen(title, lines, "Cancel them", dangerous=True)):
        await tell(screen, Cancel(jobs))
        panel_of(screen).view.unmark()


async def to_top(screen: MainScreen, pane: FilePane) -> None:
    """Move the marked ones, or this one, to the top of the queue."""
    await _move(screen, "top")


async def to_bottom(screen: MainScreen, pane: FilePane) -> None:
    """Move the marked ones, or this one, to the bottom of the queue."""
    await _move(screen, "bottom")


async def _move(screen: MainScreen, to: str) -> None:
    if targets := panel_of(screen).view.targets():
        await tell(screen, Move(targets, to=to))


async def tell(screen: MainScreen, command: Command) -> tuple[int, ...]:
    """The jobs that `command` concerned, after all that was commanded before it.

    Raises ProviderError.
    """
    panel = panel_of(screen)
    async with panel.in_order:
        jobs = await screen.services.of_queue(lambda: panel.queue.send(command))
    panel.look()
    return jobs


async def _shown(screen: MainScreen) -> tuple[int, ...]:
    return await _ids(screen, panel_of(screen).shown.states)


async def _ids(screen: MainScreen, states: tuple[JobState, ...]) -> tuple[int, ...]:
    queue = panel_of(screen).queue
    return await screen.services.of_queue(lambda: queue.ids(states))


def _counted(count: int) -> str:
    return "1 transfer is" if count == 1 else f"{count:,} transfers are"
