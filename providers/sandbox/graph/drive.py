"""A tree of items with the rules that hold in each: unique names, quota, a count of changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from providers.sandbox.graph.clock import Clock
from providers.sandbox.graph.ids import Ids
from providers.sandbox.graph.items import Item, Kind, Version
from providers.sandbox.graph.names import key
from providers.sandbox.graph.profiles import Profile
from providers.sandbox.graph.quickxor import quick_xor_hash

_GIB = 1 << 30


class Drive:
    """`shared_with_me`: another person's; of it only these items, and what is in them, are seen.

    Names are not checked here, and conflicts not resolved: the callers answer for these.
    """

    def __init__(
        self, drive_id: str, kind: str, name: str, profile: Profile, ids: Ids, clock: Clock
    ) -> None:
        self.id = drive_id
        self.kind = kind  # personal, business, documentLibrary
        self.name = name
        self.owner = "Demo"
        self.site = ""
        self.total = 5 * _GIB
        self.shared_with_me: set[str] = set()
        self.items: dict[str, Item] = {}
        self.recycled: list[Item] = []
        self.gone: dict[str, Item] = {}  # for delta
        self.changes = 0
        self.generation = 0  # of delta tokens; those of an earlier one are refused
        self._profile = profile
        self._ids = ids
        self._clock = clock
        self._names: dict[str, dict[str, str]] = {}  # a folder: its names' keys to ids
        self.root = self.add(None, "root", "folder")

    def add(self, parent: Item | None, name: str, kind: Kind) -> Item:
        item = self.loose(name, kind)
        self.items[item.id] = item
        self._names[item.id] = {}
        if parent is not None:
            item.parent = parent.id
            self._names[parent.id][key(name)] = item.id
        self._changed(item)
        return item

    def loose(self, name: str, kind: Kind) -> Item:
        """One that is in no folder."""
        now = self._now()
        return Item(
            id=self._new_id(),
            guid=self._ids.guid().upper(),
            name=name,
            parent="",
            kind=kind,
            created=now,
            modified=now,
            created_there=now,
            modified_there=now,
        )

    def _new_id(self) -> str:
        if self._profile.business:
            return self._ids.business_item()
        return self._ids.personal_item(self.id)

    def _now(self) -> datetime:
        return self._clock.now().replace(microsecond=0)

    def _changed(self, item: Item) -> None:
        self.changes += 1
        item.changed = self.changes

    def child(self, parent: Item, name: str) -> Item | None:
        found = self._names[parent.id].get(key(name))
        return None if found is None else self.items[found]

    def seen_child(self, parent: Item, name: str) -> Item | None:
        """None also for one that is not to be seen yet."""
        found = self.child(parent, name)
        return None if found is None or self.hidden(found) else found

    def children(self, parent: Item) -> list[Item]:
        """By name, as the service lists them."""
        found = [self.items[one] for one in self._names[parent.id].values()]
        return sorted((item for item in found if not self.hidden(item)), key=lambda i: key(i.name))

    def hidden(self, item: Item) -> bool:
        return item.hidden_until is not None and self._clock.now() < item.hidden_until

    def path(self, item: Item) -> tuple[str, ...]:
        """The names from the root, which itself has none."""
        return tuple(one.name for one in reversed([*self.upwards(item)]) if one.parent)

    def upwards(self, item: Item) -> Iterator[Item]:
        """Itself, its folder and so on to the root."""
        while True:
            yield item
            if not item.parent:
                return
            item = self.items[item.parent]

    def below(self, item: Item) -> Iterator[Item]:
        """Itself and all that is in it, a folder before what it holds."""
        yield item
        for one in [*self._names[item.id].values()]:
            yield from self.below(self.items[one])

    def put(self, item: Item, data: bytes) -> None:
        """New content: a new version, and the time is now."""
        number = item.versions[-1].number + 1 if item.versions else 1
        now = self._now()
        item.versions.append(Version(number, data, quick_xor_hash(data), now))
        item.modified = item.modified_there = now
        self.touch(item, content=True)

    def touch(self, item: Item, *, content: bool = False) -> None:
        """It has changed. On Business, cTag shows each change (microsoft-graph-docs #9205)."""
        item.tag += 1
        if content or self._profile.business:
            item.content_tag += 1
        self._changed(item)

    def move(self, item: Item, parent: Item, name: str) -> None:
        """The time becomes now, which clients have to set right (rclone)."""
        del self._names[item.parent][key(item.name)]
        item.parent, item.name = parent.id, name
        self._names[parent.id][key(name)] = item.id
        item.modified = item.modified_there = self._now()
        self.touch(item)

    def remove(self, item: Item, *, recycled: bool = True) -> None:
        """With all that is in it."""
        del self._names[item.parent][key(item.name)]
        for one in [*self.below(item)]:
            del self.items[one.id]
            self.gone[one.id] = one
            self._changed(one)
        if recycled:
            self.recycled.append(item)

    def locked(self, item: Item) -> bool:
        """It, or something in it."""
        return any(one.locked for one in self.below(item))

    @property
    def used(self) -> int:
        return sum(self._room(item) for item in self.items.values())

    @property
    def deleted(self) -> int:
        return sum(self._room(item) for item in self.recycled)

    def _room(self, item: Item) -> int:
        counted = item.versions if self._profile.versions_use_quota else item.versions[-1:]
        return sum(len(version.data) for version in counted)

    @property
    def remaining(self) -> int:
        return max(0, self.total - self.used)
