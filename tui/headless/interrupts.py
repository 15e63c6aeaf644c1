"""Being told to end, by whatever signal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def terminated_as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: the queue is kept."""
    previous: list[tuple[signal.Signals, Callable[[int, FrameType | None], object] | int | None]]
    previous = []

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    try:
        for name in names:
            number = signal.Signals[name]
            previous.append((number, signal.signal(number, interrupt)))
        yield
    finally:
        for number, handler in previous:
            signal.signal(number, handler)
