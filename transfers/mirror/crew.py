"""Who asks both places: a few questions at once, as many as each finds polite."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from typing import TypeVar

from providers.base import Interruptible
from providers.errors import ConnectionLost, Throttled, Unreachable
from transfers.mirror.model import Side
from transfers.scan import ScanCancelled

_Answer = TypeVar("_Answer")
_MOST = 4  # questions at once to one place: a copy that runs meanwhile has the others
_WAITS = (0.5, 2.0, 8.0)  # seconds before a question is put again
_LONGEST_WAIT = 60.0
_LOOK = 0.1  # seconds between two looks at whether the person gave up


class Crew:
    """Threads for the questions of one comparison; to be closed. `cancelled` is asked often."""

    def __init__(self, left: Side, right: Side, cancelled: Callable[[], bool]) -> None:
        self._cancelled = cancelled
        self._over = threading.Event()
        self._busy: dict[int, Side] = {}
        self._turns = {
            id(side.provider): threading.BoundedSemaphore(
                max(1, min(_MOST, side.provider.caps.connections))
            )
            for side in (left, right)
        }
        self._pool = ThreadPoolExecutor(2 * _MOST, thread_name_prefix="compare")

    def submit(self, side: Side, ask: Callable[[], _Answer]) -> Future[_Answer]:
        """Have `ask` called, when it is the turn of another question to that place."""

        return self._pool.submit(self._asked, side, ask)

    def answer(self, asked: Future[_Answer]) -> _Answer:
        """Wait for it. Raises what the place raised, and ScanCancelled."""
        while True:
            if self._cancelled():
                raise ScanCancelled
            try:
                return asked.result(_LOOK)
            except NotYet:
                if asked.done():
                    raise

    def over(self) -> bool:
        """Whether nobody waits for answers any more: what asks for many looks at it in between."""
        return self._over.is_set()

    def close(self) -> None:
        """Let go of what is not asked yet, and end what is; nobody is waited for."""
        self._over.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        for thread, side in self._busy.copy().items():  # threads go on and off it meanwhile
            if isinstance(side.provider, Interruptible):
                side.provider.interrupt(thread)

    def _asked(self, side: Side, ask: Callable[[], _Answer]) -> _Answer:
        """Asked again where a connection was lost, or its place wants a rest that is short: of a
        thousand questions some meet that, and none of them changes anything."""
        for wait in _WAITS:
            try:
                with self._turn(side):
                    return ask()
            except Unreachable:
                raise
            except Throttled as error:
                wait = wait if error.retry_after is None else error.retry_after
                if wait > _LONGEST_WAIT:
                    raise
            except ConnectionLost:
                if self.over():
                    raise
            self._over.wait(wait)
        with self._turn(side):
            return ask()

    @contextmanager
    def _turn(self, side: Side) -> Iterator[None]:
        with self._turns[id(side.provider)]:
            if self.over():
                raise ScanCancelled
            me = threading.get_ident()
            self._busy[me] = side
            try:
                yield
            finally:
                del self._busy[me]
