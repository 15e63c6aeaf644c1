"""A queue that is still being reached: the screen is there before it, and asks it in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from transfers.client import Client
from transfers.history import History
from transfers.model import Command, Grant, JobState, Row, Snapshot
from transfers.queue_api import Listener


class ArrivingQueue:
    """Implements `queue_api.Queue`: each call waits for the client that `attach` makes, and raises
    what `attach` raised, too."""

    def __init__(self, attach: Callable[[], Client]) -> None:
        self._client: Future[Client] = Future()
        # A daemon thread: a process that does not come up keeps nobody from leaving.
        threading.Thread(target=self._reach, args=(attach,), name="attach", daemon=True).start()

    def _reach(self, attach: Callable[[], Client]) -> None:
        try:
            self._client.set_result(attach())
        except BaseException as error:  # noqa: BLE001 - raised again where it is asked for
            self._client.set_exception(error)

    def raise_failure(self) -> None:
        """Raises what `attach` did, when it is over and failed."""
        if self._client.done():
            self._client.result()

    def send(self, command: Command) -> tuple[int, ...]:
        return self._client.result().send(command)

    def snapshot(
        self, first: int = 0, limit: int = 200, states: tuple[JobState, ...] = ()
    ) -> Snapshot:
        return self._client.result().snapshot(first, limit, states)

    def ids(self, states: tuple[JobState, ...] = ()) -> tuple[int, ...]:
        return self._client.result().ids(states)

    def row(self, job: int) -> Row | None:
        return self._client.result().row(job)

    def history(self, job: int) -> History:
        return self._client.result().history(job)

    def listen(self, listener: Listener) -> Callable[[], None]:
        return self._client.result().listen(listener)

    def grant(self, grant: Grant) -> None:
        self._client.result().grant(grant)

    def pause_and_stop(self) -> None:
        """Have the process pause what runs, and end."""
        self._client.result().stop(pause=True)

    def close(self) -> None:
        """Hang up; one that was not reached yet is left alone."""
        if self._client.done():
            with suppress(Exception):
                self._client.result().close()
