"""The process that owns a queue: it serves its engine to screens and shells (faults.md 5).

One thread reads each client, one writes to it and one carries out its commands: a frozen client
holds up nobody, and a command that waits for the disk holds up no snapshot.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from transfers.attendant import Attendant
from transfers.engine import Engine
from transfers.model import Pause
from transfers.reaching import Intruder
from transfers.socket_address import addresses, hang_up, make_key, make_room, remove, welcome

GRACE_SECONDS = 5.0  # without a client and without work, before a host ends
_LOOK_SECONDS = 0.5
_SHUT_SECONDS = 2.0
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
        self._grace = grace
        self._clock = clock
        self._key = make_key(directory)
        self._address, self._listener = _listen(directory)
        self._lock = threading.Lock()
        self._attendants: set[Attendant] = set()
        self._stopping = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._accepting = threading.Thread(target=self._accept_all, name="host-accept", daemon=True)
        self._accepting.start()

    def run(self) -> None:
        """Serve until told to stop, or until nobody is there and nothing can go on by itself.

        Afterwards nobody new is let in; who is there stays until `close`.
        """
        try:
            self._wait_for_the_end()
        finally:
            self._shut()

    def _wait_for_the_end(self) -> None:
        idle_since: float | None = None
        while not self._stopping:
            with suppress(queue.Empty):
                self._wake.get(timeout=_LOOK_SECONDS)
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
        """Have `run` return; with `pause` every job is paused first. Fit for a signal handler."""
        if pause:
            with suppress(RuntimeError):
                self._engine.send(Pause())
        self._stopping = True
        self._wake.put(None)  # takes no lock that the interrupted thread may hold

    def close(self) -> None:
        """Hang up on everybody and listen no longer."""
        self._shut()
        with self._lock:
            attendants = list(self._attendants)
        for attendant in attendants:
            attendant.close()

    def _shut(self) -> None:
        """While the queue's lock is held: afterwards the socket may be a successor's."""
        with self._lock:
            if self._ended.is_set():
                return
            self._ended.set()
        with suppress(OSError):
            Client(self._address).close()  # wakes the thread that accepts
        self._accepting.join(_SHUT_SECONDS)
        with suppress(FileNotFoundError):
            self._listener.close()
        remove(self._address)

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
            if self._ended.is_set():
                connection.close()
                return
            thread = threading.Thread(
                target=self._serve, args=(connection,), name="host-client", daemon=True
            )
            thread.start()

    def _serve(self, connection: Connection) -> None:
        """One client from its first word to its last."""
        try:
            welcome(connection, self._key)
        except (OSError, EOFError, AssertionError, AuthenticationError, Intruder) as error:
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
