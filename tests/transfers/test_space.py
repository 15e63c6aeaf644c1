"""Full disks: known by name, looked at until there is room, and tried again."""

from __future__ import annotations

import queue
import threading

from providers.base import Place, Room
from providers.errors import ConnectionLost
from providers.memory import MemoryProvider, Store
from transfers.space import FullDisks, disk_name

SITE = "memory://site"


class Disk(MemoryProvider):
    def __init__(self) -> None:
        super().__init__(Store())
        self.free: int | None = 0
        self.lost = False

    def room(self, path: str) -> Room:
        if self.lost:
            raise ConnectionLost(path)
        return Room("other" if path.startswith("/mnt") else "disk", self.free)


def _disks(place: MemoryProvider) -> tuple[FullDisks, queue.SimpleQueue[tuple[str, int]]]:
    seen: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
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


def test_places_that_tell_nothing_have_no_name_and_no_thread() -> None:
    before = threading.active_count()
    place = MemoryProvider(Store())
    disks, _ = _disks(place)
    assert disk_name(SITE, place, "/") == ""
    assert not disks.full(SITE, "/")
    assert threading.active_count() == before
