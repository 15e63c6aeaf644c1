"""What the system tells the screen: to end, or to stop for a while.


The terminal is given back first, between two steps of the loop: a handler that Python calls
wherever the main thread just is may find it within a lock that this needs, and wait for ever.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

_ENDING = [number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGHUP")]
_STOPPING = [number for number in signal.Signals if number.name == "SIGTSTP"]


def heed_signals(end: Callable[[], object]) -> None:
    """Have `end` called when told to end; told again, the process ends at once. Told to stop
    (Ctrl+Z), it does as Textual has it, and goes on with SIGCONT.

    Called within the app's loop, once Textual has the terminal. Windows has no such signals.
    """
    loop = asyncio.get_running_loop()

    def ending() -> None:
        for number in _ENDING:
            loop.remove_signal_handler(number)
        end()

    try:
        for number in _ENDING:
            loop.add_signal_handler(number, ending)
        for number in _STOPPING:
            if callable(textuals := signal.getsignal(number)):
                loop.add_signal_handler(number, textuals, number, None)
    except NotImplementedError:  # Windows
        return
