"""Folders made, things renamed, moved and removed: to the recycle bin, as the service has it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from providers.base import Kind
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    InvalidName,
    NotEmpty,
    NotFound,
    ProviderError,
    Unsupported,
    WrongKind,
)
from providers.onedrive import copying, faults, paths, revisions
from providers.onedrive.elsewhere import SHARED
from providers.onedrive.items import Item, stamp
from providers.onedrive.look import Look
from providers.onedrive.naming import CONFLICT, FAIL


def make_dir(look: Look, path: str) -> None:
    """As `Writer.make_dir`."""
    revision, names = paths.split(path)
    if revision or not names:
        raise AlreadyExists(path)
    name = look.session.names.stored(names[-1])
    paths.need_storable(path, name)
    above = look.folder(paths.parent(path))
    told = {"name": name, "folder": {}, CONFLICT: FAIL}
    target = f"{copying.by_id(above)}/children"
    with look.session.ask("POST", target, path=path, told=told) as answer:
        if answer.status not in {200, 201}:
            raise faults.problem(answer, path, "making a folder")
    look.anchors.saw_folder(path)


def delete(look: Look, path: str) -> None:
    """A file; a shortcut; a folder with nothing in it; one earlier version, for good."""
    if paths.split(path)[0]:
        revisions.remove(look, path)
        return
    _need_removable(look, path)
    look.make_sure(path)
    item = look.item(path)
    # What `folder.childCount` says is a hint only.
    if item.kind is Kind.DIR and not look.is_empty(path):
        raise NotEmpty(path)
    _remove(look, item, path)


def remove_tree(look: Look, path: str) -> Generator[ProviderError | None, None, None]:
    """All of it goes to the recycle bin in one step."""
    try:
        _need_removable(look, path)
        look.make_sure(path)
        _remove(look, look.item(path), path)
    except ProviderError as error:
        yield error
    else:
        yield None


def rename(look: Look, source: str, target: str, *, within: str) -> None:
    """As `Writer.rename`. Raises Unsupported for what leads to another drive."""
    if paths.split(source)[0] or paths.split(target)[0]:
        raise Unsupported(source, "an earlier version has no name of its own")
    names, chosen = paths.segments(target), paths.segments(within)
    if not names or (within and names[: len(chosen)] != chosen):
        raise InvalidName(target, "it is not in the folder that was chosen")
    name = look.session.names.stored(names[-1])
    paths.need_storable(target, name)
    look.make_sure(source)
    item, above = look.item(source), look.folder(paths.parent(target))
    if within and look.anchors.within_shortcut(target, within):
        raise WrongKind(target, "a shortcut to somebody's folder lies on the way there")
    if above.drive != item.drive:
        what = "it is moved to another drive: it is copied there, and removed here"
        raise Unsupported(source, what, advice="")
    told: dict[str, Any] = {"name": name, "parentReference": {"id": above.id}, CONFLICT: FAIL}
    told |= _times(item)
    look.anchors.forget(source)
    try:
        with look.session.ask("PATCH", copying.by_id(item), path=source, told=told) as answer:
            if answer.status == 409:
                raise AlreadyExists(target)
            if answer.status != 200:
                raise faults.problem(answer, source, "giving it another name")
            if not _is_called(look.read(answer.json()), item, names[-1]):
                raise ConnectionLost(source, "the service does not say that it has its new name")
    except ConnectionLost:
        if not _is_at(look, item, target):
            raise


def _is_at(look: Look, item: Item, path: str) -> bool:
    """Whether that very item stands there, under just that name: letter case may be all that is
    changed."""
    try:
        return _is_called(look.item(path), item, paths.name(path))
    except ProviderError:
        return False


def _is_called(there: Item | None, item: Item, name: str) -> bool:
    """An item's ID stays, its tags may change with its name."""
    same = there is not None and paths.composed(there.name) == paths.composed(name)
    return there is not None and same and there.id == item.id


def _times(item: Item) -> dict[str, Any]:
    """Said again: it would be the time of the change else (rclone)."""
    when = None if item.modified is None or item.kind is not Kind.FILE else stamp(item.modified)
    return {"fileSystemInfo": {"lastModifiedDateTime": when}} if when else {}


def _need_removable(look: Look, path: str) -> None:
    names = paths.segments(path)
    if not names or (names[0].startswith(paths.ELSEWHERE) and look.spot(path).is_drive):
        raise Unsupported(path, "a drive itself is not removed", advice="")
    if names[0].lower() == SHARED.lower() and len(names) == 2:
        what = "it is somebody else's, and would be gone for everybody"
        raise Unsupported(path, what, advice="The browser takes it out of the list.")


def _remove(look: Look, item: Item, path: str) -> None:
    look.anchors.forget(path)
    with look.session.ask("DELETE", copying.by_id(item), path=path) as answer:
        if answer.status == 404:
            raise NotFound(path)
        if answer.status not in {200, 204}:
            raise faults.problem(answer, path, "removing it")
