"""A deletion before anything is gone: what is below the chosen entries is counted meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from providers.errors import ProviderError
from tui.screens.confirm import ConfirmScreen
from tui.screens.dialog import Says
from tui.weighing import Weigh, Weight


class DeletePlanScreen(ConfirmScreen):
    """As `ConfirmScreen`; `weigh` begins at once and ends with the dialog. Nobody has to wait for
    it."""

    def __init__(
        self, title: str, lines: Sequence[str], action: str, weigh: Weigh, *, dangerous: bool = True
    ) -> None:
        super().__init__(title, lines, action, dangerous=dangerous)
        self.weigh = weigh

    def body(self) -> ComposeResult:
        yield from super().body()
        yield Says(id="weight")

    def on_mount(self) -> None:
        self.run_worker(self._weigh(), group="weigh")

    async def _weigh(self) -> None:
        says = self.query_one("#weight", Says)

        def report(weight: Weight) -> None:
            if self.is_attached:
                says.say(f"All in all: {weight} so far …", "gap dim")

        says.say("All in all: counting …", "gap dim")
        try:
            weight = await self.weigh(report)
        except ProviderError as error:
            says.say(f"It could not be counted. {error.path}: {error.what}.", "gap dim")
        else:
            says.say(f"All in all: {weight}.", "gap strong")
