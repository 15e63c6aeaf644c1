"""What each thread has under way, so that it can be ended from outside."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeVar

from providers.errors import ConnectionLost

T = TypeVar("T")
_ENDED = "the connection was ended here"
_CLOSED = "the connection was closed"


class Call:
    """One call of one thread: how to cut short what it waits for, and whether that was done."""

    def __init__(self, endpoint: str, thread: int) -> None:
        self.thread = thread
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._cut: Callable[[], None] | None = None
        self._ended = ""

    def carry(self, cut: Callable[[], None] | None) -> None:
        """`cut` ends what is waited for from now on; done at once when the call was ended."""
        with self._lock:
            self._cut = cut
            ended = bool(self._ended)
        if ended and cut is not None:
            cut()

    def end(self, why: str) -> None:
        with self._lock:
            self._ended = self._ended or why
            if self._cut is not None:
                self._cut()  # within the lock: what it cuts is still this call's own

    def check(self) -> None:
        """Raise ConnectionLost when the call was ended."""
        if self._ended:
            raise ConnectionLost(self._endpoint, self._ended, advice="")


class Calls:
    """The calls under way at one site."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._under_way: set[Call] = set()
        self._naming: set[int] = set()  # threads whose request gives a file its name
        self._helping = threading.local()  # `thread`: for which this one asks
        self._closed = False

    @contextmanager
    def call(self) -> Iterator[Call]:
        thread: int = getattr(self._helping, "thread", threading.get_ident())
        call = Call(self._endpoint, thread)
        with self._lock:
            if self._closed:
                call.end(_CLOSED)
            self._under_way.add(call)
        try:
            call.check()
            yield call
        finally:
            with self._lock:
                self._under_way.discard(call)

    @contextmanager
    def on_behalf_of(self, thread: int) -> Iterator[None]:
        """For the length of the block the calls of this thread are those of `thread`."""
        self._helping.thread = thread
        try:
            yield
        finally:
            del self._helping.thread

    @contextmanager
    def gives_name(self) -> Iterator[None]:
        """For the length of the block nothing of this thread is interrupted."""
        thread = threading.get_ident()
        with self._lock:
            self._naming.add(thread)
        try:
            yield
        finally:
            with self._lock:
                self._naming.discard(thread)

    def interrupt(self, thread: int) -> None:
        with self._lock:
            if thread in self._naming:
                return
            for call in self._under_way:
                if call.thread == thread:
                    call.end(_ENDED)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for call in self._under_way:
                call.end(_CLOSED)


def asked_apart(ask: Callable[[], T], call: Call, seconds: float) -> T:
    """What `ask` returns, from a thread of its own: what nothing can end is left to itself.

    Raises what `ask` does, TimeoutError after `seconds`, ConnectionLost when the call is ended.
    """
    answers: queue.SimpleQueue[T | Exception | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except Exception as error:  # noqa: BLE001 - raised in the thread that waits for it
            answers.put(error)

    call.carry(partial(answers.put, None))
    threading.Thread(target=run, name="asked-apart", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("no answer came in time") from None
    call.check()
    if isinstance(answer, Exception):
        raise answer
    assert answer is not None, "only a call that was ended gets none"
    return answer


def shut_down(wire: socket.socket) -> None:
    """Wake whoever waits on `wire`; it is closed by the thread that uses it.

    Not `wire.shutdown`: an SSLSocket would forget its encryption, and hand out what still comes
    as if it were content.
    """
    with suppress(OSError):
        socket.socket.shutdown(wire, socket.SHUT_RDWR)
