"""Places in memory whose copies stand still in their second part until something happens to them.

The tree outlives the queue's process; what that process was about to do to it dies with it.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from providers.base import Body, Capabilities, Kind, Parts
from providers.errors import AuthRequired, ConnectionLost, Denied, NoSpace, ProviderError
from providers.memory import MemoryProvider, Store
from providers.names import is_temporary
from tests.faults.queue_model import Happens

SOURCES, TARGETS = "/from", "/to"
SIZE, PART = 3200, 16  # bytes: no job comes to its last part by itself
OLD = b"what stood there"
_NEW, _BEFORE = 2_000_000_000.0, 1_000_000_000.0  # Unix seconds
_MANY = 100  # connections
_ERRORS: dict[Happens, Callable[[str, str], ProviderError]] = {
    Happens.LOST: lambda endpoint, path: ConnectionLost(path),
    Happens.DENIED: lambda endpoint, path: Denied(path),
    Happens.ASKED: lambda endpoint, path: AuthRequired(endpoint),
    Happens.FULL: lambda endpoint, path: NoSpace(path),
}


def content(name: str) -> bytes:
    return (f"{name} ".encode() * SIZE)[:SIZE]


@dataclass(slots=True)
class Gate:
    """`free`: how many parts may pass. `still`: one waits for more, or for `error`."""

    free: float = 0
    error: Happens | None = None
    still: bool = False


@dataclass(slots=True)
class World:
    """The tree, and a condition that is notified whenever something may have changed."""

    store: Store = field(default_factory=Store)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        for folder in (SOURCES, TARGETS):
            self.store.add(folder, Kind.DIR)

    def add(self, name: str, *, there: bool) -> None:
        """A source, and a file that stands where its copy is to go."""
        data = bytearray(content(name))
        self.store.add(f"{SOURCES}/{name}", Kind.FILE, data=data, modified=_NEW)
        if there:
            old = {"data": bytearray(OLD), "modified": _BEFORE}
            self.store.add(f"{TARGETS}/{name}", Kind.FILE, **old)

    def get(self, path: str) -> bytes | None:
        with self.store.lock:
            node = self.store.nodes.get(path)
            return None if node is None else bytes(node.data)

    def unfinished(self) -> set[str]:
        """The names of the copies of which bytes lie there."""
        with self.store.lock:
            names = [path.rpartition("/")[2] for path in self.store.nodes]
        return {_base(name.rsplit(".", 2)[0][1:]) for name in names if is_temporary(name)}


class _LivingStore(Store):
    """The world's tree, as long as the process lives that has it open."""

    def __init__(self, world: World, life: Life) -> None:
        super().__init__()
        self.lock, self.nodes = world.store.lock, world.store.nodes
        self.revisions, self.fail = world.store.revisions, life.require


class Life:
    """What one process of the queue sees of the world, until it is `killed`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._killed = False
        self._gates: dict[str, Gate] = {}

    def open(self, endpoint: str) -> GatedPlace:
        return GatedPlace(endpoint, _LivingStore(self._world, self), self)

    def require(self, operation: str, path: str) -> None:
        """Nothing is done by a process that is gone. A run begins with a look at its source."""
        if self._killed:
            raise ConnectionLost(path)
        if operation == "stat" and path.startswith(f"{SOURCES}/"):
            with self._world.changed:
                gate = self._gate(path.rpartition("/")[2])
                gate.free, gate.error = 1, None

    def kill(self) -> None:
        with self._world.changed:
            self._killed = True
            self._world.changed.notify_all()

    def still(self, name: str) -> bool:
        """Whether the copy of `name` stands at its gate. The condition is held."""
        return self._gate(name).still

    def let(self, name: str, what: Happens) -> None:
        """Make something happen to the copy of `name`, which stands still."""
        with self._world.changed:
            gate = self._gate(name)
            gate.still = False
            if what is Happens.DONE:
                gate.free = math.inf
            elif what is Happens.NOTHING:
                gate.free = 1
            else:
                gate.error = what
            self._world.changed.notify_all()

    def passes(self, endpoint: str, path: str) -> None:
        """Wait at the gate. Raises what is made to happen there."""
        gate = self._gate(_base(path.rpartition("/")[2]))
        with self._world.changed:
            while not (gate.free > 0 or gate.error or self._killed):
                gate.still = True
                self._world.changed.notify_all()
                self._world.changed.wait()
            gate.still = False
            error, gate.error = gate.error, None
            gate.free -= error is None
        self.require("put_part", path)
        if error is not None:
            raise _ERRORS[error](endpoint, path)

    def _gate(self, name: str) -> Gate:
        return self._gates.setdefault(name, Gate())


class GatedPlace(MemoryProvider):
    def __init__(self, endpoint: str, store: Store, life: Life) -> None:
        super().__init__(store)
        self._endpoint = endpoint
        self._life = life

    @property
    def caps(self) -> Capabilities:
        parts = Parts(order="any", min_size=1, max_size=PART)
        return replace(super().caps, connections=_MANY, parts=parts)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        self._life.passes(self._endpoint, json.loads(upload)[0])
        return super().put_part(upload, index, offset, body)


def _base(name: str) -> str:
    """Of a copy that was renamed to keep both: "name (2)"."""
    return name.partition(" (")[0]
