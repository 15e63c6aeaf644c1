"""The life line of one connection: its deadlines, and how another thread ends it at once.

paramiko waits for ever in several places (faults.md 3). A socket that is shut down wakes whoever
waits for it, wherever that is; closing one in use would not, and its number might be another's
by the time it is noticed.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import paramiko

from providers.errors import AuthRequired, ConnectionLost
from providers.sftp.patience import USUAL, Patience

_NOTHING_MORE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_LOOK_AGAIN = 0.1  # seconds: who does not count may do so for long


def _nobody(missing: AuthRequired) -> bool:
    return False


def _none() -> float:
    return 0.0


class Wire:
    """One connection from its first packet to its last. Safe to cut from any thread.

    `asks` has a person asked for what is missing in the middle of a sign-in (`held.Asks`).
    `interrupted`: it was cut by somebody, not by a deadline. `below`: what waits now waits for the
    connection itself, and nothing but its end wakes it. `doubtful`: an answer did not come in time.
    """

    def __init__(self, endpoint: str, patience: Patience = USUAL) -> None:
        self.endpoint = endpoint
        self.patience = patience
        self.asks: Callable[[AuthRequired], bool] = _nobody
        self.interrupted = False
        self.below = False
        self.doubtful = False
        self._lock = threading.Lock()
        self._ends: list[Callable[[], None]] = []
        self._why: tuple[str, str] | None = None

    def carry(self, end: Callable[[], None]) -> None:
        """Have `end` called when the wire is cut; it must not wait. Raises ConnectionLost."""
        with self._lock:
            self._ends.append(end)
        self.check()

    def cut(self) -> None:
        """End it: who waits for it gets ConnectionLost. Never waits."""
        self.interrupted = True
        self._end("the connection was ended here", "")

    def _end(self, what: str, advice: str) -> None:
        with self._lock:
            if self._why is not None:
                return
            self._why = (what, advice)
            ends = tuple(self._ends)
        for end in ends:
            end()

    @property
    def is_cut(self) -> bool:
        return self._why is not None

    def check(self) -> None:
        """Raise ConnectionLost when it was cut."""
        if self._why is not None:
            what, advice = self._why
            raise ConnectionLost(self.endpoint, what, advice=advice)

    @contextmanager
    def within(self, seconds: float, beside: Callable[[], float] = _none) -> Iterator[None]:
        """Cut it when the block takes longer; `beside`: seconds of that which do not count.

        Raises ConnectionLost for whatever came of a cut.
        """
        self.check()
        over = threading.Event()
        watch = threading.Thread(
            target=self._watch, args=(seconds, beside, over), name="deadline", daemon=True
        )
        watch.start()
        try:
            yield
        except (paramiko.SSHException, OSError, EOFError):
            self.check()
            raise
        finally:
            over.set()
            watch.join()
        self.check()

    def _watch(self, seconds: float, beside: Callable[[], float], over: threading.Event) -> None:
        until = time.monotonic() + seconds
        while (left := until + beside() - time.monotonic()) > 0:
            if over.wait(max(left, _LOOK_AGAIN)):
                return
        self._expire(seconds)

    def _expire(self, seconds: float) -> None:
        self.doubtful = True
        self._end(
            f"the server did not answer within {seconds:g} seconds",
            "It may be overloaded, or not an SSH server; check the port and try later.",
        )


def shut_down(connected: socket.socket | paramiko.Channel) -> None:
    """Wake whoever waits for `connected`. Nothing to shut down is fine."""
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def give_up(connected: socket.socket) -> None:
    """As `shut_down`, and what was not sent yet never is, once it is closed: a request that came
    when the network is back would be carried out behind those that took its place."""
    with suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOTHING_MORE)
    shut_down(connected)
