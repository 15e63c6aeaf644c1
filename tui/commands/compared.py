"""Comparing the folders of both panes, and what the panes show of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def compare(screen: MainScreen, pane: FilePane) -> None:
    """Compare them, and make one like the other as a person decides."""
    # Imported late: what walks two trees, and its screens, would cost every start.
    from tui.commands import mirroring

    await mirroring.compare(screen, pane)


async def mark_differing(screen: MainScreen, pane: FilePane) -> None:
    """Mark what a comparison found new, newer or different in this pane."""
    if not pane.list.signs:
        key = screen.services.key_map.named("compare")
        screen.say(f"Nothing was compared here: {key} compares both folders.")
        return
    pane.list.mark([entry for entry in pane.list.rows if pane.list.signs.calls_for(entry)])
