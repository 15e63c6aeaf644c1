"""What an engine test is given: places in memory and on disk, an engine, ways to wait for it."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from providers.access import Access
from providers.base import Capabilities, Entry, Kind, Parts, Place, Provider
from providers.errors import ProviderError
from providers.local import open_endpoint
from providers.memory import MemoryProvider, Store
from providers.names import is_temporary
from transfers.engine import Engine
from transfers.model import (
    FINISHED,
    Enqueue,
    Job,
    JobState,
    Links,
    NewJob,
    Op,
    ParkReason,
    Policy,
    StateChanged,
    Verify,
)
from transfers.scan import plan_tree

LEFT = "memory://left"
RIGHT = "memory://right"
LOCAL = "file:"
PART = 1 << 16  # bytes: also the memory provider's chunk
_DEADLINE = 60.0  # seconds: only reached when a test fails


class Memory(MemoryProvider):
    """A tree in memory whose parts are small and whose connections a test may limit.

    `near`: it is read to prove a copy; else it digests its files itself.
    """

    def __init__(self, store: Store | None = None) -> None:
        super().__init__(store or Store())
        self.connections = 8
        self.exact_versions = True
        self.near = True

    @property
    def caps(self) -> Capabilities:
        return replace(
            super().caps,
            connections=self.connections,
            exact_versions=self.exact_versions,
            near=self.near,
            parts=Parts(order="any", min_size=1, max_size=PART),
        )

    def put(self, path: str, data: bytes) -> None:
        """A file, new or in place of an old one, and the directories above it."""
        missing: list[str] = []
        above = posixpath.dirname(path)
        while above not in self.store.nodes:
            missing.append(above)
            above = posixpath.dirname(above)
        for directory in reversed(missing):
            self.store.add(directory, Kind.DIR)
        with self.store.lock:
            self.store.nodes.pop(path, None)
            self.store.add(path, Kind.FILE, data=bytearray(data))

    def get(self, path: str) -> bytes | None:
        with self.store.lock:
            node = self.store.nodes.get(path)
            return None if node is None else bytes(node.data)

    def paths(self) -> list[str]:
        with self.store.lock:
            return sorted(path for path in self.store.nodes if path != "/")

    def leftovers(self) -> list[str]:
        return [path for path in self.paths() if is_temporary(posixpath.basename(path))]


class Hold:
    """For `Store.fail`: stops the `nth` call of `operation` until `release`, or raises `error`.

    `times`: how many calls from the nth on are stopped or fail.
    """

    def __init__(
        self,
        operation: str,
        *,
        nth: int = 1,
        times: int = 1,
        path: str | None = None,
        error: Exception | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        self._operation, self._path = operation, path
        self._range = range(nth, nth + times)
        self._error, self._then = error, then
        self._lock = threading.Lock()
        self.calls = 0
        self.reached = threading.Event()
        self._released = threading.Event()

    def __call__(self, operation: str, path: str) -> None:
        if operation != self._operation or self._path not in (None, path):
            return
        with self._lock:
            self.calls += 1
            hit = self.calls in self._range
        if not hit:
            return
        self.reached.set()
        if self._then is not None:
            self._then()
        elif self._error is not None:
            raise self._error
        else:
            assert self._released.wait(_DEADLINE), "never released"

    def wait(self) -> None:
        assert self.reached.wait(_DEADLINE), f"{self._operation} was never called"

    def release(self) -> None:
        self._released.set()


class Watch:
    """Hears every change and lets a test wait until something is so."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.heard: list[StateChanged] = []

    def __call__(self, changes: Sequence[StateChanged]) -> None:
        with self.changed:
            self.heard.extend(changes)
            self.changed.notify_all()

    def until(self, ready: Callable[[], bool], what: Callable[[], object]) -> None:
        with self.changed:
            assert self.changed.wait_for(ready, _DEADLINE), f"never so: {what()}"

    def states(self, job: int) -> list[JobState]:
        with self.changed:
            return [change.job.state for change in self.heard if change.job.id == job]


class QueueCase:
    """An engine on `directory` with two places in memory and the disk."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.left = Memory()
        self.right = Memory()
        self.places: dict[str, Provider] = {
            LEFT: self.left,
            RIGHT: self.right,
            LOCAL: open_endpoint(LOCAL, Access(directory / "known_hosts")),
        }
        self.opening: Callable[[str], None] = lambda endpoint: None
        self.watch = Watch()
        self.engine: Engine

    def open(self, endpoint: str) -> Provider:
        self.opening(endpoint)
        return self.places[endpoint]

    def start(self, **options: int) -> Engine:
        self.engine = Engine(self.directory, self.open, **options)  # type: ignore[arg-type]
        self.engine.listen(self.watch)
        return self.engine

    def restart(self, **options: int) -> Engine:
        self.engine.close()
        return self.start(**options)

    def close(self) -> None:
        with suppress(AttributeError):
            self.engine.close()

    # Jobs

    def send_new(
        self,
        *jobs: NewJob,
        policy: Policy = Policy.ASK,
        verify: Verify = Verify.AUTO,
    ) -> tuple[int, ...]:
        return self.engine.send(Enqueue(jobs, policy, verify))

    def copy(
        self,
        name: str = "/a",
        to: str | None = None,
        *,
        op: Op = Op.COPY,
        policy: Policy = Policy.ASK,
        verify: Verify = Verify.AUTO,
    ) -> int:
        """Enqueue a copy from the left to the right place; returns its number."""
        new = NewJob(op, Place(LEFT, name), Place(RIGHT, to or name))
        return self.send_new(new, policy=policy, verify=verify)[0]

    def plan(
        self, source: Place, target: Place, *, move: bool = False, links: Links = Links.SKIP
    ) -> tuple[NewJob, ...]:
        """The jobs for the directory at `source` into the one at `target`."""
        there, here = self.places[target.endpoint], self.places[source.endpoint]
        entry: Entry = here.stat(source.path)
        return plan_tree(here, [entry], source.endpoint, there, target, move=move, links=links)

    def job(self, number: int) -> Job:
        row = self.engine.row(number)
        assert row is not None, f"job {number} is gone"
        return row.job

    def reach(self, number: int, *states: JobState) -> Job:
        """Wait until the job is in one of `states`."""
        self.watch.until(
            lambda: self.job(number).state in states,
            lambda: (self.job(number), self.watch.states(number)),
        )
        return self.job(number)

    def finish(self, *numbers: int) -> list[Job]:
        """Wait until all are at their end."""
        return [self.reach(number, *FINISHED) for number in numbers]

    def parked(self, number: int, why: ParkReason) -> Job:
        job = self.reach(number, JobState.PARKED)
        assert job.park is why
        return job


def raises(errors: Mapping[str, ProviderError | Exception]) -> Callable[[str, str], None]:
    """For `Store.fail`: each operation named fails always."""

    def fail(operation: str, path: str) -> None:
        if operation in errors:
            raise errors[operation]

    return fail


def leftover_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if is_temporary(path.name)]


def write_tree(folder: Path, files: Mapping[str, bytes], directories: Iterable[str] = ()) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for name in directories:
        (folder / name).mkdir(parents=True, exist_ok=True)


def read_tree(folder: Path) -> dict[str, bytes | None]:
    """Every file's bytes, and None for each directory."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
