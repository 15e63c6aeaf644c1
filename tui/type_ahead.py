"""Keys that come faster than what they do: one after the other, and kept for what is about to come.

On a slow line "F7 n e w Enter" comes in one piece. Textual hands every key of it to whoever has the
focus at that moment, before the first has done anything, so the letters would reach the panes,
where they copy, move and delete. Here a key is handed on when the one before it has been dealt
with, and none at all while a dialog is about to open.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from textual import events
from textual.dom import DOMNode
from textual.message import Message

LONGEST = 0.25  # seconds for one key: what it was for may be gone, and then nobody says so

Typed = events.Key | events.Paste


class Passed(Message):
    """Goes the way of a key, behind it: where this arrives, the key has been dealt with."""

    def __init__(self, turn: int) -> None:
        super().__init__()
        self.turn = turn


class TypeAhead:
    """The app shows what is typed to `delays`, what nobody took on its way to `keeps`, and each
    `Passed` to `passed`.

    `hand_on` gives what had to wait to whoever has the focus. `stop` is what Esc does while nothing
    has appeared: whether there was anything to stop.
    """

    def __init__(
        self, hand_on: Callable[[Typed], object], stop: Callable[[], bool] = lambda: False
    ) -> None:
        self._hand_on = hand_on
        self._stop = stop
        self._waiting: deque[Typed] = deque()
        self._busy = False  # something that was typed is being dealt with
        self._turn = 0  # counts what was handed on
        self._late: asyncio.TimerHandle | None = None
        self.holding = False

    def hold(self) -> None:
        """From now on keys are for something that is about to appear."""
        self.holding = True

    def delays(self, event: Typed) -> bool:
        """Whether `event` has to wait: for the one before it, or for what is about to appear.

        If not, `handed_to` is to be told to whom it went.
        """
        if self._escapes(event):
            return True
        if self.holding or self._busy or self._waiting:
            self._waiting.append(event)
            return True
        self._busy = True
        return False

    def keeps(self, event: events.Key) -> bool:
        """Whether `event`, which nobody took, is kept: it was on its way when `hold` was called."""
        if self.holding and not self._escapes(event):
            self._waiting.appendleft(events.Key(event.key, event.character))
        return self.holding

    def _escapes(self, event: Typed) -> bool:
        escape = isinstance(event, events.Key) and event.key == "escape"
        if self.holding and escape and self._stop():
            self._waiting.clear()
            return True
        return False

    def handed_to(self, receiver: DOMNode) -> None:
        """Something that was typed is on its way from `receiver` up."""
        self._turn += 1
        loop = asyncio.get_running_loop()
        self._late = loop.call_later(LONGEST, self.passed, self._turn)
        if not receiver.post_message(Passed(self._turn)):
            self.passed(self._turn)

    def passed(self, turn: int) -> None:
        """What was handed on as number `turn` has been dealt with."""
        if turn == self._turn and self._late is not None:
            self._late.cancel()
            self._late = None
            self._busy = False
            self._next()

    def forget(self) -> None:
        """It takes so long that keys are for what is there: what was kept is for nobody."""
        self.holding = False
        self._waiting.clear()

    def release(self) -> None:
        """It is there, or will not come: press the kept keys."""
        self.holding = False
        self._next()

    def _next(self) -> None:
        if self._waiting and not self.holding and not self._busy:
            self._busy = True
            self._hand_on(self._waiting.popleft())
