"""One client of a host: its requests answered, and what changes told to it."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Protocol

from providers.records import dataclass
from transfers.history import History
from transfers.model import (
    Command,
    Enqueue,
    Grant,
    JobState,
    NewJob,
    Policy,
    Row,
    Snapshot,
    StateChanged,
    Verify,
)
from transfers.socket_address import hang_up
from transfers.wire import WireError, decode, encode, pack, unpack

if TYPE_CHECKING:
    from transfers.engine import Engine

PROTOCOL = "4"  # changes whenever what is said does
_MOST_CHANGES = 5000  # waiting to be told; a client that is that far behind looks for itself
States = tuple[JobState, ...]
_LOG = logging.getLogger("wharfie.host")


class Stopper(Protocol):
    def __call__(self, *, pause: bool = False) -> None: ...


class Attendant:
    """Lives as long as the connection does. `stop` ends the host."""

    def __init__(self, connection: Connection, engine: Engine, stop: Stopper) -> None:
        self._connection = connection
        self._engine = engine
        self._stop = stop
        self._out = _Outbox()
        self._commands: queue.SimpleQueue[tuple[int, str, Any] | None] = queue.SimpleQueue()
        self._enqueued: list[NewJob] = []

    def run(self) -> None:
        """Until the client hangs up, or says what nobody understands."""
        unlisten = self._engine.listen(self._out.changed)
        for target in (self._write, self._carry_out):
            threading.Thread(target=target, name="host-client", daemon=True).start()
        try:
            while True:
                self._take(unpack(self._connection.recv_bytes()))
        except (EOFError, OSError):
            pass
        except (WireError, ValueError, TypeError) as error:
            _LOG.warning("a client spoke in tongues: %s", error)
        finally:
            unlisten()
            self._commands.put(None)
            self._out.close()

    def close(self) -> None:
        """End the connection; `run` returns."""
        self._out.close()
        hang_up(self._connection)

    def _take(self, request: Any) -> None:
        number, what, content = request
        if what in _ANSWERED_AT_ONCE:
            self._out.put(_ANSWERED_AT_ONCE[what](self._engine, number, content))
        else:
            self._commands.put((number, what, content))

    def _carry_out(self) -> None:
        while (request := self._commands.get()) is not None:
            number, what, content = request
            try:
                self._out.put([number, "done", self._obey(what, content)])
            except (WireError, ValueError, TypeError) as error:
                self._out.put([number, "refused", str(error)])
            except Exception as error:  # noqa: BLE001 - answered: the client waits for it
                _LOG.exception("a command failed")
                self._out.put([number, "refused", str(error) or type(error).__name__])

    def _obey(self, what: str, content: Any) -> Any:
        if what == "send":
            return list(self._engine.send(decode(Command, content)))
        if what == "enqueue":
            return self._enqueue(*content)
        if what == "history":
            return encode(History, self._engine.history(int(content)))
        if what == "grant":
            return self._engine.grant(decode(Grant, content))
        if what == "stop":
            return self._stop(pause=bool(content))
        raise WireError(f"nobody knows how to {what}")

    def _enqueue(self, policy: Any, verify: Any, start: int, jobs: Any, more: bool) -> list[int]:
        """A large plan comes in pieces, and is one command all the same."""
        if start > len(self._enqueued):
            raise WireError("a piece of a plan is missing")
        del self._enqueued[start:]  # of a plan that was broken off
        self._enqueued.extend([decode(NewJob, job) for job in jobs])
        if more:
            return []
        whole, self._enqueued = tuple(self._enqueued), []
        command = Enqueue(whole, decode(Policy, policy), decode(Verify, verify))
        return list(self._engine.send(command))

    def _write(self) -> None:
        try:
            while (message := self._out.get()) is not None:
                self._connection.send_bytes(pack(message))
        except OSError:
            pass
        finally:
            hang_up(self._connection)


@dataclass(frozen=True, slots=True)
class _Changes:
    """Changes to be told in one message; none: some could not be told."""

    changes: list[StateChanged]


class _Outbox:
    """What waits to be told to one client, in order. Whoever puts something in never waits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[list[Any] | _Changes] = deque()
        self._untold = 0  # changes among them
        self._lost = False  # the client is about to hear that it must look for itself
        self._closed = False

    def put(self, message: list[Any]) -> None:
        with self._changed:
            self._waiting.append(message)
            self._changed.notify()

    def changed(self, changes: Sequence[StateChanged]) -> None:
        with self._changed:
            if self._lost:
                return
            self._untold += len(changes)
            if self._untold > _MOST_CHANGES:
                self._waiting = deque(m for m in self._waiting if not isinstance(m, _Changes))
                self._waiting.append(_Changes([]))
                self._untold, self._lost = 0, True
            elif self._waiting and isinstance(last := self._waiting[-1], _Changes):
                last.changes.extend(changes)
            else:
                self._waiting.append(_Changes([*changes]))
            self._changed.notify()

    def get(self) -> list[Any] | None:
        """The next message, waited for; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting)
            if self._closed:
                return None
            message = self._waiting.popleft()
            if not isinstance(message, _Changes):
                return message
            self._untold -= len(message.changes)
            self._lost = False
        return [0, "changed", [encode(StateChanged, change) for change in message.changes]]

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()


def _hello(engine: Engine, number: int, content: Any) -> list[Any]:
    return [number, "done", PROTOCOL]


def _snapshot(engine: Engine, number: int, content: Any) -> list[Any]:
    first, limit, states = content
    only = decode(States, states)
    return [number, "done", encode(Snapshot, engine.snapshot(int(first), int(limit), only))]


def _ids(engine: Engine, number: int, content: Any) -> list[Any]:
    return [number, "done", list(engine.ids(decode(States, content)))]


def _row(engine: Engine, number: int, content: Any) -> list[Any]:
    row = engine.row(int(content))
    return [number, "done", None if row is None else encode(Row, row)]


_ANSWERED_AT_ONCE: dict[str, Callable[[Engine, int, Any], list[Any]]] = {
    "hello": _hello,
    "snapshot": _snapshot,
    "ids": _ids,
    "row": _row,
}
