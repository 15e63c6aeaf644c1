"""Marking by pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.prompt import PromptScreen
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def mark_matching(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a pattern and mark what it matches."""
    await _by_pattern(screen, pane, marked=True)


async def unmark_matching(screen: MainScreen, pane: FilePane) -> None:
    """Ask for a pattern and take the marks of what it matches away."""
    await _by_pattern(screen, pane, marked=False)


async def _by_pattern(screen: MainScreen, pane: FilePane, *, marked: bool) -> None:
    title = "Mark" if marked else "Unmark"
    pattern = await show(screen.app, PromptScreen(title, "Pattern", "*"))
    if pattern:
        pane.mark_matching(pattern, marked)
