"""What a person changed in this session, and how it is taken back: only what is still as it was.

The list is kept in memory; a change is entered with what its things looked like right after it.
Blocking where a provider is asked: for threads.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum

from providers import location
from providers.base import Entry, Kind, Place, Provider, Writer
from providers.errors import AlreadyExists, NotFound, ProviderError, TargetChanged, Unsupported
from providers.extras import Trash
from providers.records import dataclass, field, replace
from tui import bulk_rename
from tui import file_operations as files
from tui import format as show
from tui.bulk_rename import Move

_KEPT = 200  # changes
_MOST_THINGS = 10_000  # of one change; one of more is not kept
_NAME_WIDTH = 30  # cells


class Did(StrEnum):
    """What was done."""

    RENAMED = "Renamed"
    MOVED = "Moved"  # by the queue, by giving it another name
    MADE = "Made"
    THROWN = "To the trash"


@dataclass(frozen=True, slots=True)
class Thing:
    """`name`: what it was called before the change, `before`: its address then, "" when it was
    not there; `now`: as it was found right after it."""

    name: str
    now: Entry
    before: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a person did, to `things` of one place."""

    did: Did
    endpoint: str
    things: tuple[Thing, ...]
    when: float = field(default_factory=time.time)  # Unix seconds
    group: str = ""  # changes of one group are one, which is told a little at a time


@dataclass(frozen=True, slots=True)
class Undone:
    """How far it came. `left`: what could not be taken back, None: nothing is left."""

    count: int
    left: Change | None = None
    error: ProviderError | None = None


class Changes:
    """The list, the newest first. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: deque[Change] = deque(maxlen=_KEPT)
        self._too_many: set[str] = set()  # groups of more things than are kept

    def note(self, change: Change) -> None:
        """Enter it as the newest, or add it to the one of its group."""
        if not change.things:
            return
        with self._lock:
            others = [each for each in self._all if each.group and each.group == change.group]
            for other in others:
                self._all.remove(other)
                change = replace(change, things=other.things + change.things)
            if change.group in self._too_many or len(change.things) > _MOST_THINGS:
                self._too_many.add(change.group)
            else:
                self._all.appendleft(change)

    def all(self) -> list[Change]:
        with self._lock:
            return list(self._all)

    def replace(self, change: Change, left: Change | None) -> None:
        """Put what is `left` of `change` in its place, or nothing."""
        with self._lock:
            kept = [left if each is change else each for each in self._all]
            self._all = deque((each for each in kept if each is not None), maxlen=_KEPT)


def renamed(
    provider: Provider, endpoint: str, moves: Sequence[Move], did: Did = Did.RENAMED
) -> Change:
    """To be made right after it. Raises ProviderError when it cannot be looked at."""
    things = tuple(
        Thing(provider.name(move.source), provider.stat(move.target), move.source) for move in moves
    )
    return Change(did, endpoint, things)


def thrown(provider: Provider, endpoint: str, away: Sequence[tuple[Entry, str]]) -> Change:
    """Entries, each with its address in the trash, "" where that is not known."""
    things = []
    for entry, where in away:
        now = provider.stat(where) if where else Entry("", entry.name, entry.kind)
        things.append(Thing(entry.name, now, entry.path))
    return Change(Did.THROWN, endpoint, tuple(things))


def made(provider: Provider, endpoint: str, path: str) -> Change:
    """As `renamed`, of a folder, file or link that was not there before."""
    return Change(Did.MADE, endpoint, (Thing(provider.name(path), provider.stat(path)),))


def undo(
    provider: Provider,
    change: Change,
    *,
    on_progress: Callable[[int], None] = lambda count: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Undone:
    """Take `change` back, as far as its things are still what they were.

    Raises TargetChanged, NotFound and the like when that is not so, and then nothing was done.
    """
    try:
        done = _undo(provider, change, on_progress, cancelled)
    except AlreadyExists as error:
        raise _taken(error) from error
    return replace(done, error=_taken(done.error)) if done.error else done


def _taken(error: ProviderError) -> ProviderError:
    """Nobody is asked what to do about a name that something else has by now."""
    if not isinstance(error, AlreadyExists):
        return error
    advice = "Give what is there another name, and undo again."
    return AlreadyExists(error.path, error.what, advice=advice)


def _undo(
    provider: Provider,
    change: Change,
    on_progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Undone:
    if change.did in (Did.RENAMED, Did.MOVED):
        return _rename_back(provider, change, on_progress, cancelled)
    work = _take_out if change.did is Did.THROWN else _unmake
    left = list(change.things)
    while left and not cancelled():
        try:
            work(provider, change.endpoint, left[-1])
        except ProviderError as error:
            if len(left) == len(change.things):
                raise
            return _so_far(change, left, error)
        left.pop()
        on_progress(len(change.things) - len(left))
    return _so_far(change, left, None)


def _so_far(change: Change, left: Sequence[Thing], error: ProviderError | None) -> Undone:
    rest = replace(change, things=tuple(left)) if left else None
    return Undone(len(change.things) - len(left), rest, error)


def _check(provider: Provider, thing: Thing) -> None:
    """Raise unless what stands at its address is still the thing itself, unchanged."""
    try:
        now = provider.stat(thing.now.path)
    except NotFound as error:
        raise NotFound(
            thing.now.path, "is gone since: it cannot be taken back", advice=""
        ) from error
    if replace(now, digests=thing.now.digests, mode=thing.now.mode) != thing.now:
        raise TargetChanged(
            thing.now.path,
            "has changed since, or is another: it is left alone",
            advice="Look at it and do it by hand.",
        )


def _rename_back(
    provider: Provider,
    change: Change,
    on_progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Undone:
    target = files.writer(provider, change.endpoint)
    for thing in change.things:
        _check(provider, thing)
    for thing in change.things:
        _make_above(provider, target, thing)
    wanted = [Move(thing.now.path, thing.before) for thing in change.things]
    plan = bulk_rename.steps(wanted, lambda move: temporary(provider, move))
    outcome = bulk_rename.perform(
        target, wanted, plan, on_progress=on_progress, cancelled=cancelled
    )
    if outcome.error is not None and not outcome.done:
        raise outcome.error
    undone = {move.source for move in outcome.done}
    left = [thing for thing in change.things if thing.now.path not in undone]
    return _so_far(change, left, outcome.error)


def _make_above(provider: Provider, target: Writer, thing: Thing) -> None:
    """The folder that a thing was in, where a move has removed it. Raises TargetChanged when a link
    or something else is there by now."""
    folder, missing = provider.parent(thing.before), list[str]()
    if folder == provider.parent(thing.now.path):
        return
    while True:
        try:
            kind = provider.stat(folder).kind
            break
        except NotFound:
            missing.append(folder)
            if provider.parent(folder) == folder:
                raise
            folder = provider.parent(folder)
    if kind is not Kind.DIR:
        raise TargetChanged(folder, "is no folder any more: nothing is moved back through it")
    for path in reversed(missing):
        target.make_dir(path)


def temporary(provider: Provider, move: Move) -> str:
    """A name beside its source that nothing has."""
    return provider.join(provider.parent(move.source), f".renaming-{secrets.token_hex(6)}")


def _unmake(provider: Provider, endpoint: str, thing: Thing) -> None:
    """Only what is still empty: `delete` refuses a folder with something in it."""
    _check(provider, thing)
    files.writer(provider, endpoint).delete(thing.now.path)


def _take_out(provider: Provider, endpoint: str, thing: Thing) -> None:
    if not isinstance(provider, Trash):
        raise Unsupported(endpoint, "this place has no trash")
    if not thing.now.path:
        raise Unsupported(
            thing.before, "only the system's own trash program finds it", advice="Restore it there."
        )
    _check(provider, thing)
    provider.take_out(thing.now.path, thing.before)


def described(change: Change) -> str:
    """One line: what was done to what."""
    thing = change.things[0]
    name = show.clip_middle(thing.name, _NAME_WIDTH)
    if len(change.things) > 1:
        return f"{change.did}: {name} and {len(change.things) - 1:,} more"
    if change.did is Did.RENAMED:
        return f"{change.did}: {name} → {show.clip_middle(thing.now.name, _NAME_WIDTH)}"
    return f"{change.did}: {name}"


def effect(change: Change) -> str:
    """What taking it back will do, as a sentence; safe to show once it is printed as a line."""
    address = _address(change, change.things[0])
    many = f" and {len(change.things) - 1:,} more" if len(change.things) > 1 else ""
    if change.did is Did.RENAMED:
        return f"Gives {address}{many} the old name back."
    if change.did is Did.MOVED:
        return f"Moves it back to {address}{many}."
    if change.did is Did.THROWN:
        return f"Takes {address}{many} out of the trash."
    if change.things[0].now.kind is Kind.LINK:
        return f"Removes the link {address}{many}; what it leads to stays."
    return f"Removes {address}{many}, if nothing was put into it."


def _address(change: Change, thing: Thing) -> str:
    return location.show(Place(change.endpoint, thing.before or thing.now.path))
