"""What a test of the host and its clients is given: an engine that holds still, ways to wait."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from providers.base import Place
from providers.memory import MemoryProvider, Store
from transfers.client import Client
from transfers.engine import Engine
from transfers.host import Host
from transfers.model import Enqueue, Hold, NewJob, Op
from transfers.socket_address import dial

LAST_RESORT = 60.0  # seconds: only reached when a test fails


@contextmanager
def short_directory() -> Iterator[Path]:
    """A private directory whose path leaves room for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="wf-") as directory:
        yield Path(directory).resolve()


@contextmanager
def engine_in(directory: Path) -> Iterator[Engine]:
    """An engine that starts nothing: its jobs stay as they are put."""
    engine = Engine(directory, lambda endpoint: MemoryProvider(Store()))
    try:
        engine.send(Hold())
        yield engine
    finally:
        engine.close()


@contextmanager
def client_of(directory: Path) -> Iterator[Client]:
    client = Client(lambda: dial(directory))
    try:
        yield client
    finally:
        client.close()


@contextmanager
def running(host: Host) -> Iterator[threading.Thread]:
    """`host.run` in a thread of its own."""
    thread = threading.Thread(target=host.run, name="run", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        host.stop()
        thread.join(LAST_RESORT)
        host.close()
        assert not thread.is_alive()


def new_jobs(count: int, name: str = "f") -> tuple[NewJob, ...]:
    return tuple(
        NewJob(
            Op.COPY,
            Place("memory://l", f"/{name}{number}"),
            Place("memory://r", f"/{name}{number}"),
        )
        for number in range(count)
    )


def plan(count: int, name: str = "f") -> Enqueue:
    return Enqueue(new_jobs(count, name))


def until(holds: Callable[[], object]) -> None:
    """Wait for what another thread or process does, and tells nobody."""
    pause = threading.Event()
    for _ in range(int(LAST_RESORT / 0.02)):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come to that")
