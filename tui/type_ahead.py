"""Keys pressed faster than a dialog opens: kept, and then given to the dialog.

On a slow line "F7 n e w Enter" comes in one piece. Without this the letters would reach the panes,
where they copy, move and delete.
"""

from __future__ import annotations

from textual import events
from textual.app import App


class TypeAhead:
    """The app shows every key to `keeps`; what was kept arrives again after `release`."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._keys: list[events.Key] = []
        self._holding = False

    def hold(self) -> None:
        """From now on keys are for something that is about to appear."""
        self._holding = True

    def keeps(self, event: events.Key) -> bool:
        """Whether `event` is kept for later; if not, it is for whoever has the focus."""
        if self._holding:
            self._keys.append(events.Key(event.key, event.character))
        return self._holding

    def release(self) -> None:
        """It is there, or will not come: press the kept keys."""
        self._holding = False
        keys, self._keys = self._keys, []
        for key in keys:
            self._app.post_message(key)
