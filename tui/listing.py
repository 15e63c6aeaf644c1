"""A directory as a pane shows it: read page by page off the UI thread, filtered and sorted."""

from __future__ import annotations

import fnmatch
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from providers.base import Entry, Kind, Place, Provider
from providers.errors import Denied, NotFound, Unsupported, WrongKind
from providers.records import dataclass, replace
from tui import name_order as names
from tui import ordering
from tui.rows import Rows, Table

if TYPE_CHECKING:
    from tui.search import Criteria

_NOTHING: Mapping[str, Entry] = MappingProxyType({})
FIRST_GAP = 0.1  # seconds between the first two snapshots; each later gap is twice as long


class SortBy(StrEnum):
    NAME = "name"
    SIZE = "size"
    MODIFIED = "modified"
    EXTENSION = "extension"


@dataclass(frozen=True, slots=True)
class View:
    """How a pane wants to see entries. Sizes and times start with the largest and newest.

    `natural`: numbers in names count as numbers, "9.txt" before "10.txt".
    """

    sort: SortBy = SortBy.NAME
    reverse: bool = False
    hidden: bool = False
    filter: str = ""
    natural: bool = False

    @property
    def descending(self) -> bool:
        by_text = self.sort in (SortBy.NAME, SortBy.EXTENSION)
        return self.reverse if by_text else not self.reverse


class How(StrEnum):
    """How a pane comes to a place."""

    GO = "go"
    BACK = "back"  # in the history of its tab
    FORWARD = "forward"
    RESUME = "resume"  # it is the place of a tab that comes to the front
    FOLLOW = "follow"  # after the other pane

    @property
    def step(self) -> int:
        """In the history."""
        return {How.BACK: -1, How.FORWARD: 1}.get(self, 0)


@dataclass(frozen=True, slots=True)
class Request:
    """A place to show. `typed`: by a person, so it may be "", "~/x" or name a file."""

    place: Place
    focus: str | None = None  # the path to put the cursor on
    typed: bool = False
    kept: bool = False  # what is shown stays until all of it is read
    search: Criteria | None = None  # not the folder: what is found below it (`tui.found`)
    known: Rows | None = None  # found before: only looked at again
    how: How = How.GO


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read so far. `rows` is `entries` arranged for `view`."""

    path: str
    parent: str | None  # the folder above; None at the root
    entries: Rows
    rows: Rows
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


def is_hidden(name: str) -> bool:
    """Dotfiles, and with them our own unfinished files (names.temporary_name)."""
    return name.startswith(".")


def arrange(
    entries: Iterable[Entry],
    view: View,
    *,
    known: Mapping[str, Entry] = _NOTHING,
    wanted: Callable[[], bool] = lambda: True,
) -> Rows:
    """The entries that `view` shows, directories first, in its order.

    `known`: what is known of some, by path, and was not listed. Raises ordering.Abandoned once
    this is not `wanted` any more.
    """
    rows = Rows.of(entries)
    table = rows.table
    order = ordering.chosen(rows, _shown(view), _part(view.filter), wanted)
    backwards = view.sort is SortBy.NAME and view.reverse
    by_name = names.natural if view.natural else names.plain
    order = ordering.sort(order, lambda at: by_name(table.name(at)), wanted, reverse=backwards)
    if view.sort is SortBy.EXTENSION:
        by_extension = partial(_by_extension, table)
        order = ordering.sort(order, by_extension, wanted, reverse=view.descending)
    elif view.sort is not SortBy.NAME:
        told = {at: known[path] for path, at in rows.indexes(known).items()}
        key = partial(_by_size if view.sort is SortBy.SIZE else _by_time, table, told)
        order = ordering.sort(order, key, wanted, reverse=view.descending)
    return Rows(table, ordering.directories_first(table, order))


def _shown(view: View) -> Callable[[str], bool]:
    matches = matcher(view.filter) if view.filter else None
    if view.hidden:
        return matches or (lambda name: True)
    return lambda name: not is_hidden(name) and (matches is None or matches(name))


def _part(pattern: str) -> str:
    """What all names that `pattern` matches have in them, case folded."""
    return max(re.split(r"[*?]", pattern.casefold()), key=len)


def why_empty(entries: Rows, view: View) -> str:
    """What to say where `view` shows none of `entries`."""
    if view.filter:
        return "no name matches"
    return "only hidden entries: . shows them" if entries else "empty"


def _by_extension(table: Table, at: int) -> str:
    return "" if table.is_directory(at) else names.extension(table.name(at))


def _by_size(table: Table, told: Mapping[int, Entry], at: int) -> int:
    size = told[at].size if at in told else table.size(at)
    return -1 if size is None or table.is_directory(at) else size


def _by_time(table: Table, told: Mapping[int, Entry], at: int) -> float:
    modified = told[at].modified if at in told else table.modified(at)
    return float("-inf") if modified is None else modified


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
    table = Table()
    due, gap = clock(), FIRST_GAP

    def snapshot(complete: bool) -> Snapshot:
        seen = view()
        entries = Rows(table, range(len(table)))
        rows = arrange(entries, seen, wanted=lambda: not cancelled())
        return Snapshot(path, parent, entries, rows, seen, complete)

    with suppress(ordering.Abandoned):
        for page in provider.list_dir(path):
            if cancelled():
                return
            table.extend(page)
            if table and clock() >= due:
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
        alone = Rows.of((file,))
        emit(Snapshot(folder, parent, alone, alone, view(), complete=True))
