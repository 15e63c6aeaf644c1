"""Full disks: known by name, looked at until there is room, and tried again."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pytest

from providers.base import Place, Room
from providers.errors import ConnectionLost, Unsupported
from providers.memory import MemoryProvider, Store
from tests.transfers.samples import Desk, make_job
from transfers.messages import RoomSeen
from transfers.model import JobState, ParkReason
from transfers.space import FullDisks, disk_name, named, try_again

SITE = "memory://site"


class Disk(MemoryProvider):
    def __init__(self) -> None:
        super().__init__(Store())
        self.free: int | None = 0
        self.lost = False
        self.tells = True

    def room(self, path: str) -> Room:
        if self.lost:
            raise ConnectionLost(path)
        if not self.tells:
            raise Unsupported(path)
        return Room("other" if path.startswith("/mnt") else "disk", self.free)


def _disks(place: MemoryProvider) -> tuple[FullDisks, queue.SimpleQueue[tuple[str, int | None]]]:
    seen: queue.SimpleQueue[tuple[str, int | None]] = queue.SimpleQueue()
    disks = FullDisks(lambda endpoint: place, lambda name, free: seen.put((name, free)), first=0.01)
    return disks, seen


def test_a_full_disk_holds_its_own_folders_and_no_others() -> None:
    disks, _ = _disks(Disk())
    assert not disks.full(SITE, "/a")
    disks.note(f"{SITE}#disk", Place(SITE, "/a"))
    assert disks.full(SITE, "/b")
    assert not disks.full(SITE, "/mnt/b")
    assert not disks.full("memory://elsewhere", "/a")
    disks.opened(f"{SITE}#disk")
    assert not disks.full(SITE, "/b")
    disks.close()


def test_a_full_disk_is_looked_at_and_what_is_free_told() -> None:
    place = Disk()
    disks, seen = _disks(place)
    disks.note(f"{SITE}#disk", Place(SITE, "/a"))
    assert seen.get(timeout=20) == (f"{SITE}#disk", 0)
    place.free = 5
    while (told := seen.get(timeout=20))[1] == 0:
        pass
    assert told == (f"{SITE}#disk", 5)
    disks.close()


def test_a_place_that_cannot_be_asked_just_then_is_asked_again() -> None:
    place = Disk()
    place.lost = True
    disks, seen = _disks(place)
    disks.note(f"{SITE}#disk", Place(SITE, "/a"))
    assert seen.get(timeout=20) == (f"{SITE}#disk", 0)
    place.free, place.lost = 7, False
    while (told := seen.get(timeout=20))[1] == 0:
        pass
    assert told[1] == 7
    disks.close()


def test_a_disk_that_fills_again_at_once_is_looked_at_less_and_less() -> None:
    disks, _ = _disks(Disk())
    name = f"{SITE}#disk"
    waits = []
    for _ in range(4):
        disks.note(name, Place(SITE, "/a"))
        waits.append(disks.patience(name))
        disks.opened(name)
    assert waits == [0.01, 0.02, 0.04, 0.08]
    disks.stored(SITE)
    disks.note(name, Place(SITE, "/a"))
    assert disks.patience(name) == 0.01
    disks.close()


@pytest.mark.parametrize("place", [Disk, lambda: MemoryProvider(Store())], ids=["sftp", "other"])
def test_a_place_that_tells_nothing_is_tried_again_and_only_its_own_jobs_wait(
    place: Callable[[], MemoryProvider],
) -> None:
    silent = place()
    if isinstance(silent, Disk):
        silent.tells = False
    disks, seen = _disks(silent)
    unknown = named(SITE, "")
    disks.note(unknown, Place(SITE, "/a"))
    assert not disks.full(SITE, "/b")
    assert seen.get(timeout=20) == (unknown, None)
    assert seen.get(timeout=20) == (unknown, None)
    disks.opened(unknown)
    disks.note(unknown, Place(SITE, "/a"))
    assert disks.patience(unknown) == 0.02
    disks.close()


@pytest.mark.parametrize(
    ("free", "again", "waited"), [(None, [1, 2, 3], False), (70, [1, 2], True), (0, [], True)]
)
def test_those_are_tried_again_that_may_fit(
    free: int | None, again: list[int], waited: bool
) -> None:
    disks, _ = _disks(Disk())
    name = named(SITE, "disk")
    disks.note(name, Place(SITE, "/a"))
    parked = {"park": ParkReason.SPACE, "asks": name, "attempt": 2}
    sizes: list[tuple[int | None, int]] = [(None, 0), (100, 40), (100, 0)]
    draft = Desk(
        make_job(n, JobState.PARKED, size=size, sent=sent, **parked)
        for n, (size, sent) in enumerate(sizes, 1)
    ).draft()
    try_again(RoomSeen(name, free), disks, draft)
    assert [job.id for job in draft.changes.saved.values()] == again
    assert all((j.state, j.attempt) == (JobState.QUEUED, 1) for j in draft.changes.saved.values())
    assert disks.watching is waited
    disks.close()


def test_places_that_tell_nothing_have_no_name_and_no_thread() -> None:
    before = threading.active_count()
    place = MemoryProvider(Store())
    disks, _ = _disks(place)
    assert disk_name(SITE, place, "/") == ""
    assert not disks.full(SITE, "/")
    assert threading.active_count() == before
