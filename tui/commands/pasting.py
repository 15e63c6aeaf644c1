"""What a terminal pastes into the panes: files are copied after their plan, an address is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.base import Place
from providers.location import LOCAL
from tui import pasted
from tui.background import in_thread
from tui.commands.copying import Order, carry_out
from tui.commands.places import ask_where_to
from tui.selection import Group
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

_NEITHER = "That names no files of this computer, nor a place to go to: nothing was done."
_HERE = "Those files are in this folder already. Go where they are to be copied to."


async def paste(screen: MainScreen, pane: FilePane, text: str) -> None:
    """Plan the copy of the files that `text` names into `pane`, or ask whether to go where it
    says. It does nothing by itself, and shows nothing of other text."""
    if there := pasted.address(text):
        await ask_where_to(screen, pane, there)
        return
    paths = await in_thread(lambda: pasted.paths(text))
    if not paths:
        screen.say(_NEITHER)
        return
    if not pane.read_once or pane.search is not None:
        screen.say("This pane shows no folder to copy into. Open one first.")
        return
    here = screen.services.connections.open(LOCAL)
    entries = await in_thread(lambda: [here.stat(here.resolve(path)) for path in paths])
    inside = [Place(LOCAL, here.parent(entry.path)) == pane.place for entry in entries]
    if all(inside):
        screen.say(_HERE)
        return
    await carry_out(screen, Order([Group(LOCAL, tuple(entries))], pane.place))
