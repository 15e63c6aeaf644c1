"""The one owner of the queue: a coordinator thread that alone writes the journal, and workers."""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from providers.base import Provider
from transfers.coordinator import Coordinator
from transfers.files import sync_directory
from transfers.history import History
from transfers.journal import Journal
from transfers.lock import QueueLock
from transfers.messages import Asked, Inbox, Quit, Sent
from transfers.model import Command, Grant, JobState, Row, Snapshot
from transfers.queue_api import Listener
from transfers.runs import Tuning
from transfers.view import View
from transfers.watchdog import LOW_SPEED, LowSpeed

JOURNAL_NAME = "queue.db"
_QUIT_SECONDS = 5.0
_ALIVE_SECONDS = 1.0
_LOG = logging.getLogger("wharfie.queue")
T = TypeVar("T")
_STOPPED = (
    "The queue stopped because of a mistake in Wharfie. Nothing is lost: start it again; the log "
    "has the details."
)


class Engine:
    """Runs the queue in `directory` (made 0700) within this process: implements `queue_api.Queue`.

    `open_provider` connects to an endpoint. `run_existing`: work jobs of an earlier run as well.
    `held`: whether anything is started but what removes unfinished bytes; None: as a person left it
    (`model.Hold`), in this run or an earlier one.
    `admit` takes what a person gives to get in; `random` (0 to 1) spreads the delays of retries.
    Raises QueueInUse, JournalError.
    """

    def __init__(
        self,
        directory: Path,
        open_provider: Callable[[str], Provider],
        *,
        workers: int | None = None,
        rate: int | None = None,
        run_existing: bool = True,
        held: bool | None = None,
        admit: Callable[[Grant], None] = lambda grant: None,
        random: Callable[[], float] = random.random,
        low_speed: LowSpeed = LOW_SPEED,
    ) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(OSError):  # a folder above it that may not be read
            sync_directory(directory.parent)
        self._lock = QueueLock(directory)
        self._admit = admit
        self._inbox: Inbox = queue.SimpleQueue()
        self._view = View(time.monotonic)
        self._closing = threading.Event()
        tuning = Tuning(workers, rate, random, low_speed)

        def prepare() -> Coordinator:
            journal = Journal(directory / JOURNAL_NAME)
            coordinator = Coordinator(
                journal, self._inbox, self._view, open_provider, tuning, self._closing
            )
            coordinator.load(run_existing, held)
            return coordinator

        self._start(prepare)

    def _start(self, prepare: Callable[[], Coordinator]) -> None:
        """Have the coordinator prepared, and then run, by a thread of its own: the journal is that
        thread's. Raises what preparing raised."""
        started: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._coordinate, args=(prepare, started), name="coordinator", daemon=True
        )
        self._thread.start()
        self._keeper = threading.Thread(target=self._keep_lock, name="queue-lock", daemon=True)
        self._keeper.start()
        failure = started.get()
        if failure is not None:
            self._closing.set()
            self._keeper.join()
            raise failure

    def _coordinate(
        self,
        prepare: Callable[[], Coordinator],
        started: queue.SimpleQueue[Exception | None],
    ) -> None:
        try:
            coordinator = prepare()
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            started.put(error)
            return
        started.put(None)
        try:
            coordinator.run()
        except Exception:
            _LOG.exception("the coordinator stopped")
            self._view.notice = _STOPPED
            raise

    def _keep_lock(self) -> None:
        """Nobody else may own the queue while the coordinator lives: it may be within a commit."""
        self._thread.join()
        self._closing.wait()
        self._lock.release()

    def send(self, command: Command) -> tuple[int, ...]:
        """See `queue_api.Queue.send`. Raises RuntimeError after `close`."""
        message = Sent(command)
        self._inbox.put(message)
        return self._answer(message.reply)

    def _answer(self, reply: Future[T]) -> T:
        while self._thread.is_alive():
            with suppress(TimeoutError):
                return reply.result(_ALIVE_SECONDS)
        if reply.done():  # with its last breath
            return reply.result()
        raise RuntimeError("the queue is closed")

    @property
    def running(self) -> bool:
        """Whether anything still happens: not after `close`, nor when the coordinator broke."""
        return self._thread.is_alive()

    @property
    def busy(self) -> bool:
        """Whether something runs, or starts by itself at a known time."""
        return self._view.busy

    @property
    def idle(self) -> bool:
        """Whether nothing runs, nor ever would without a person, also not once a disk has room."""
        return self._view.idle

    def snapshot(
        self, first: int = 0, limit: int = 200, states: tuple[JobState, ...] = ()
    ) -> Snapshot:
        return self._view.snapshot(first, limit, states)

    def ids(self, states: tuple[JobState, ...] = ()) -> tuple[int, ...]:
        return self._view.ids(states)

    def history(self, job: int) -> History:
        message = Asked(job)
        self._inbox.put(message)
        return self._answer(message.reply)

    def row(self, job: int) -> Row | None:
        return self._view.row(job)

    def listen(self, listener: Listener) -> Callable[[], None]:
        return self._view.listen(listener)

    def grant(self, grant: Grant) -> None:
        self._admit(grant)

    def close(self) -> None:
        """Stop what runs, keeping its unfinished bytes, and let go of the queue.

        On a disk that hangs, the queue stays locked until that is over or this process ends.
        """
        self._closing.set()
        self._inbox.put(Quit())
        self._keeper.join(_QUIT_SECONDS)
        if self._keeper.is_alive():
            _LOG.warning("the journal hangs: the queue stays locked until this process ends")
