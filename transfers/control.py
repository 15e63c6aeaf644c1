"""How a running job is told to stop, and what it leaves behind for its next start."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from providers.records import dataclass
from transfers.meter import Gauge

if TYPE_CHECKING:
    from transfers.digests import Digests


class Stop(StrEnum):
    """Why a running job is to stop."""

    PAUSE = "pause"
    CANCEL = "cancel"
    QUIT = "quit"
    YIELD = "yield"  # it goes back to the queue, to be run on its own or by another thread


class Stopped(Exception):
    """Raised between two chunks after a stop was asked for."""

    def __init__(self, why: Stop) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the destination holds durably of an upload: the parts it acknowledged, in their order.

    Within one run `hasher` has taken in those bytes. After a restart it is None, and the bytes are
    proven before one more is sent (`transfers.resume`).
    """

    upload: str
    version: str | None  # of the source
    size: int | None  # of the source, bytes
    receipts: tuple[str, ...]
    offset: int  # bytes in those parts, from the start of the file on
    prefix: str  # SHA-256 of them, as read from the source
    hasher: Digests | None = None


class Control:
    """One running job's switch and gauge. The coordinator switches, the worker looks.

    `clock` is monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.gauge = Gauge()
        self.checkpoint: Checkpoint | None = None
        self.threads: set[int] = set()  # `threading.get_ident()` of each that works for this job
        self.moving = False  # bytes are to flow: standing still is trouble
        self.napped = 0.0  # seconds that the limiter held the bytes back
        self.stop_asked: float | None = None  # when, on the clock
        self._clock = clock
        self._stop: Stop | None = None
        self._wake = threading.Event()
        self._claim = threading.Lock()  # guards what follows
        self._touched = False
        self._over = False

    @contextmanager
    def moves(self) -> Iterator[None]:
        """For the length of the block bytes are to flow."""
        self.moving = True
        try:
            yield
        finally:
            self.moving = False

    def stop(self, why: Stop) -> None:
        """Ask for a stop. The first reason stands (quitting keeps a pause), but a cancel wins."""
        if self._stop is None or why is Stop.CANCEL:
            self._stop = why
            self.stop_asked = self._clock()
        self._wake.set()

    def touches(self) -> None:
        """Called before anything is made, moved or removed at either end.

        Raises Stopped when a stop was asked for: nothing may be touched, then.
        """
        with self._claim:
            self.check()
            self._touched = True

    def give_up(self) -> bool:
        """After a cancel: whether the run is over, as it has touched nothing and never will.

        Its worker may wait on for an answer; whatever that is, nobody hears of it.
        """
        with self._claim:
            over = not self._touched and not self._over
            self._over = self._over or over
            return over

    def ends(self) -> bool:
        """The worker has come to its end: whether that is news, or the run was given up."""
        with self._claim:
            news, self._over = not self._over, True
            return news

    @property
    def over(self) -> bool:
        return self._over

    def take_back_pause(self) -> None:
        if self._stop is Stop.PAUSE:
            self._stop = None
            self.stop_asked = None
            self._wake.clear()

    def check(self) -> None:
        """Raise Stopped when a stop was asked for."""
        if self._stop is not None:
            raise Stopped(self._stop)

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`, or until a stop is asked for: then raise Stopped."""
        before = self._clock()
        self._wake.wait(seconds)
        self.napped += self._clock() - before
        self.check()
