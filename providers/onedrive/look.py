"""What stands at an address, and what is in a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from providers.base import Entry, Kind
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    NotFound,
    ProviderError,
    Throttled,
    WrongKind,
)
from providers.onedrive import paths
from providers.onedrive.elsewhere import Elsewhere
from providers.onedrive.graph import Session
from providers.onedrive.items import Item, Json, entry_of, item_of
from providers.onedrive.pages import LARGEST, pages
from providers.onedrive.spots import Anchors, Spot
from providers.records import replace

_SHOWN = "id,name,size,eTag,cTag,lastModifiedDateTime,fileSystemInfo,file,folder,package"
_SELECT = f"{_SHOWN},remoteItem,root,malware,parentReference"
_SHORTCUTS = {"Prefer": "Include-Feature=AddToOneDrive"}  # abraunegg/onedrive: since March 2025


class Look:
    """Of one provider. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.anchors = Anchors(session)
        self.elsewhere = Elsewhere(session, self.anchors)

    def spot(self, path: str) -> Spot:
        """Where `path` leads; what leads out of the drive is looked up first."""
        names = paths.split(path)[1]
        if names and names[0].startswith(paths.ELSEWHERE):
            try:
                return self.anchors.spot(path)
            except ProviderError:
                self.elsewhere.find(path)
        return self.anchors.spot(path)

    def read(self, told: Json, drive: str = "") -> Item | None:
        """As `items.item_of`, with its name as it is shown."""
        item = item_of(told, drive)
        if item is None or not self.session.names.mapped:
            return item
        return replace(item, name=self.session.names.shown(item.name))

    def item(self, path: str, *, whole: bool = False) -> Item:
        """The item at `path`; a shortcut itself. `whole`: with an address to read it from.

        Raises NotFound, Denied.
        """
        try:
            return self._item(path, whole)
        except NotFound:
            if not self._leads_on(path):
                raise
        return self._item(path, whole)

    def folder(self, path: str) -> Item:
        """The folder at `path`, where something is to be put; a shortcut is followed. Raises
        NotFound, WrongKind."""
        self.make_sure(path)
        item = self.followed(path)
        if item.kind is not Kind.DIR:
            raise WrongKind(path, "is no folder")
        return item

    def make_sure(self, path: str) -> None:
        """Before something is changed at `path`: a shortcut on the way that was remembered may be
        a folder by now, and what is meant is in there."""
        above = self.anchors.shortcut_above(path)
        if not above or above.startswith(f"/{paths.ELSEWHERE}"):
            return
        try:
            item = self.item(above)  # forgets what is none
        except NotFound:
            self.anchors.forget(above)
            return
        if item.kind is Kind.LINK:
            self.anchors.lead(above, item)

    def followed(self, path: str, *, whole: bool = False) -> Item:
        """As `item`, and what a shortcut leads to."""
        item = self.item(path, whole=whole)
        if item.kind is not Kind.LINK:
            return item
        return self._asked(self.anchors.lead(path, item), path, whole)

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        outside = self.elsewhere.entry(path)
        if outside is not None:
            return replace(outside, kind=Kind.DIR) if follow else outside
        item = self.followed(path) if follow else self.item(path)
        return entry_of(item, path)

    def pages(self, path: str) -> Iterator[Sequence[Entry]]:
        """As `Provider.list_dir`."""
        outside = self.elsewhere.list(path)
        if outside is not None:
            yield from outside
            return
        if not paths.segments(path):
            links = self.elsewhere.links()
            if links:
                yield links
        shown = False
        for page in self._listed(path):
            items = [item for told in page if (item := self.read(told)) is not None]
            entries = self._entries(path, items)
            shown = shown or bool(entries)
            yield entries
        if not shown:  # what has no children may be no folder
            self.folder(path)
        self.anchors.saw_folder(path)

    def at(self, spot: Spot, path: str) -> Item:
        """The item at `spot` itself; `path` is what errors are about. Raises NotFound."""
        return self._asked(spot, path, False)

    def is_empty(self, path: str) -> bool:
        """Whether a folder has nothing in it, also nothing that a list of it would leave out."""
        return not any(page for page in self._listed(path))

    # Within ------------------------------------------------------------------------------------

    def _listed(self, path: str) -> Iterator[list[dict[str, object]]]:
        """The pages of a folder; one that is reached over a shortcut is found on the way."""
        query = {"$top": LARGEST, "$select": _SELECT}
        begun = False
        try:
            for page in self._children(self.spot(path), path, query):
                begun = True
                yield page
            return
        except (AuthRequired, ConnectionLost, Throttled):
            raise  # asked in another way, it would say something else
        except ProviderError:
            if begun:
                raise
            item = self.item(path)
            if item.kind is Kind.FILE or item.kind is Kind.OTHER:
                raise WrongKind(path, "is no folder") from None
            if item.kind is not Kind.LINK:
                raise
        yield from self._children(self.anchors.lead(path, item), path, query)

    def _children(
        self, spot: Spot, path: str, query: dict[str, str]
    ) -> Iterator[list[dict[str, object]]]:
        target = spot.target("children")
        return pages(self.session, target, path=path, query=query, headers=_SHORTCUTS)

    def _entries(self, path: str, items: list[Item]) -> list[Entry]:
        found = []
        for item in items:
            if not paths.safe(item.name):
                continue
            where = paths.below(path, item.name)
            if item.remote is not None and item.remote.drive:
                self.anchors.lead(where, item)
            elif item.kind is Kind.DIR:
                self.anchors.forget(where)
            found.append(entry_of(item, where))
        return found

    def _item(self, path: str, whole: bool) -> Item:
        names = paths.split(path)[1]
        spot = self.spot(path)
        shortcut = names and not names[0].startswith(paths.ELSEWHERE)
        if shortcut and not spot.names and not spot.is_drive:  # itself, not what it leads to
            above = self.spot(paths.parent(path))
            last = self.session.names.stored(names[-1])
            spot = Spot(above.drive, above.item, (*above.names, last))
            item = self._asked(spot, path, whole)
            if item.kind is not Kind.LINK:
                self.anchors.forget(path)
            return item
        return self._asked(spot, path, whole)

    def _asked(self, spot: Spot, path: str, whole: bool) -> Item:
        # No `$select` for a whole one: it leaves the address out (microsoft-graph-docs #20212).
        query = {} if whole else {"$select": _SELECT}
        told = self.session.get(spot.target(), path=path, query=query, headers=_SHORTCUTS)
        item = self.read(told, spot.drive)
        if item is None:
            raise ConnectionLost(path, "the service's answer does not say what it is")
        if item.kind is Kind.DIR:
            self.anchors.saw_folder(path)
        return item

    def _leads_on(self, path: str) -> bool:
        """Whether a shortcut on the way to `path` was found that nobody knew of."""
        names = paths.split(path)[1]
        if len(names) < 2 or names[0].startswith(paths.ELSEWHERE):
            return False
        for count in range(len(names) - 1, 0, -1):
            above = paths.path_of(names[:count])
            if self.anchors.is_folder(above):
                return False
            try:
                item = self._item(above, False)
            except NotFound:
                continue
            if item.kind is Kind.LINK:
                self.anchors.lead(above, item)
                return True
            return False
        return False
