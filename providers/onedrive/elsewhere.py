"""What leads out of a drive: what others share, SharePoint's sites and their libraries.

They stand in the root as links, so that a pane can go there and a copy of the drive does not: who
copies a drive does not mean everybody else's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from providers.base import Entry, Kind
from providers.errors import Denied, NotFound
from providers.onedrive import paths
from providers.onedrive.graph import Session
from providers.onedrive.items import Item, item_of
from providers.onedrive.pages import pages
from providers.onedrive.spots import ROOT, Anchors, Spot, drive_from, folded, site_target

SHARED = f"{paths.ELSEWHERE}Shared with me"
SITES = f"{paths.ELSEWHERE}SharePoint"
LIBRARIES = f"{paths.ELSEWHERE}Libraries"

_NOT_ASKED_FOR = "the sign-in did not ask for SharePoint's sites, or the account may not see them"
_NAME_ONE = (
    "Save one as a site of its own, with its address as “SharePoint site”: signing in there asks."
)

_Found = dict[str, Item]


class Elsewhere:
    """Of one provider. Lists are made anew each time that they are asked for."""

    def __init__(self, session: Session, anchors: Anchors) -> None:
        self._session = session
        self._anchors = anchors

    def links(self) -> Sequence[Entry]:
        """Those in the root. An app has nothing shared with it, and a drive given by its ID is all
        that is wanted."""
        options = self._session.options
        if options.sharepoint:
            names: tuple[str, ...] = (LIBRARIES,)
        elif options.drive or options.app_only:
            names = ()
        else:
            names = (SHARED,) if self._anchors.drive("/").personal else (SHARED, SITES)
        return [Entry(f"/{name}", name, Kind.LINK) for name in names]

    def entry(self, path: str) -> Entry | None:
        """What stands at `path`, where that is a list or leads out; None: it is in a drive."""
        names = paths.segments(path)
        if not names or not names[0].startswith(paths.ELSEWHERE):
            return None
        if len(names) == 1:
            for link in self.links():
                if link.name == names[0]:
                    return link
            raise NotFound(path)
        found = self._children(names[0], names[1:-1])
        if found is None:
            return None
        item = found.get(names[-1])
        if item is None:
            raise NotFound(path)
        return Entry(path, names[-1], item.kind, item.size, item.modified)

    def list(self, path: str) -> Iterator[Sequence[Entry]] | None:
        """As `Provider.list_dir`; None where that is a folder in a drive."""
        names = paths.segments(path)
        if not names or not names[0].startswith(paths.ELSEWHERE):
            return None
        found = self._children(names[0], names[1:])
        if found is None:
            return None
        entries = [
            Entry(paths.below(path, name), name, item.kind, item.size, item.modified)
            for name, item in found.items()
        ]
        return iter([entries])

    def find(self, path: str) -> None:
        """See to it that where `path` leads is known, should it lead out. Raises NotFound."""
        names = paths.segments(path)
        if names and names[0].startswith(paths.ELSEWHERE):
            for count in (0, 1):
                if self._children(names[0], names[1 : 1 + count]) is None:
                    return

    # What they hold ----------------------------------------------------------------------------

    def _children(self, first: str, names: tuple[str, ...]) -> _Found | None:
        """None: behind it a drive begins."""
        if first == SHARED:
            return self._shared() if not names else None
        if first == LIBRARIES:
            target = site_target(self._session.options.sharepoint)
            return self._libraries(f"/{first}", target) if not names else None
        if first == SITES and not names:
            return self._sites()
        if first == SITES and len(names) == 1:
            site = self._sites().get(names[0])
            if site is None:
                raise NotFound(paths.path_of((first, *names)))
            return self._libraries(paths.path_of((first, *names)), f"/sites/{site.id}")
        if first == SITES:
            return None
        raise NotFound(paths.path_of((first, *names)))

    def _shared(self) -> _Found:
        found: list[tuple[str, Item]] = []
        path = f"/{SHARED}"
        for page in pages(self._session, "/me/drive/sharedWithMe", path=path):
            for told in page:
                item = item_of(told)
                far = None if item is None else item.remote
                if item is None or far is None or not far.drive or not paths.safe(item.name):
                    continue
                found.append((item.name, far))
        return self._leading(path, _named(found))

    def _sites(self) -> _Found:
        found: list[tuple[str, Item]] = []
        for page in _pages_of_sites(self._session):
            for told in page:
                name, identity = told.get("displayName") or told.get("name"), told.get("id")
                if paths.safe(name) and isinstance(identity, str) and identity:
                    found.append((str(name), Item("", identity, str(name), Kind.DIR)))
        return _named(found)

    def _libraries(self, path: str, target: str) -> _Found:
        found: list[tuple[str, Item]] = []
        for page in pages(self._session, f"{target}/drives", path=path):
            for told in page:
                drive, name = drive_from(told), told.get("name")
                if drive is not None and paths.safe(name):
                    found.append((str(name), Item(drive.id, ROOT, str(name), Kind.DIR)))
        return self._leading(path, _named(found))

    def _leading(self, path: str, found: _Found) -> _Found:
        for name, item in found.items():
            self._anchors.leads(paths.below(path, name), Spot(item.drive, item.id))
        return found


def _named(found: Iterable[tuple[str, Item]]) -> _Found:
    """By names of which each is one thing's, in any letter case.

    What shares a name is told apart by what is its own: a number would change with the order of a
    list, and an address would lead to another's folder then.
    """
    each = {(item.drive, item.id): (name, item) for name, item in found}
    count = Counter(folded((name,)) for name, _ in each.values())
    return {
        name if count[folded((name,))] == 1 else _marked(name, item): item
        for name, item in each.values()
    }


def _marked(name: str, item: Item) -> str:
    mark = sha256(f"{item.drive} {item.id}".encode()).hexdigest()[:8]
    stem, dot, extension = name.rpartition(".") if item.kind is Kind.FILE else (name, "", "")
    return f"{stem} ({mark}){dot}{extension}" if stem else f"{name} ({mark})"


def _pages_of_sites(session: Session) -> Iterator[list[dict[str, Any]]]:
    path = f"/{SITES}"
    try:
        yield from pages(session, "/sites", path=path, query={"search": "*"})
    except Denied as error:
        raise Denied(path, _NOT_ASKED_FOR, advice=_NAME_ONE) from error
