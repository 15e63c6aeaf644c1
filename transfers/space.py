"""Disks that are full: which, and when there is room again (faults.md D1).

Where a place does not tell how much room it has, nor on which disk, its jobs are tried again after
longer and longer times: that shows it as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from providers.base import Measured, Place, Provider
from providers.errors import ProviderError, Unsupported
from providers.records import dataclass, replace
from transfers.draft import Draft
from transfers.messages import RoomSeen
from transfers.model import Job, JobState

_FIRST_LOOK = 5.0  # seconds
_CLOSE_SECONDS = 2.0
_LONGEST_LOOK = 300.0  # seconds: a quota that `room` does not see fills again at once


@dataclass(slots=True)
class _Full:
    folder: Place
    strikes: int = 0  # how often it was full again after there seemed to be room
    open: bool = False  # there seemed to be room since
    waited: bool = True  # jobs wait for room, or for more of it
    watched: bool = False  # a thread looks at it


class FullDisks:
    """Thread-safe. `seen` is told a full disk and the bytes that are free there, when looked at;
    None: its place never tells.

    Jobs parked for a disk carry its name (see `named`) as what they ask for.
    """

    def __init__(
        self,
        provider: Callable[[str], Provider],
        seen: Callable[[str, int | None], None],
        *,
        first: float | None = None,
    ) -> None:
        """`first`: seconds before the first look at a disk."""
        self._provider = provider
        self._seen = seen
        self._first = _FIRST_LOOK if first is None else first
        self._lock = threading.Lock()
        self._disks: dict[str, _Full] = {}
        self._closed = threading.Event()
        self._watchers: list[threading.Thread] = []

    def note(self, name: str, folder: Place) -> None:
        """`name` is full; from now on it is looked at, at `folder`, as long as jobs wait for it."""
        with self._lock:
            disk = self._disks.setdefault(name, _Full(folder))
            if disk.open:
                disk.folder, disk.open = folder, False
                disk.strikes += 1
            disk.waited = True
            if disk.watched:
                return
            disk.watched = True
            self._watchers = [thread for thread in self._watchers if thread.is_alive()]
            watcher = threading.Thread(
                target=self._watch, args=(name, disk), name="space", daemon=True
            )
            self._watchers.append(watcher)
            watcher.start()

    def opened(self, name: str, *, waited: bool = False) -> None:
        """Jobs are tried there again. `waited`: others wait for more room."""
        with self._lock:
            if name in self._disks:
                self._disks[name].open = True
                self._disks[name].waited = waited

    def stored(self, endpoint: str) -> None:
        """A file was finished there: what was full before is forgotten."""
        with self._lock:
            here = [name for name in self._disks if name.startswith(f"{endpoint}#")]
            for name in here:
                if not self._disks[name].open:
                    continue
                self._disks[name].strikes = 0
                if not self._disks[name].waited:
                    del self._disks[name]

    def full(self, endpoint: str, folder: str) -> bool:
        """Whether `folder` is on a disk that is known to be full. May ask the place."""
        with self._lock:
            names = {n for n, disk in self._disks.items() if not disk.open}
        names.discard(named(endpoint, ""))  # other folders there may be on another disk
        if not any(name.startswith(f"{endpoint}#") for name in names):
            return False
        return disk_name(endpoint, self._provider(endpoint), folder) in names

    def patience(self, name: str) -> float:
        """Seconds between two looks at the disk: more for one that fills again and again."""
        with self._lock:
            disk = self._disks.get(name)
            strikes = 0 if disk is None else disk.strikes
        return float(min(_LONGEST_LOOK, self._first * 2.0 ** min(strikes, 10)))

    @property
    def watching(self) -> bool:
        """Whether a disk is looked at: jobs may go on by themselves."""
        with self._lock:
            return any(disk.watched and disk.waited for disk in self._disks.values())

    def close(self) -> None:
        """End the threads that look; returns once they have."""
        self._closed.set()
        for thread in self._watchers:
            thread.join(_CLOSE_SECONDS)

    def _watch(self, name: str, disk: _Full) -> None:
        while self._needs_a_look(name, disk):
            if self._closed.wait(self.patience(name)):
                return
            self._seen(name, self._free(disk.folder))

    def _needs_a_look(self, name: str, disk: _Full) -> bool:
        with self._lock:
            disk.watched = self._disks.get(name) is disk and disk.waited
            return disk.watched

    def _free(self, folder: Place) -> int | None:
        """Bytes; 0 when the place cannot be asked just now, None when it never tells."""
        try:
            place = self._provider(folder.endpoint)
            return place.room(folder.path).free if isinstance(place, Measured) else None
        except Unsupported:
            return None
        except ProviderError:
            return 0


def disk_name(endpoint: str, place: Provider, folder: str) -> str:
    """How the disk of `folder` is called; "" when the place does not tell."""
    if not isinstance(place, Measured):
        return ""
    try:
        return named(endpoint, place.room(folder).volume)
    except ProviderError:
        return ""


def named(endpoint: str, volume: str) -> str:
    """What a disk is called here. `volume`: its name within its place, "" where nobody knows."""
    return f"{endpoint}#{volume}"


def parked_for(disk: str, draft: Draft) -> list[Job]:
    """The jobs that are parked until there is room on `disk`."""
    return [job for job in draft.jobs() if job.state is JobState.PARKED and job.asks == disk]


def try_again(seen: RoomSeen, disks: FullDisks, draft: Draft) -> None:
    """Have the jobs queued again that may fit into what is free on a disk that was full."""
    waiting = parked_for(seen.disk, draft)
    fitting = [
        job for job in waiting if seen.free is None or (job.size or 1) - job.sent <= seen.free
    ]
    if fitting or not waiting:
        disks.opened(seen.disk, waited=len(fitting) < len(waiting))
    for job in fitting:  # a full disk is no fault of its own
        attempt = max(0, job.attempt - 1)
        draft.save(replace(job, state=JobState.QUEUED, reason="", attempt=attempt))
