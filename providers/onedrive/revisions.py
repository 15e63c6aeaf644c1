"""What files have been: versions that the service keeps, by the addresses of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from providers.base import Entry, Kind
from providers.errors import NotFound, Unsupported, WrongKind
from providers.extras import Revision
from providers.onedrive import copying, faults, paths
from providers.onedrive.items import Item, entry_of, seconds
from providers.onedrive.look import Look
from providers.onedrive.pages import pages


def revisions(look: Look, path: str) -> Iterator[Sequence[Revision]]:
    """As `Versioned.revisions`. What was deleted is in the recycle bin, which no list shows."""
    item = look.followed(_file(path))
    if item.kind is not Kind.FILE:
        raise Unsupported(path, "the service lists no files that were deleted", advice="")
    first = True
    for page in pages(look.session, f"{copying.by_id(item)}/versions", path=path):
        found = []
        for told in page:
            entry = _entry(told, item, path, current=first)
            if entry is not None:
                found.append(Revision(entry, current=first))
                first = False
        yield found


def revision_of(look: Look, path: str) -> tuple[Entry, str]:
    """What the revision at `path` is, and the address, behind the service's base, of its bytes."""
    item, target = _target(look, path)
    told = look.session.get(target, path=path, doing="looking at that version")
    entry = _entry(told, item, path, current=False)
    if entry is None:
        raise NotFound(path)
    if _is_current(look, item, path):
        return entry_of(item, path), f"{copying.by_id(item)}/content"
    return entry, f"{target}/content"


def remove(look: Look, path: str) -> None:
    """One version, for good. Raises Unsupported for what the file is now, and on Personal."""
    item, target = _target(look, path)
    if _is_current(look, item, path):
        raise Unsupported(path, "it is what the file is now", advice="Delete the file itself.")
    with look.session.ask("DELETE", target, path=path) as answer:
        if answer.status not in {200, 204}:
            raise faults.problem(answer, path, "removing that version")


def _file(path: str) -> str:
    return paths.path_of(paths.split(path)[1])


def _target(look: Look, path: str) -> tuple[Item, str]:
    revision = paths.split(path)[0]
    item = look.followed(_file(path))
    if item.kind is not Kind.FILE:
        raise WrongKind(path, "is no file")
    return item, f"{copying.by_id(item)}/versions/{quote(revision, safe='')}"


def _is_current(look: Look, item: Item, path: str) -> bool:
    """The newest is listed first, and its bytes are the file's own."""
    revision = paths.split(path)[0]
    for page in pages(look.session, f"{copying.by_id(item)}/versions", path=path):
        if page:
            return page[0].get("id") == revision
    return False


def _entry(told: dict[str, Any], item: Item, path: str, *, current: bool) -> Entry | None:
    revision, size = told.get("id"), told.get("size")
    if not isinstance(revision, str) or not revision:
        return None
    when = told.get("lastModifiedDateTime")
    return Entry(
        path=paths.of_revision(path, revision),
        name=item.name,
        kind=Kind.FILE,
        size=size if type(size) is int and size >= 0 else None,
        modified=seconds(when) if isinstance(when, str) else None,
        version=item.version if current else f"{item.id} {revision}",
    )
