"""Looking for a name in the folder shown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def jump(screen: MainScreen, pane: FilePane) -> None:
    """Let letters of a name be typed; the cursor goes to what fits best."""
    pane.start_jump()
    there = asyncio.Event()
    screen.call_after_refresh(there.set)
    await there.wait()  # keys typed until then are for the field
