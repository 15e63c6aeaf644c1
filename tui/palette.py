"""Every action by its words, for who does not know the key: Textual's palette over our table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.widget import Widget

from tui.key_map import shown_keys
from tui.keys import Key, Where
from tui.widgets.transfer_panel import TransferPanel

if TYPE_CHECKING:
    from tui.app import WharfieApp
    from tui.screens.main import MainScreen


class Actions(Provider):
    """All actions with their keys; what is chosen is done where it belongs."""

    async def discover(self) -> Hits:
        for key in self._keys:
            yield DiscoveryHit(_words(key), partial(self._do, key), text=key.label)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for key in self._keys:
            words = f"{key.label}: {key.help}"
            if score := matcher.match(words):
                yield Hit(score, _words(key), partial(self._do, key), text=words)

    @property
    def _services(self) -> WharfieApp:
        return cast("WharfieApp", self.app)

    @property
    def _keys(self) -> list[Key]:
        return [key for key in self._services.key_map.keys if key.name != "palette"]

    async def _do(self, key: Key) -> None:
        main = self._services.main
        if main is not None:
            await self.app.run_action(key.binding, default_namespace=_owner(main, key.where))


def _owner(main: MainScreen, where: Where) -> Widget:
    if where is Where.LIST:
        return main.active.list
    if where is Where.PANE:
        return main.active
    panel = main.query_one(TransferPanel)
    return {Where.PANEL: panel, Where.JOBS: panel.view}.get(where, main)


def _words(key: Key) -> Text:
    keys = " ".join(shown_keys(key.keys))
    return Text.assemble((f"{keys:<14} ", "bold"), key.label, (f"  {key.help}", "dim"))
