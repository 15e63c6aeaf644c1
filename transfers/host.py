"""The process that owns a queue: it serves its engine to screens and shells (faults.md 5).

One thread reads each client, one writes to it and one carries out its commands: a frozen client
holds up nobody, and a command that waits for the disk holds up no snapshot.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener
from pathlib import Path

from transfers.attendant import Attendant
from transfers.engine import Engine
from transfers.model import Pause
from transfers.socket_address import (
    Intruder,
    NoHost,
    addresses,
    dial,
    hang_up,
    make_key,
    make_room,
    remove,
    welcome,
)

GRACE_SECONDS = 5.0  # without a client and without work, before a host ends
_LOOK_SECONDS = 0.5
_LOG = logging.getLogger("wharfie.host")


class Host:
    """Serves `engine`, which holds the lock of the queue in `directory`. `clock` is monotonic."""

    def __init__(
        self,
        engine: Engine,
        directory: Path,
        *,
        grace: float = GRACE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Listen from now on. Raises OSError, Intruder where that cannot be."""
        self._engine = engine
        self._directory = directory
        self._grace = grace
        self._clock = clock
        self._key = make_key(directory)
        self._address, self._listener = _listen(directory)
        self._lock = threading.Lock()
        self._attendants: set[Attendant] = set()
        self._ended = threading.Event()
        threading.Thread(target=self._accept_all, name="host-accept", daemon=True).start()

    def run(self) -> None:
        """Serve until told to stop, or until nobody is there and nothing can go on by itself."""
        idle_since: float | None = None
        while not self._ended.wait(_LOOK_SECONDS):
            now = self._clock()
            if not self._engine.running:
                return
            if self.clients or not self._engine.idle:
                idle_since = None
            elif idle_since is None:
                idle_since = now
            elif now - idle_since >= self._grace:
                return

    def stop(self, *, pause: bool = False) -> None:
        """Have `run` return; with `pause` every job is paused first."""
        if pause:
            with suppress(RuntimeError):
                self._engine.send(Pause())
        self._ended.set()

    def close(self) -> None:
        """Hang up on everybody and listen no longer."""
        self._ended.set()
        with suppress(NoHost, Intruder, OSError, AuthenticationError):
            dial(self._directory).close()  # wakes the thread that accepts
        self._listener.close()
        remove(self._address)
        with self._lock:
            attendants = list(self._attendants)
        for attendant in attendants:
            attendant.close()

    @property
    def clients(self) -> int:
        """How many are connected."""
        with self._lock:
            return len(self._attendants)

    def _accept_all(self) -> None:
        while not self._ended.is_set():
            try:
                connection = self._listener.accept()
            except OSError:
                if self._ended.is_set():
                    return
                _LOG.exception("a client could not be taken")
                self._ended.wait(_LOOK_SECONDS)
                continue
            thread = threading.Thread(
                target=self._serve, args=(connection,), name="host-client", daemon=True
            )
            thread.start()

    def _serve(self, connection: Connection) -> None:
        """One client from its first word to its last."""
        try:
            welcome(connection, self._key)
        except (OSError, EOFError, AuthenticationError, Intruder) as error:
            if not self._ended.is_set():
                _LOG.warning("a client was turned away: %s", error)
            connection.close()
            return
        attendant = Attendant(connection, self._engine, self.stop)
        with self._lock:
            if self._ended.is_set():
                hang_up(connection)
                return
            self._attendants.add(attendant)
        try:
            attendant.run()
        finally:
            with self._lock:
                self._attendants.discard(attendant)
            attendant.close()


@contextmanager
def hosted(engine: Engine, directory: Path) -> Iterator[Host]:
    """Others may see and steer `engine` for the length of the block."""
    host = Host(engine, directory)
    try:
        yield host
    finally:
        host.close()


def _listen(directory: Path) -> tuple[str, Listener]:
    failure: OSError | None = None
    for address in addresses(directory):
        make_room(address)
        try:
            listener = Listener(address, backlog=16)
        except OSError as error:  # a file system without sockets
            failure = error
            continue
        if address.startswith("/"):
            Path(address).chmod(0o600)
        return address, listener
    raise failure or OSError(f"no place for a socket for {directory}")
