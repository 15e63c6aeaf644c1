"""The one queue of a home, for a command: of the process that works it, else worked right here."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from typing import TypeVar

from providers.access import Access
from providers.base import Provider
from providers.records import dataclass
from providers.registry import open_provider
from transfers.client import Client
from transfers.engine import Engine
from transfers.host import hosted
from transfers.lock import QueueInUse
from transfers.look import look
from transfers.model import Row, Snapshot
from transfers.queue_api import Queue
from transfers.reaching import NoHost
from tui.headless.attach import admit, attach
from tui.overview import all_rows
from tui.settings import Home

_Found = TypeVar("_Found")
_PATIENCE_SECONDS = 15.0  # for a process that starts or ends, and for its successor
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Reached:
    """`shared`: another process works `queue`. `connected`: what it says is how things stand.

    `alive`: somebody works it, or soon will. `busy`: it has work that somebody handed over.
    """

    queue: Queue
    shared: bool
    connected: Callable[[], bool]
    alive: Callable[[], bool]
    busy: Callable[[], bool] = lambda: False

    def finish_for_others(self) -> None:
        """Go on as long as jobs that other shells handed over to this process have work left."""
        if self.busy():
            told = "other shells' transfers go on here; Ctrl-C leaves them in the queue"
            print(f"wharfie: {told}", file=sys.stderr)
        while self.busy() and self.alive():
            time.sleep(_LOOK_SECONDS)


@contextmanager
def reach(
    home: Home,
    access: Access,
    *,
    serve: bool = False,
    workers: int | None = None,
    rate: int | None = None,
    opened: Callable[[str], Provider | None] = lambda endpoint: None,
) -> Iterator[Reached]:
    """The queue of `home`. Where nobody works it, an engine here does, for new jobs only.

    `serve`: that engine works, whatever was held before, and other shells see and steer it, too;
    else it starts nothing. `workers` and `rate` are its limits; None:
    as before. `opened`: a place that is open by now, which it then uses and closes: nobody signs in
    twice. Raises QueueInUse, JournalError.
    """

    def open_place(endpoint: str) -> Provider:
        return opened(endpoint) or open_provider(endpoint, access)

    found = _client_or_engine(home, access, open_place, workers, rate, held=not serve)
    if isinstance(found, Client):
        try:
            yield of_client(found)
        finally:
            found.close()
        return
    try:
        with hosted(found, home.queue) if serve else nullcontext():
            yield of_engine(found)
    finally:
        found.close()


def of_engine(engine: Engine) -> Reached:
    """The queue of this process."""

    def running() -> bool:
        return engine.running

    return Reached(engine, False, running, running, lambda: engine.busy)


def of_client(client: Client) -> Reached:
    """The queue of another process, which may go away and get a successor."""
    since = time.monotonic()

    def alive() -> bool:
        nonlocal since
        if client.connected:
            since = time.monotonic()
        return time.monotonic() - since < _PATIENCE_SECONDS

    return Reached(client, True, lambda: client.connected, alive)


def seen(home: Home, access: Access) -> tuple[Snapshot, Sequence[Row], bool]:
    """How the queue of `home` stands, every job, and whether a process works it; starts nothing.

    Raises QueueInUse, JournalError.
    """
    found = _client_or(home, access, lambda: look(home.queue))
    if isinstance(found, Snapshot):
        return found, found.rows, False
    with closing(found):
        return found.snapshot(0, 0), list(all_rows(found)), True


def _client_or_engine(
    home: Home,
    access: Access,
    open_place: Callable[[str], Provider],
    workers: int | None,
    rate: int | None,
    *,
    held: bool,
) -> Client | Engine:
    def engine() -> Engine:
        return Engine(
            home.queue,
            open_place,
            workers=workers,
            rate=rate,
            run_existing=False,
            held=held,
            admit=lambda grant: admit(access, grant),
        )

    return _client_or(home, access, engine)


def _client_or(home: Home, access: Access, otherwise: Callable[[], _Found]) -> Client | _Found:
    """Whichever there is. A process that is about to start or to end is waited for.

    Raises QueueSilent for one that does not answer, and what `otherwise` does.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return attach(home, access, start=False)
        except NoHost:
            pass
        try:
            return otherwise()
        except QueueInUse:
            if time.monotonic() > deadline:
                raise
        time.sleep(_LOOK_SECONDS)
