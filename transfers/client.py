"""The queue as a screen or a shell has it: the same API as the engine's, spoken over the socket."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from providers.records import replace
from transfers.attendant import PROTOCOL, States
from transfers.history import History
from transfers.journal_error import JournalError
from transfers.lock import QueueInUse, QueueSilent
from transfers.model import (
    Cancel,
    Clear,
    Command,
    Enqueue,
    Grant,
    Move,
    NewJob,
    Resolve,
    Retry,
    Row,
    SetPriority,
    Snapshot,
    StateChanged,
    Totals,
    Unpark,
)
from transfers.queue_api import Listener
from transfers.reaching import Intruder, NoHost
from transfers.socket_address import hang_up, peer_process
from transfers.wire import WireError, decode, encode, pack, unpack

_CHUNK = 2000  # jobs in a message: neither end is busy for long with one
_RECONNECT_SECONDS = 1.0  # between two tries
_PATIENCE_SECONDS = 5.0  # of a command for a connection that is being made again
_STOP_SECONDS = 10.0
_GREETING_SECONDS = 5.0
_GREETINGS = 3  # a host that is about to end hangs up: the next try finds its successor
_GREETING = -1  # the number of what is asked before the connection is anybody's
_GONE = "The process that works the queue is gone; starting it again. Nothing is lost."
_NO_ANSWER = "the queue's process went away before it answered"
_SILENT = "The process that works the queue does not answer just now."
_OTHER_VERSION = (
    "The queue is worked by another version of Wharfie. Let it finish, or stop it with that "
    "version; then start this one again."
)
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
        self._enqueuing = threading.Lock()
        connection = self._greeted()
        self._adopt(connection)
        threading.Thread(target=self._live, args=(connection,), name="queue", daemon=True).start()

    # The queue -------------------------------------------------------------------------------

    def send(self, command: Command) -> tuple[int, ...]:
        """See `queue_api.Queue.send`. Raises RuntimeError when the queue cannot be reached, or
        when nobody knows any more whether it took new jobs."""
        if isinstance(command, Enqueue):
            return self._enqueue(command)
        asked = encode(Command, command)
        if _may_be_repeated(command):
            with suppress(_Lost):
                return tuple(self._ask("send", asked))
        try:
            return tuple(self._ask("send", asked))
        except _Lost as error:
            raise RuntimeError(f"{_NO_ANSWER}. Look at the list before you try again.") from error

    def _enqueue(self, command: Enqueue) -> tuple[int, ...]:
        """Not sent again when the answer is lost: every job could be there twice."""
        jobs = command.jobs
        with self._enqueuing:  # the pieces of two plans must not mix
            connection = self._await_connection()
            for start in range(0, max(1, len(jobs)), _CHUNK):
                chunk = [encode(NewJob, job) for job in jobs[start : start + _CHUNK]]
                more = start + _CHUNK < len(jobs)
                content = [str(command.policy), str(command.verify), start, chunk, more]
                try:
                    ids = self._ask("enqueue", content, connection)
                except _Lost as error:
                    raise RuntimeError(_not_queued(sure=more)) from error
        return tuple(ids)

    def snapshot(self, first: int = 0, limit: int = 200, states: States = ()) -> Snapshot:
        if not self.connected:
            return self._stale(first, states)
        try:
            asked = [first, limit, encode(States, states)]
            last = decode(Snapshot, self._ask("snapshot", asked, seconds=_PATIENCE_SECONDS))
        except _Lost:
            return self._stale(first, states)
        except RuntimeError as error:
            return self._stale(first, states, str(error))
        self._last = last
        return self._last

    def _stale(self, first: int, states: States, notice: str = "") -> Snapshot:
        """The last one seen, as long as there is no better."""
        last, told = self._last, notice or self._trouble
        rows = last.rows if (first, states) == (last.first, last.states) else ()
        return replace(last, first=first, rows=rows, notice=told, states=states)

    def ids(self, states: States = ()) -> tuple[int, ...]:
        try:
            return tuple(self._ask("ids", encode(States, states), seconds=_PATIENCE_SECONDS))
        except _Lost as error:
            raise RuntimeError(_NO_ANSWER) from error

    def history(self, job: int) -> History:
        try:
            return decode(History, self._ask("history", job, seconds=_PATIENCE_SECONDS))  # type: ignore[no-any-return]
        except _Lost as error:
            raise RuntimeError(_NO_ANSWER) from error

    def row(self, job: int) -> Row | None:
        try:
            answer = self._ask("row", job, seconds=_PATIENCE_SECONDS)
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
        with suppress(_Lost, RuntimeError):  # then it is granted with the next connection
            self._ask("grant", encode(Grant, grant))

    # The connection --------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def stop(self, *, pause: bool = False) -> None:
        """Have the host end, with every job paused first if so wanted; returns once it is gone.

        Raises RuntimeError when it does not end: its disk may be full, so that nothing is noted.
        """
        self._leave()
        with suppress(_Lost, RuntimeError):
            self._ask("stop", pause, seconds=_STOP_SECONDS)
        if not self._gone():
            raise RuntimeError(_SILENT)

    def close(self) -> None:
        """Let go of the host; it goes on."""
        self._leave()
        connection = self._connection
        if connection is not None:
            hang_up(connection)
        self._gone()

    def _leave(self) -> None:
        with self._changed:  # what is just being connected is not adopted any more
            self._closing.set()

    def _gone(self) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._connection is None, _STOP_SECONDS)

    def _ask(
        self,
        what: str,
        content: object,
        via: Connection | None = None,
        *,
        seconds: float | None = None,
    ) -> Any:
        """The answer to one request. Raises _Lost when none will come, RuntimeError when it was
        refused, nobody can be reached or (after `seconds`) nobody answers."""
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
        try:
            return answer.result(seconds)
        except TimeoutError:
            raise RuntimeError(_SILENT) from None
        finally:
            with self._changed:
                self._waiting.pop(number, None)

    def _await_connection(self) -> Connection:
        with self._changed:
            self._changed.wait_for(
                lambda: self._connection or self._closing.is_set(), _PATIENCE_SECONDS
            )
            if self._connection is None:
                raise RuntimeError(self._trouble)
            return self._connection

    def _adopt(self, connection: Connection | None) -> bool:
        """Whether `connection` is the one to use from now on: not once this client is closed."""
        with self._changed:
            wanted = connection is not None and not self._closing.is_set()
            self._connection = connection if wanted else None
            lost, self._waiting = self._waiting, {}
            self._changed.notify_all()
        for answer in lost.values():
            answer.set_exception(_Lost())
        return wanted

    def _greeted(self) -> Connection:
        """A new connection, to a host that knows what this client knows.

        Only then may others use it: what they queue would else be parked for what was granted.
        Raises whatever `connect` does, JournalError for a host of another version.
        """
        for _ in range(_GREETINGS):
            connection = self._connect()
            try:
                self._greet(connection)
            except (EOFError, OSError):
                connection.close()
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise NoHost("whoever works this queue hangs up at once")

    def _greet(self, connection: Connection) -> None:
        try:
            if _answer(connection, "hello", PROTOCOL) != PROTOCOL:
                raise JournalError(_OTHER_VERSION)
            for grant in list(self._grants.values()):
                _answer(connection, "grant", encode(Grant, grant))
        except (WireError, ValueError, TypeError) as error:
            raise JournalError(_OTHER_VERSION) from error

    def _live(self, connection: Connection) -> None:
        """Hear what comes, and connect again when nothing more does; in a thread of its own."""
        while True:
            try:
                self._hear(connection)
            finally:
                self._adopt(None)
                hang_up(connection)
            again = self._connection_again()
            if again is None:
                return
            connection = again
            if not self._adopt(connection):
                hang_up(connection)
                return
            threading.Thread(target=self._look_again, name="queue-again", daemon=True).start()

    def _connection_again(self) -> Connection | None:
        """The next connection, as soon as there is one; none once this client is closed."""
        while not self._closing.is_set():
            try:
                connection = self._greeted()
            except (NoHost, Intruder, QueueInUse, JournalError, OSError) as error:
                self._trouble = str(error)
                self._closing.wait(_RECONNECT_SECONDS)
            else:
                self._trouble = _GONE
                return connection
        return None

    def _look_again(self) -> None:
        """After a new connection: what a new host parked before it was granted goes on."""
        self._tell(())
        for endpoint in list(self._grants):
            with suppress(_Lost, RuntimeError):
                self._ask("send", encode(Command, Unpark(endpoint)))

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


def _may_be_repeated(command: Command) -> bool:
    """Whether `command`, done twice, is the same as done once, whatever happened in between.

    Not an answer to a question: it may be another question by then. Nor what ends or removes all
    jobs: there may be others by then, which the person has not seen.
    """
    if isinstance(command, Cancel | Clear):
        return command.jobs is not None
    if isinstance(command, SetPriority):
        return not command.more
    return not isinstance(command, Resolve | Retry) and not (
        isinstance(command, Move) and command.by
    )


class _Lost(Exception):
    """The connection went away before the answer came."""


def _answer(connection: Connection, what: str, content: object) -> Any:
    """The answer to what is asked before anybody else may use `connection`.

    Raises QueueSilent, EOFError, OSError, WireError, ValueError.
    """
    connection.send_bytes(pack([_GREETING, what, content]))
    while connection.poll(_GREETING_SECONDS):
        number, how, answer = unpack(connection.recv_bytes())
        if number == _GREETING:
            if how != "done":
                raise WireError(str(answer))
            return answer
    raise QueueSilent(peer_process(connection))


def _not_queued(*, sure: bool) -> str:
    if sure:
        return f"{_NO_ANSWER}: nothing was queued. Copy again."
    return (
        f"{_NO_ANSWER}: it is not known whether the transfers were queued. Look at the list "
        "before you copy again."
    )
