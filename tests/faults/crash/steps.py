"""Counts what a process does at the edge of the system, and ends it at one of these steps.

A step lies before and after each call that changes a disk, each commit of the journal, and each
packet to and from a server. Threads take steps in an order of their own: the same number need not
be the same step in the next run.
"""

from __future__ import annotations

import functools
import mmap
import os
import signal
import sqlite3
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable
from io import FileIO
from types import ModuleType
from typing import Any

from providers.local import durable, naming

_CALLS = (
    *("open", "write", "pwrite", "fsync", "fdatasync", "rename", "replace", "link", "unlink"),
    *("remove", "mkdir", "rmdir", "chmod", "fchmod", "utime", "truncate", "ftruncate"),
)
_WITHIN = "within"
_NAMES = (
    "steps",
    "accepted",  # jobs whose command returned
    "told",  # commands sent midway that returned
    "put",  # bytes put into a place
    "timed",  # the end comes by a timer
)
_NUMBER = struct.Struct("<Q")
_LABEL = 64  # bytes


class Shared:
    """What a process tells its parent even when it is killed: numbers in memory they share."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8 * len(_NAMES) + _LABEL)
        self._lock = threading.Lock()

    def add(self, name: str, count: int = 1) -> int:
        """Returns the sum."""
        with self._lock:
            at = 8 * _NAMES.index(name)
            (before,) = _NUMBER.unpack_from(self._memory, at)
            _NUMBER.pack_into(self._memory, at, before + count)
            return int(before) + count

    def get(self, name: str) -> int:
        (number,) = _NUMBER.unpack_from(self._memory, 8 * _NAMES.index(name))
        return int(number)

    @property
    def label(self) -> str:
        """The last step that was taken."""
        return self._memory[-_LABEL:].rstrip(b"\0").decode()

    @label.setter
    def label(self, text: str) -> None:
        self._memory[-_LABEL:] = text.encode()[:_LABEL].ljust(_LABEL, b"\0")

    def close(self) -> None:
        self._memory.close()


class Steps:
    """Nothing is a step until `watch`. `end_at`: at which the process is killed, 0 for none.

    A step within a call cannot be met exactly: it is killed `delay` seconds after its beginning.
    """

    def __init__(self, shared: Shared, end_at: int = 0, delay: float = 0.0) -> None:
        self.watching = False
        self.taken: Counter[str] = Counter()
        self._shared = shared
        self._end_at = end_at
        self._delay = delay
        self._lock = threading.Lock()
        self._call_at = 0
        self._call: Callable[[], None] = lambda: None

    def at(self, number: int, call: Callable[[], None]) -> None:
        """Have `call` called at step `number`, by the thread that takes it."""
        self._call_at, self._call = number, call

    def __call__(self, label: str) -> None:
        if not self.watching:
            return
        with self._lock:
            number = self._shared.add("steps")
            self._shared.label = label
            self.taken[label] += 1
            if number == self._end_at:
                self._end(label)
        if number == self._call_at:
            self._call()

    def _end(self, label: str) -> None:
        if not label.startswith(_WITHIN):
            os.kill(os.getpid(), signal.SIGKILL)
        self._shared.add("timed")
        signal.setitimer(signal.ITIMER_REAL, self._delay)  # nobody handles it: that ends us

    def around(self, label: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call` with a step before and one after it."""

        @functools.wraps(call)
        def counted(*arguments: Any, **named: Any) -> Any:
            self(f"before {label}")
            result = call(*arguments, **named)
            self(f"after {label}")
            return result

        return counted


@functools.cache
def edges() -> list[tuple[ModuleType, str, str]]:
    """Where modules hold a call at the edge: the module, its name for it, and the call's own.

    Looking through them all takes longer than many a run: called before a process is forked.
    """
    calls = {id(getattr(os, name)): name for name in _CALLS if hasattr(os, name)}
    modules = [
        module
        for name, module in sys.modules.items()
        if name == "os" or name.startswith(("providers.", "transfers."))
    ]
    return [
        (module, kept, calls[id(value)])
        for module in modules
        for kept, value in vars(module).items()
        if id(value) in calls
    ] + [
        (module, kept, "FileIO")
        for module in modules
        for kept, value in vars(module).items()
        if value is FileIO
    ]


def watch(steps: Steps, *, names_by_linking: bool = False) -> None:
    """From here on, for the rest of this process, every call at the edge is a step.

    `names_by_linking`: as on a disk that knows no call to rename only to a free name.
    """
    steps.watching = True
    file = _counting_file(steps)
    for module, kept, name in edges():
        setattr(module, kept, file if name == "FileIO" else _counted(getattr(module, kept), steps))
    durable._full_sync = durable._full_sync and steps.around("fsync", durable._full_sync)
    if (rename := naming.exclusive_rename) is not None:
        naming.exclusive_rename = (
            None if names_by_linking else steps.around("exclusive rename", rename)
        )
    sqlite3.connect = functools.partial(  # type: ignore[assignment]
        sqlite3.connect, factory=_counting_connection(steps)
    )


def _counted(call: Callable[..., Any], steps: Steps) -> Callable[..., Any]:
    """As able as `call` in what `os` says of it."""
    counted = steps.around(call.__name__, call)
    for able in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
        if call in able:
            able.add(counted)
    return counted


def _counting_file(steps: Steps) -> type[FileIO]:
    class CountingFile(FileIO):
        def write(self, data: Any) -> int:
            steps("before write")
            count = super().write(data)
            steps("after write")
            return count

    return CountingFile


def _counting_connection(steps: Steps) -> type[sqlite3.Connection]:
    class CountingConnection(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if not sql.startswith("COMMIT"):
                return super().execute(sql, *values)
            return self._committed(lambda: super(CountingConnection, self).execute(sql, *values))

        def executescript(self, sql: str) -> sqlite3.Cursor:
            return self._committed(lambda: super(CountingConnection, self).executescript(sql))

        def _committed(self, commit: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
            steps("before commit")
            steps(f"{_WITHIN} commit")
            cursor = commit()
            steps("after commit")
            return cursor

    return CountingConnection
