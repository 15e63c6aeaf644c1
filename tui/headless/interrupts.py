"""Being told to end, by whatever signal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_Handler = Callable[[int, FrameType | None], object] | int | None


@contextmanager
def terminated_as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: the queue is kept.

    Once told, it is ending: being told again cuts nothing short, to the end of the process.
    """
    previous: list[tuple[signal.Signals, _Handler]] = []

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number, _ in previous:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    for name in names:
        number = signal.Signals[name]
        previous.append((number, signal.signal(number, interrupt)))
    try:
        yield
    except KeyboardInterrupt:
        raise  # the handlers stay as they are
    except BaseException:
        _restore(previous)
        raise
    _restore(previous)


def _restore(previous: list[tuple[signal.Signals, _Handler]]) -> None:
    for number, handler in previous:
        signal.signal(number, handler)
