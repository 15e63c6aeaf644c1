"""Keys pressed faster than a dialog opens: kept, and then given to the dialog.

On a slow line "F7 n e w Enter" comes in one piece. Without this the letters would reach the panes,
where they copy, move and delete.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import App


class TypeAhead:
    """The app shows every key to `keeps`; what was kept arrives again after `release`.

    `stop` is what Esc does while nothing has appeared: whether there was anything to stop.
    """

    def __init__(self, app: App[None], stop: Callable[[], bool] = lambda: False) -> None:
        self._app = app
        self._stop = stop
        self._keys: list[events.Key] = []
        self.holding = False

    def hold(self) -> None:
        """From now on keys are for something that is about to appear."""
        self.holding = True

    def keeps(self, event: events.Key) -> bool:
        """Whether `event` is kept for later; if not, it is for whoever has the focus."""
        if self.holding and event.key == "escape" and self._stop():
            self._keys.clear()
        elif self.holding:
            self._keys.append(events.Key(event.key, event.character))
        return self.holding

    def forget(self) -> None:
        """It takes so long that keys are for what is there: what was kept is for nobody."""
        self.holding = False
        self._keys.clear()

    def release(self) -> None:
        """It is there, or will not come: press the kept keys."""
        self.holding = False
        keys, self._keys = self._keys, []
        for key in keys:
            self._app.post_message(key)
