"""How a running job is told to stop, and what it leaves behind for its next start."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from transfers.meter import Gauge

if TYPE_CHECKING:
    from hashlib import _Hash


class Stop(StrEnum):
    """Why a running job is to stop."""

    PAUSE = "pause"
    CANCEL = "cancel"
    QUIT = "quit"


class Stopped(Exception):
    """Raised between two chunks after a stop was asked for."""

    def __init__(self, why: Stop) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The parts that the destination has acknowledged, and the source's digest up to there.

    Kept in memory for a pause or a retry within one run; a restart proves the prefix or begins
    anew.
    """

    upload: str
    version: str | None  # of the source
    size: int | None  # of the source, bytes
    part_size: int
    receipts: tuple[str, ...]
    offset: int  # bytes in those parts; the last one may be shorter than part_size
    hasher: _Hash


class Control:
    """One running job's switch and gauge. The coordinator switches, the worker looks."""

    def __init__(self) -> None:
        self.gauge = Gauge()
        self.checkpoint: Checkpoint | None = None
        self._stop: Stop | None = None
        self._wake = threading.Event()

    def stop(self, why: Stop) -> None:
        """Ask for a stop. The first reason stands (quitting keeps a pause), but a cancel wins."""
        if self._stop is None or why is Stop.CANCEL:
            self._stop = why
        self._wake.set()

    def take_back_pause(self) -> None:
        if self._stop is Stop.PAUSE:
            self._stop = None
            self._wake.clear()

    @property
    def pausing(self) -> bool:
        return self._stop is Stop.PAUSE

    def check(self) -> None:
        """Raise Stopped when a stop was asked for."""
        if self._stop is not None:
            raise Stopped(self._stop)

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`, or until a stop is asked for: then raise Stopped."""
        self._wake.wait(seconds)
        self.check()
