"""The queue as a screen or a shell has it: the same API as the engine's, spoken over the socket."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from typing import Any

from transfers.attendant import PROTOCOL
from transfers.journal import JournalError
from transfers.lock import QueueInUse
from transfers.model import (
    Command,
    Enqueue,
    Grant,
    NewJob,
    Row,
    Snapshot,
    StateChanged,
    Totals,
)
from transfers.queue_api import Listener
from transfers.socket_address import Intruder, NoHost, hang_up
from transfers.wire import WireError, decode, encode, pack, unpack

_CHUNK = 2000  # jobs in a message: neither end is busy for long with one
_RECONNECT_SECONDS = 1.0  # between two tries
_PATIENCE_SECONDS = 5.0  # of a command for a connection that is being made again
_STOP_SECONDS = 10.0
_GONE = "The process that works the queue is gone; starting it again. Nothing is lost."
_NO_ANSWER = "the queue's process went away before it answered"
_LOG = logging.getLogger("wharfie.client")
_EMPTY = Snapshot(0, 0, 0, (), Totals())

Changes = tuple[StateChanged, ...]


class Client:
    """Implements `queue_api.Queue`. `connect` reaches the host, or starts one and reaches that.

    When the connection is lost it is made again by itself, and what was granted is granted again.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """Raises NoHost, Intruder, QueueInUse, JournalError: whatever `connect` does."""
        self._connect = connect
        self._numbers = itertools.count(1)
        self._listeners: list[Listener] = []
        self._grants: dict[str, Grant] = {}
        self._last = _EMPTY
        self._trouble = _GONE
        self._closing = threading.Event()
        self._changed = threading.Condition()  # guards what follows
        self._connection: Connection | None = None
        self._waiting: dict[int, Future[Any]] = {}
        self._sending = threading.Lock()
        connection = connect()
        self._adopt(connection)
        threading.Thread(target=self._live, args=(connection,), name="queue", daemon=True).start()
        try:
            self._check_version()
        except BaseException:
            self.close()
            raise

    # The queue -------------------------------------------------------------------------------

    def send(self, command: Command) -> tuple[int, ...]:
        """See `queue_api.Queue.send`. Raises RuntimeError when the queue cannot be reached, or
        when nobody knows any more whether it took new jobs."""
        if isinstance(command, Enqueue):
            return self._enqueue(command)
        asked = encode(Command, command)
        try:
            return tuple(self._ask("send", asked))
        except _Lost:
            return tuple(self._ask("send", asked))  # done twice, it is the same as done once

    def _enqueue(self, command: Enqueue) -> tuple[int, ...]:
        """Not sent again when the answer is lost: every job could be there twice."""
        jobs = command.jobs
        connection = self._await_connection()
        try:
            for start in range(0, max(1, len(jobs)), _CHUNK):
                chunk = [encode(NewJob, job) for job in jobs[start : start + _CHUNK]]
                more = start + _CHUNK < len(jobs)
                content = [str(command.policy), str(command.verify), chunk, more]
                ids = self._ask("enqueue", content, connection)
        except _Lost as error:
            advice = "Look at the list before you copy again."
            what = f"{_NO_ANSWER}: it is not known whether the transfers were queued. {advice}"
            raise RuntimeError(what) from error
        return tuple(ids)

    def snapshot(self, first: int = 0, limit: int = 200) -> Snapshot:
        if not self.connected:
            return self._stale(first)
        try:
            last = decode(Snapshot, self._ask("snapshot", [first, limit]))
        except (_Lost, RuntimeError):
            return self._stale(first)
        self._last = last
        return self._last

    def _stale(self, first: int) -> Snapshot:
        """The last one seen, as long as there is no better."""
        rows = self._last.rows if first == self._last.first else ()
        return replace(self._last, first=first, rows=rows, notice=self._trouble)

    def row(self, job: int) -> Row | None:
        try:
            answer = self._ask("row", job)
        except (_Lost, RuntimeError):
            return next((row for row in self._last.rows if row.job.id == job), None)
        return None if answer is None else decode(Row, answer)

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners = [*self._listeners, listener]

        def stop() -> None:
            self._listeners = [each for each in self._listeners if each is not listener]

        return stop

    def grant(self, grant: Grant) -> None:
        self._grants[grant.endpoint] = grant
        with suppress(_Lost):  # then it is granted with the next connection
            self._ask("grant", encode(Grant, grant))

    # The connection --------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def stop(self, *, pause: bool = False) -> None:
        """Have the host end, with every job paused first if so wanted; returns once it is gone."""
        self._closing.set()
        with suppress(_Lost, RuntimeError):
            self._ask("stop", pause)
        with self._changed:
            self._changed.wait_for(lambda: self._connection is None, _STOP_SECONDS)

    def close(self) -> None:
        """Let go of the host; it goes on."""
        self._closing.set()
        connection = self._connection
        if connection is not None:
            hang_up(connection)
        with self._changed:
            self._changed.wait_for(lambda: self._connection is None, _STOP_SECONDS)

    def _check_version(self) -> None:
        if self._ask("hello", PROTOCOL) != PROTOCOL:
            raise JournalError(
                "The queue is worked by another version of Wharfie. Let it finish, or stop it with "
                "that version; then start this one again."
            )

    def _ask(self, what: str, content: object, via: Connection | None = None) -> Any:
        """The answer to one request. Raises _Lost when none will come, RuntimeError when it was
        refused or nobody can be reached."""
        connection = via or self._await_connection()
        number, answer = next(self._numbers), Future[Any]()
        with self._changed:
            if self._connection is not connection:
                raise _Lost
            self._waiting[number] = answer
        try:
            with self._sending:
                connection.send_bytes(pack([number, what, content]))
        except OSError as error:
            raise _Lost from error
        return answer.result()

    def _await_connection(self) -> Connection:
        with self._changed:
            self._changed.wait_for(
                lambda: self._connection or self._closing.is_set(), _PATIENCE_SECONDS
            )
            if self._connection is None:
                raise RuntimeError(self._trouble)
            return self._connection

    def _adopt(self, connection: Connection | None) -> None:
        with self._changed:
            self._connection = connection
            lost, self._waiting = self._waiting, {}
            self._changed.notify_all()
        for answer in lost.values():
            answer.set_exception(_Lost())

    def _live(self, connection: Connection) -> None:
        """Hear what comes, and connect again when nothing more does; in a thread of its own."""
        while True:
            try:
                self._hear(connection)
            finally:
                self._adopt(None)
                hang_up(connection)
            for connection in self._connections():
                self._adopt(connection)
                threading.Thread(target=self._introduce, name="queue-again", daemon=True).start()
                break
            else:
                return

    def _connections(self) -> Iterator[Connection]:
        """The next connection, as soon as there is one; none once this client is closed."""
        while not self._closing.is_set():
            try:
                yield self._connect()
            except (NoHost, Intruder, QueueInUse, JournalError, OSError) as error:
                self._trouble = str(error)
            except (EOFError, AuthenticationError) as error:
                self._trouble = f"{_GONE} ({error})"
            self._closing.wait(_RECONNECT_SECONDS)

    def _introduce(self) -> None:
        """After a new connection: what the new host must know, and a look at everything."""
        try:
            self._check_version()
            for grant in list(self._grants.values()):
                self.grant(grant)
            self._trouble = _GONE
        except (_Lost, RuntimeError, JournalError) as error:
            self._trouble = str(error) or _NO_ANSWER
        self._tell(())

    def _hear(self, connection: Connection) -> None:
        try:
            while True:
                self._take(unpack(connection.recv_bytes()))
        except (EOFError, OSError):
            return
        except (WireError, ValueError, TypeError):
            _LOG.exception("the queue's process spoke in tongues")

    def _take(self, message: Any) -> None:
        number, what, content = message
        if what == "changed":
            self._tell(decode(Changes, content))
            return
        with self._changed:
            answer = self._waiting.pop(number, None)
        if answer is None:
            return
        if what == "done":
            answer.set_result(content)
        else:
            answer.set_exception(RuntimeError(content))

    def _tell(self, changes: Sequence[StateChanged]) -> None:
        for listener in self._listeners:
            listener(changes)


class _Lost(Exception):
    """The connection went away before the answer came."""
