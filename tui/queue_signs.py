"""What a person who looks elsewhere is told of the queue: in the title, by a bell, at its end."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from transfers.model import Snapshot
from tui.background import in_thread
from tui.choices import NOTIFY, PROGRESS, TerminalProgress
from tui.notify import program, run_program, signals
from tui.queue_end import LONG, End, QueueEnd
from tui.terminal import write
from tui.terminal_signs import TerminalSigns

if TYPE_CHECKING:
    from tui.app import WharfieApp


class QueueSigns:
    """Is shown every snapshot that the screen looks at."""

    def __init__(self, app: WharfieApp) -> None:
        self._app = app
        self._end = QueueEnd()
        on = app.chosen(PROGRESS) is TerminalProgress.ON
        self._signs = TerminalSigns(self._write, os.environ, time.monotonic, on=on)

    def note(self, queue: Snapshot) -> None:
        """Show how the queue stands; say when it has come to its end."""
        self._signs.show(queue)
        end = self._end.note(queue, time.monotonic())
        if end is not None:
            self._app.aside(end.sentence)
            if end.took >= LONG:
                self._call(end)

    def taken_back(self) -> str:
        """What leaves the terminal as it was, for whoever writes to it last."""
        return self._signs.end()

    def pause(self, _: object = None) -> None:
        """The screen is left for a while: the shell's title is the shell's."""
        self._write(self.taken_back())

    def _call(self, end: End) -> None:
        how = self._app.chosen(NOTIFY)  # each time: a person may have changed it meanwhile
        self._write(signals(end.sentence, how, os.environ))
        if command := program(end.sentence, how, os.environ):
            self._app.run_worker(in_thread(lambda: run_program(command)), group="notify")

    def _write(self, text: str) -> None:
        if text:
            write(self._app, text)
