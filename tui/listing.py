"""A directory as a pane shows it: read page by page off the UI thread, filtered and sorted."""

from __future__ import annotations

import fnmatch
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from providers.base import Entry, Kind, Place, Provider
from providers.errors import Denied, NotFound, Unsupported, WrongKind

if TYPE_CHECKING:
    from tui.search import Criteria

FIRST_GAP = 0.1  # seconds between the first two snapshots; each later gap is twice as long


class SortBy(StrEnum):
    NAME = "name"
    SIZE = "size"
    MODIFIED = "modified"


@dataclass(frozen=True, slots=True)
class View:
    """How a pane wants to see entries. Sizes and times start with the largest and newest."""

    sort: SortBy = SortBy.NAME
    reverse: bool = False
    hidden: bool = False
    filter: str = ""

    @property
    def descending(self) -> bool:
        return self.reverse if self.sort is SortBy.NAME else not self.reverse


@dataclass(frozen=True, slots=True)
class Request:
    """A place to show. `typed`: by a person, so it may be "", "~/x" or name a file."""

    place: Place
    focus: str | None = None  # the path to put the cursor on
    typed: bool = False
    kept: bool = False  # what is shown stays until all of it is read
    search: Criteria | None = None  # not the folder: what is found below it (`tui.found`)
    known: Sequence[Entry] | None = None  # found before: only looked at again


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read so far. `rows` is `entries` arranged for `view`."""

    path: str
    parent: str | None  # the folder above; None at the root
    entries: Sequence[Entry]
    rows: Sequence[Entry]
    view: View
    complete: bool
    note: str = ""  # for the person, beside the number of entries


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a name contains `pattern`, in any case; "*" and "?" are wildcards."""
    wanted = pattern.casefold()
    if "*" in wanted or "?" in wanted:
        found = re.compile(fnmatch.translate(f"*{wanted}*")).match
        return lambda name: found(name.casefold()) is not None
    return lambda name: wanted in name.casefold()


def glob(pattern: str) -> Callable[[str], bool]:
    """Whether a whole name is what `pattern` says ("*.txt"), in any case."""
    found = re.compile(fnmatch.translate(pattern.casefold())).match
    return lambda name: found(name.casefold()) is not None


def is_hidden(entry: Entry) -> bool:
    """Dotfiles, and with them our own unfinished files (names.temporary_name)."""
    return entry.name.startswith(".")


def arrange(entries: Iterable[Entry], view: View) -> list[Entry]:
    """The entries that `view` shows, directories first, in its order."""
    shown = entries if view.hidden else (e for e in entries if not is_hidden(e))
    if view.filter:
        matches = matcher(view.filter)
        shown = (e for e in shown if matches(e.name))
    rows = sorted(shown, key=_by_name, reverse=view.sort is SortBy.NAME and view.reverse)
    if view.sort is SortBy.SIZE:
        rows.sort(key=_by_size, reverse=view.descending)
    elif view.sort is SortBy.MODIFIED:
        rows.sort(key=_by_time, reverse=view.descending)
    directories = [e for e in rows if e.kind is Kind.DIR]
    return directories + [e for e in rows if e.kind is not Kind.DIR]


def why_empty(entries: Sequence[Entry], view: View) -> str:
    """What to say where `view` shows none of `entries`."""
    if view.filter:
        return "no name matches"
    return "only hidden entries: . shows them" if entries else "empty"


def _by_name(entry: Entry) -> str:
    return f"{entry.name.casefold()}\0{entry.name}"  # one string compares faster than a pair


def _by_size(entry: Entry) -> int:
    return -1 if entry.size is None or entry.kind is Kind.DIR else entry.size


def _by_time(entry: Entry) -> float:
    return float("-inf") if entry.modified is None else entry.modified


def read(
    provider: Provider,
    path: str,
    *,
    view: Callable[[], View],
    emit: Callable[[Snapshot], None],
    cancelled: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """List `path`, handing growing snapshots to `emit`; the last one is complete.

    The first comes with the first page, the others at gaps that double, so that sorting costs
    little in all. Blocking: for a thread. Raises ProviderError.
    """
    above = provider.parent(path)
    parent = None if above == path else above
    entries: list[Entry] = []
    due, gap = clock(), FIRST_GAP

    def snapshot(complete: bool) -> Snapshot:
        seen = view()
        return Snapshot(path, parent, tuple(entries), arrange(entries, seen), seen, complete)

    for page in provider.list_dir(path):
        if cancelled():
            return
        entries.extend(page)
        if entries and clock() >= due:
            emit(snapshot(complete=False))
            due, gap = clock() + gap, gap * 2
    if not cancelled():
        emit(snapshot(complete=True))


def read_asked(
    provider: Provider,
    request: Request,
    *,
    view: Callable[[], View],
    emit: Callable[[Request, Snapshot], None],
    cancelled: Callable[[], bool],
) -> None:
    """As `read`, of what was asked for. A file that was typed is shown in its folder, in focus."""
    path = request.place.path
    if request.typed:
        path = provider.resolve(path)
    try:
        read(provider, path, view=view, emit=partial(emit, request), cancelled=cancelled)
    except WrongKind:
        if not request.typed or (file := provider.stat(path, follow=True)).kind is Kind.DIR:
            raise
        shown = partial(emit, replace(request, focus=path))
        read_around(provider, file, view=view, emit=shown, cancelled=cancelled)


def read_around(
    provider: Provider,
    file: Entry,
    *,
    view: Callable[[], View],
    emit: Callable[[Snapshot], None],
    cancelled: Callable[[], bool],
) -> None:
    """As `read`, of the folder that `file` is in; where that cannot be listed, of `file` alone.

    Many web servers give a file to who knows its address, and list no folder.
    """
    folder = provider.parent(file.path)
    try:
        read(provider, folder, view=view, emit=emit, cancelled=cancelled)
    except (Denied, NotFound, Unsupported, WrongKind):
        above = provider.parent(folder)
        parent = None if above == folder else above
        emit(Snapshot(folder, parent, (file,), (file,), view(), complete=True))
