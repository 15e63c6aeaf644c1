"""Synchronised browsing: a folder entered or left in one pane is entered or left in the other.

`_base` is where both panes were last in step. Where the other pane does not have a folder it stays,
and goes on once this one is back in step. Going anywhere but up or down ends it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from providers.base import Kind, Place, Provider
from providers.errors import InvalidName, NotFound, ProviderError, WrongKind
from providers.text import printable
from tui import in_step
from tui.background import instead
from tui.in_step import Steps
from tui.listing import How
from tui.widgets.file_pane import FilePane
from tui.widgets.pane_going import PaneGoing
from tui.widgets.path_bar import PathBar

if TYPE_CHECKING:
    from tui.screens.main import MainScreen


async def synchronise(screen: MainScreen, pane: FilePane) -> None:
    """Begin or end synchronised browsing."""
    together = screen.together
    if together.on:
        together.end("Synchronised browsing has ended.")
    elif all(each.read_once for each in screen.panes):
        together.begin()
    else:
        screen.say("Both panes must show a folder first.")


class Together:
    """What the main screen knows of it."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._base: dict[PaneGoing, Place] = {}  # empty while it is off
        self._coming: dict[PaneGoing, Place] = {}  # what it is once the other pane has followed

    @property
    def on(self) -> bool:
        return bool(self._base)

    def begin(self) -> None:
        self._base = {pane: pane.place for pane in self._screen.panes}
        self._show()
        self._screen.say("Both panes go up and down together. y ends it.")

    def end(self, text: str) -> None:
        self._base = {}
        self._show()
        self._screen.say(text)

    def _show(self) -> None:
        for pane in self._screen.panes:
            pane.query_one(PathBar).show_in_step(self.on)

    def arrived(self, pane: PaneGoing, how: How) -> None:
        """`pane` shows another place than before."""
        if not self.on:
            return
        if how is How.FOLLOW:
            self._followed(pane)
            return
        steps = in_step.between(pane.provider, self._base[pane], pane.place)
        if steps is None or how is How.RESUME:
            self.end("Synchronised browsing has ended: one pane went somewhere else.")
        elif steps != Steps():
            work = partial(self._follow, pane, pane.place, self._base[self._other(pane)], steps)
            instead(self._screen, work, "in step")

    def _followed(self, pane: PaneGoing) -> None:
        if self._coming.get(pane) == pane.place:
            self._base = self._coming

    def _other(self, pane: PaneGoing) -> FilePane:
        left, right = self._screen.panes
        return right if pane is left else left

    async def _follow(self, leader: PaneGoing, at: Place, base: Place, steps: Steps) -> None:
        """Have the other pane, which was at `base`, do the steps that led `leader` to `at`."""
        services, other = self._screen.services, self._other(leader)
        name = printable(steps.down[-1]) if steps.down else ""
        try:
            provider = services.connections.open(base.endpoint)
            path = in_step.after(provider, base.path, steps)
            there = path is not None and await services.sign_in.call(
                lambda: not steps.down or _is_folder(provider, path)
            )
        except InvalidName:
            there = False
        except ProviderError as error:
            self._screen.say(str(error), "error")
            return
        if path is not None and there:
            place = Place(base.endpoint, path)
            self._coming = {leader: at, other: place}
            other.open(place, focus=base.path if steps.up else None, how=How.FOLLOW)
        elif steps.down:
            self._screen.say(f"The other pane has no folder “{name}”: it stays where it is.")
        else:
            self._screen.say("The other pane is at its top folder: it stays where it is.")


def _is_folder(provider: Provider, path: str) -> bool:
    """Blocking. Raises ProviderError where it cannot be told."""
    try:
        return provider.stat(path, follow=True).kind is Kind.DIR
    except (NotFound, WrongKind):
        return False
