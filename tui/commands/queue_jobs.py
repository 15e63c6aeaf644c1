"""What keys do with one transfer: all about it, and to where it comes from or goes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from providers.base import Place
from transfers.history import History
from transfers.model import JobState, Row
from tui.background import in_thread
from tui.commands.queue import panel_of
from tui.screens.job import JobScreen, Leave
from tui.sign_in import show
from tui.slow_line import is_slow
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

_LOOK_SECONDS = 1.0
_SLOWER = 5  # times, where the screen is drawn over a slow line: all facts are drawn anew


async def enter(screen: MainScreen, pane: FilePane) -> None:
    """Answer what a parked transfer asks; of another, show all about it."""
    row = panel_of(screen).view.current()
    if row is not None and row.job.state is JobState.PARKED:
        panel_of(screen).action_question()
    else:
        await details(screen, pane)


async def details(screen: MainScreen, pane: FilePane) -> None:
    """Show all about the transfer under the cursor, while it goes on."""
    row, queue = panel_of(screen).view.current(), panel_of(screen).queue
    if row is None:
        return
    number = row.job.id

    def look() -> tuple[Row | None, History]:
        return queue.row(number), queue.history(number)

    async def ask() -> tuple[Row | None, History]:
        return await screen.services.of_queue(look)

    interval = _LOOK_SECONDS * (_SLOWER if is_slow(os.environ) else 1)
    leave = await show(screen.app, JobScreen(row, ask, interval=interval))
    if leave is Leave.TO_TARGET:
        await _open(screen, pane, row.job.target)
    elif leave is Leave.TO_SOURCE:
        await _open(screen, pane, row.job.source)


async def open_target(screen: MainScreen, pane: FilePane) -> None:
    """Go to the folder that the transfer under the cursor brings its file into."""
    row = panel_of(screen).view.current()
    if row is not None:
        await _open(screen, pane, row.job.target)


async def open_source(screen: MainScreen, pane: FilePane) -> None:
    """Go to the folder that the transfer under the cursor takes its file from."""
    row = panel_of(screen).view.current()
    if row is not None:
        await _open(screen, pane, row.job.source)


async def _open(screen: MainScreen, pane: FilePane, file: Place) -> None:
    """Show the folder of `file` in `pane`, the file under the cursor. Raises ProviderError."""
    connections = screen.services.connections
    provider = await in_thread(lambda: connections.open(file.endpoint))
    pane.open(Place(file.endpoint, provider.parent(file.path)), focus=file.path)
    pane.list.focus()
