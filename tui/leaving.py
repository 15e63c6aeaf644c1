"""Quitting: what becomes of unfinished transfers, and the sentence that is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from providers.errors import ProviderError
from transfers.model import Hold, Snapshot
from tui.choices import ON_QUIT, OnQuit
from tui.overview import at_work
from tui.screens.quit import Leave, QuitAnswer, QuitScreen, counted
from tui.settings_file import SettingsFile
from tui.sign_in import show

if TYPE_CHECKING:
    from tui.app import WharfieApp

_PATIENCE_SECONDS = 5.0
_GOES_ON = "H in the next wharfie goes on, or wharfie queue run"
_REMEMBERED = {OnQuit.KEEP: Leave.KEEP, OnQuit.STOP: Leave.STOP}


class Leaving:
    """`pause_and_stop` ends the background process that works the queue, all transfers paused;
    None: there is none, the queue ends with the screen. `settings` remembers the answer.

    `lines` are for the normal screen, once the panes are gone; safe to print. `told_to_end`: the
    system said so (by a signal), and nobody was asked.
    """

    def __init__(
        self,
        app: WharfieApp,
        pause_and_stop: Callable[[], object] | None,
        settings: SettingsFile | None,
    ) -> None:
        self.lines: list[str] = []
        self.told_to_end = False
        self._app = app
        self._pause_and_stop = pause_and_stop
        self._settings = settings
        self._busy = False

    def at_once_as_told(self) -> None:
        """The system said so: nobody is asked."""
        self.told_to_end = True
        self._app.exit()

    async def quit(self, *, insist: bool = False) -> None:
        """Leave, asking first while transfers run. Only in a Textual worker.

        Called again meanwhile, with `insist`, it leaves at once: a queue that does not answer holds
        nobody here.
        """
        if self._busy:
            if insist:
                self._at_once()
            return
        self._busy = True
        try:
            if await self._may_leave():
                self._app.exit()
        finally:
            self._busy = False

    def _at_once(self) -> None:
        if isinstance(self._app.screen, QuitScreen):
            self._app.screen.again()
        else:
            self._app.exit()

    async def _may_leave(self) -> bool:
        try:
            asked = self._app.of_queue(lambda: self._app.queue.snapshot(0, 0))
            queue = await asyncio.wait_for(asked, _PATIENCE_SECONDS)
        except ProviderError as error:
            self.lines.append(str(error))
            return True
        except TimeoutError:
            self.lines.append("The queue does not answer; what is in it is kept.")
            return True
        count = at_work(queue)
        if not count:
            return True
        answer = self._remembered() or await self._ask(queue, count)
        if answer is None:
            return False
        await self._carry_out(answer, count)
        return True

    def _remembered(self) -> QuitAnswer | None:
        if self._settings is None or self._pause_and_stop is None:
            return None
        try:
            leave = _REMEMBERED.get(self._settings.get(ON_QUIT))
        except ProviderError as error:
            self._app.say_error(error)
            return None
        return None if leave is None else QuitAnswer(leave)

    async def _ask(self, queue: Snapshot, count: int) -> QuitAnswer | None:
        resting = queue.totals.unfinished - count
        background = self._pause_and_stop is not None
        return await show(self._app, QuitScreen(count, resting, background=background))

    async def _carry_out(self, answer: QuitAnswer, count: int) -> None:
        """Raises ProviderError when the queue cannot be told: then nobody leaves."""
        stop = self._pause_and_stop
        if answer.leave is Leave.KEEP:
            verb = "goes" if count == 1 else "go"
            noun = "transfer" if count == 1 else "transfers"
            told = f"{count:,} {noun} {verb} on in the background: wharfie attach shows them."
        elif answer.leave is Leave.FINISH:
            await self._app.of_queue(lambda: self._app.queue.send(Hold()))
            told = await self._finishing()
        elif stop is not None:
            await self._app.of_queue(stop)
            told = f"{counted(count)} paused: wharfie queue resume and run go on with them."
        else:
            return
        self.lines.append(told)
        if answer.remember:
            self._remember(answer.leave)

    async def _finishing(self) -> str:
        """Told by what runs now: some may have finished while a person thought about it."""
        now = await self._app.of_queue(lambda: self._app.queue.snapshot(0, 0))
        if running := now.totals.running:
            return (
                f"{counted(running)} being finished in the background, then the queue is held: "
                f"{_GOES_ON}."
            )
        if left := now.totals.unfinished:
            return f"Nothing runs any more; {counted(left)} left and held: {_GOES_ON}."
        return "Every transfer has ended."

    def _remember(self, leave: Leave) -> None:
        choice = next(on_quit for on_quit, each in _REMEMBERED.items() if each is leave)
        try:
            if self._settings is not None:
                self._settings.set(ON_QUIT, choice)
        except ProviderError as error:
            self.lines.append(str(error))
