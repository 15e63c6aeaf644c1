"""What was found below a folder, as a pane shows it: a listing whose rows are anywhere below."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from providers.base import Entry, Provider
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyProblem,
    NotFound,
    ProviderError,
)
from tui.listing import Request, Snapshot, View, arrange
from tui.rows import Rows
from tui.search import Criteria
from tui.walk import Walked, walk

MOST = 10_000  # entries
_GAP = 0.4  # seconds between two snapshots
_ENTRIES_A_SECOND = 20_000  # that are sorted for a snapshot: with many, they come less often


def read(
    provider: Provider,
    request: Request,
    *,
    view: Callable[[], View],
    emit: Callable[[Request, Snapshot], None],
    cancelled: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Search below the place of `request`, handing growing snapshots to `emit`; the last one is
    complete. Where it brings what is `known`, that is looked at again and nothing is searched.

    Blocking: for a thread. Raises ProviderError.
    """
    path = request.place.path

    def send(entries: Sequence[Entry], note: str, *, complete: bool) -> None:
        seen = view()
        found = Rows.of(entries)
        # The folder above what was found is the one that was searched.
        emit(request, Snapshot(path, path, found, arrange(found, seen), seen, complete, note))

    if request.known is not None:
        again = _look_again(provider, request, request.known, cancelled)
        if not cancelled():
            send(again, "", complete=True)
    elif request.search is not None:
        _search(provider, path, request.search, send, cancelled, clock)


def _search(
    provider: Provider,
    path: str,
    wanted: Criteria,
    send: Callable[..., None],
    cancelled: Callable[[], bool],
    clock: Callable[[], float],
) -> None:
    found: list[Entry] = []
    looked, walked, matches = 0, Walked(), wanted.matcher()
    send(found, "", complete=False)
    due = clock() + _GAP
    for page in walk(provider, [path], walked, cancelled=cancelled, enters=wanted.enters):
        looked += len(page)
        found += [e for e in page if matches(e) and wanted.enters(e)]
        if len(found) >= MOST:
            break
        if clock() >= due:
            send(found, f"{looked:,} looked at", complete=False)
            due = clock() + _GAP + len(found) / _ENTRIES_A_SECOND
    if not cancelled():
        send(found[:MOST], _note(found, walked), complete=True)


def _note(found: Sequence[Entry], walked: Walked) -> str:
    """What the person must know to trust the list."""
    if len(found) >= MOST:
        return f"stopped at {MOST:,}: look for less"
    return walked.lacking


def relative(path: str, start: str) -> str:
    """`path` as it is called in a list of what is below the folder `start`."""
    for separator in {"/", os.sep}:
        beginning = start.rstrip(separator) + separator
        if path.startswith(beginning):
            return path.removeprefix(beginning) or path
    return path


def _look_again(
    provider: Provider,
    request: Request,
    known: Sequence[Entry],
    cancelled: Callable[[], bool],
) -> list[Entry]:
    """What there still is of `known`, as it is now, and what the cursor is wanted on."""
    found: dict[str, Entry] = {}
    for entry in known:
        if cancelled():
            break
        fresh = _fresh(provider, entry.path, entry)
        if fresh is not None:
            found[entry.path] = fresh
    focus = request.focus
    if focus and focus != request.place.path and focus not in found:
        fresh = _fresh(provider, focus, None)
        if fresh is not None:
            found[focus] = fresh
    return list(found.values())


def _fresh(provider: Provider, path: str, otherwise: Entry | None) -> Entry | None:
    try:
        return provider.stat(path)
    except NotFound:
        return None
    except (AuthRequired, HostKeyProblem, ConnectionLost):
        raise
    except ProviderError:
        return otherwise
