"""Pre-authenticated URLs on the second listener: whoever has one may read, for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

from providers.records import dataclass
from providers.sandbox.graph.clock import Clock
from providers.sandbox.graph.ids import Ids


@dataclass(slots=True)
class Ticket:
    """For an item's content, one version of it, or a picture of it (`thumbnail`: its width)."""

    drive: str
    item: str
    expires: datetime
    version: int | None = None
    thumbnail: int = 0


class Tickets:
    """By the exact text of path and query: one that is written anew no longer fits."""

    def __init__(self, ids: Ids, clock: Clock) -> None:
        self.seconds = 3600.0  # driveitem.md: "1 hour"
        self._ids = ids
        self._clock = clock
        self._given: dict[str, Ticket] = {}

    def give(self, drive: str, item: str, *, version: int | None = None, thumbnail: int = 0) -> str:
        """A path with query. At most one of `version` and `thumbnail` may be given."""
        folder = "thumbnail" if thumbnail else "download"
        permit = f"v1.{self._ids.safe(24)}.{quote(self._ids.opaque(24), safe='')}"
        path = f"/{folder}/{self._ids.hex(16)}?UniqueId={self._ids.guid()}&tempauth={permit}"
        expires = self._clock.now() + timedelta(seconds=self.seconds)
        self._given[path] = Ticket(drive, item, expires, version, thumbnail)
        return path

    def find(self, path: str) -> Ticket | None:
        """None: never given, or expired."""
        ticket = self._given.get(path)
        return None if ticket is None or ticket.expires <= self._clock.now() else ticket

    def expire_all(self) -> None:
        for ticket in self._given.values():
            ticket.expires = self._clock.now()
