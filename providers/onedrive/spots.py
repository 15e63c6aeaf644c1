"""Where an address leads: which drive, which item in it, and the names from there.

An item is asked for by the path from an anchor: the root of a drive, or a folder that others share.
Anchors are looked up once and kept; items are not, for others move them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any
from urllib.parse import quote, urlsplit

from providers.errors import ConnectionLost, NotFound, Unsupported
from providers.onedrive import paths
from providers.onedrive.graph import Session
from providers.onedrive.items import Item, drive_id
from providers.records import dataclass

ROOT = "root"
_MOST = 4096  # shortcuts and folders that are remembered


@dataclass(frozen=True, slots=True)
class Spot:
    """`item` is an ID, or ROOT; `names` are as the service has them."""

    drive: str
    item: str
    names: tuple[str, ...] = ()

    def target(self, relation: str = "") -> str:
        """Its address behind the service's base: "/drives/D/root:/a/b:/children"."""
        anchor = self.item if self.item == ROOT else f"items/{quote(self.item, safe='')}"
        found = f"/drives/{quote(self.drive, safe='!')}/{anchor}"
        if self.names:
            found += ":/" + "/".join(paths.quoted(name) for name in self.names)
            return f"{found}:/{relation}" if relation else found
        return f"{found}/{relation}" if relation else found

    @property
    def is_drive(self) -> bool:
        return self.item == ROOT and not self.names


@dataclass(frozen=True, slots=True)
class Drive:
    """`kind`: "personal", "business" or "documentLibrary". `free`: bytes; None: it is not told."""

    id: str
    kind: str
    free: int | None

    @property
    def personal(self) -> bool:
        return self.kind == "personal"


class Anchors:
    """Of one provider. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._drive: Drive | None = None
        self._kinds: dict[str, Drive] = {}  # by ID
        self._shortcuts: OrderedDict[str, Spot] = OrderedDict()  # by what leads there, folded
        self._folders: OrderedDict[str, None] = OrderedDict()  # seen not to be shortcuts

    def drive(self, path: str) -> Drive:
        """The drive that the site says, else the account's own."""
        with self._lock:
            if self._drive is not None:
                return self._drive
        found = self._asked(own_target(self._session), path)
        with self._lock:
            self._drive = found
        return found

    def drive_of(self, spot: Spot, path: str, *, fresh: bool = False) -> Drive:
        """The drive that `spot` is in. `fresh`: what is free is to be known as it is."""
        with self._lock:
            known = self._kinds.get(spot.drive)
        if known is not None and not fresh:
            return known
        return self._asked(f"/drives/{quote(spot.drive, safe='!')}", path)

    def spot(self, path: str) -> Spot:
        """Where `path` leads, as far as is known. Raises NotFound, Unsupported for what is a list
        of drives only; errors of the service."""
        names = paths.split(path)[1]
        found = self._longest(names)
        if found is not None:
            return found
        if names and names[0].startswith(paths.ELSEWHERE):
            raise Unsupported(path, "it is a list of what is elsewhere, and no folder", advice="")
        return Spot(self.drive(path).id, ROOT, self._stored(names))

    def leads(self, path: str, spot: Spot) -> None:
        """What `path` is has been found to be a shortcut to `spot`."""
        _remember(self._shortcuts, folded(paths.segments(path)), spot, self._lock)

    def forget(self, path: str) -> None:
        """What stands at `path` is no shortcut, or not any longer."""
        with self._lock:
            if not self._shortcuts:
                return
            key = folded(paths.segments(path))
            left = [one for one in self._shortcuts if one == key or one.startswith(f"{key}/")]
            for one in left:
                del self._shortcuts[one]

    def lead(self, path: str, item: Item) -> Spot:
        """As `leads`, for a shortcut that was seen. Raises NotFound where it leads nowhere."""
        far = item.remote
        if far is None or not far.drive:
            raise NotFound(path, "the shortcut does not say where it leads", advice="")
        spot = Spot(far.drive, far.id)
        self.leads(path, spot)
        return spot

    def shortcut_above(self, path: str) -> str:
        """The nearest one that is remembered on the way to `path`; "" for none."""
        names = paths.segments(path)
        with self._lock:
            for count in range(len(names) - 1, 0, -1):
                if folded(names[:count]) in self._shortcuts:
                    return paths.path_of(names[:count])
        return ""

    def is_folder(self, path: str) -> bool:
        """Whether `path` was seen to be a folder of its own."""
        with self._lock:
            return folded(paths.segments(path)) in self._folders

    def saw_folder(self, path: str) -> None:
        _remember(self._folders, folded(paths.segments(path)), None, self._lock)

    def within_shortcut(self, path: str, within: str) -> bool:
        """Whether a shortcut that is known lies between `within` and `path`."""
        names, above = paths.segments(path), len(paths.segments(within))
        with self._lock:
            return any(
                folded(names[:count]) in self._shortcuts for count in range(above + 1, len(names))
            )

    def _longest(self, names: tuple[str, ...]) -> Spot | None:
        with self._lock:
            for count in range(len(names), 0, -1):
                found = self._shortcuts.get(folded(names[:count]))
                if found is not None:
                    rest = self._stored(names[count:])
                    return Spot(found.drive, found.item, (*found.names, *rest))
        return None

    def _stored(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self._session.names.stored, names))

    def _asked(self, target: str, path: str) -> Drive:
        found = drive_from(self._session.get(target, path=path, doing="looking at the drive"))
        if found is None:
            raise ConnectionLost(path, "the service does not say which drive that is")
        with self._lock:
            self._kinds[found.id] = found
        return found


def own_target(session: Session) -> str:
    """The address of the drive that the site says."""
    options = session.options
    if options.drive:
        return f"/drives/{quote(options.drive, safe='!')}"
    return f"{site_target(options.sharepoint)}/drive" if options.sharepoint else "/me/drive"


def site_target(address: str) -> str:
    """The address, behind the service's base, of a SharePoint site's relations."""
    parts = urlsplit(address)
    host, path = parts.hostname or "", quote(parts.path.strip("/"), safe="/%")
    return f"/sites/{host}:/{path}:" if path else f"/sites/{host}"


def drive_from(told: dict[str, Any]) -> Drive | None:
    """What Graph says of a drive; None for what is none. A quota of nothing is one that is not
    told (restricted tenants, other people's drives)."""
    identity, kind, quota = told.get("id"), told.get("driveType"), told.get("quota")
    if not isinstance(identity, str) or not identity:
        return None
    free = None
    if isinstance(quota, dict):
        total, left = quota.get("total"), quota.get("remaining")
        if type(total) is int and type(left) is int and total > 0 and left >= 0:
            free = left
    return Drive(drive_id(identity), kind if isinstance(kind, str) else "", free)


def folded(names: tuple[str, ...]) -> str:
    """Equal for addresses of which the service makes no difference. Where it may make one ("ß" and
    "ss"), they are two: what is remembered of one would lead another astray."""
    return "/".join(names).lower()


def _remember(kept: OrderedDict[str, Any], key: str, value: Any, lock: threading.Lock) -> None:
    with lock:
        kept[key] = value
        kept.move_to_end(key)
        while len(kept) > _MOST:
            kept.popitem(last=False)
