"""Copies that the service makes itself: under a name of ours first, which is then changed.

It makes them in its own time, and tells how far it is at an address of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from providers.base import Kind
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    NotFound,
    ProviderError,
    SourceChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.names import temporary_name
from providers.onedrive import faults, naming, paths, rewriting
from providers.onedrive.graph import Session
from providers.onedrive.held import Copy
from providers.onedrive.items import Item, stamp
from providers.onedrive.journaled import Upload
from providers.onedrive.look import Look

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 5.0  # seconds between two looks
_GOES_ON = frozenset({"notstarted", "inprogress", "waiting", "updating", ""})
_COMPLETED = "completed"
_NOT_TOLD = frozenset({401, 403, 404, 410})
"""The monitor has ended, or its permit has."""
_MOST_ALIKE = 120  # looks in a row that say the same: about ten minutes


def copied(look: Look, upload: Upload, source: str, version: str | None) -> Copy:
    """A copy of `source` beside where it is to be, under a name of its own.

    What is replaced keeps its history, which a copy would take away: there bytes are sent. Raises
    SourceChanged, Unsupported.
    """
    if paths.split(source)[0]:
        raise Unsupported(source, "an earlier version is not copied by the service")
    item = look.followed(source)
    if item.kind is not Kind.FILE:
        raise WrongKind(source, "is no file")
    _need_same(item, version, upload.size, source)
    with suppress(NotFound):
        look.item(upload.path)
        raise Unsupported(upload.path, "something is there, whose history would be lost")
    name = look.session.names.stored(paths.name(staged_path(upload.path, upload.key)))
    try:
        monitor = _begun(look.session, upload, item, name)
    except AlreadyExists:
        remove_staged(look, upload.path, upload.key)
        monitor = _begun(look.session, upload, item, name)
    try:
        _wait(look.session, monitor, upload.path)
        made = _staged(look, upload)
        _need_alike(made, item, upload.path)
        _need_same(look.followed(source), item.version, item.size, source)
    except ProviderError:
        with suppress(ProviderError):
            remove_staged(look, upload.path, upload.key)
        raise
    return Copy(made.drive, made.id, source, item.version, item.size)


def named(look: Look, upload: Upload, conflict: str) -> Mapping[str, Any]:
    """Give the copy its name and its time: the item. Raises AlreadyExists, UploadExpired."""
    item = _staged(look, upload)
    told: dict[str, Any] = {"name": upload.name, naming.CONFLICT: conflict}
    when = None if upload.modified is None else stamp(upload.modified)
    if when is not None:
        told["fileSystemInfo"] = {"lastModifiedDateTime": when}
    with look.session.ask("PATCH", by_id(item), path=upload.path, told=told) as answer:
        if answer.status != 200:
            raise faults.problem(answer, upload.path, "giving it its name")
        return answer.json()


def staged_path(path: str, key: str) -> str:
    return paths.below(paths.parent(path), temporary_name(paths.name(path), key))


def remove_staged(look: Look, path: str, key: str) -> None:
    """Nothing there is success."""
    staged = staged_path(path, key)
    try:
        target = look.spot(staged).target()
    except (NotFound, Unsupported):
        return
    with look.session.ask("DELETE", target, path=staged) as answer:
        if answer.status not in {200, 204, 404}:
            raise faults.problem(answer, staged, "removing an unfinished copy")


def by_id(item: Item) -> str:
    return f"/drives/{quote(item.drive, safe='!')}/items/{quote(item.id, safe='')}"


def _begun(session: Session, upload: Upload, item: Item, name: str) -> str:
    """The address that tells how far the copy is: a secret."""
    told = {"parentReference": {"driveId": upload.drive, "id": upload.folder}, "name": name}
    query = {} if upload.personal else {naming.CONFLICT: naming.FAIL}
    headers = {"Prefer": "respond-async"}
    target = f"{by_id(item)}/copy"
    with session.ask(
        "POST", target, path=upload.path, query=query, headers=headers, told=told
    ) as answer:
        if answer.status == 409:
            raise AlreadyExists(upload.path)
        location = answer.headers.get("Location", "")
        if answer.status == 202 and location:
            return location
        raise _refused(answer.status, faults.problem(answer, upload.path, "copying it"))


def _refused(status: int, told: ProviderError) -> ProviderError:
    """What the service cannot do itself is sent as bytes. One that cannot be reached from the other
    drive is not found, says the service."""
    if status in {400, 403, 404, 405, 413, 422, 501}:
        return Unsupported(told.path, told.what)
    return told


def _wait(session: Session, monitor: str, path: str) -> None:
    """Until the copy is made, or nobody says any more how far it is. Raises Unsupported where it
    was not, ConnectionLost where it does not go on."""
    wait, last, alike = _FIRST_WAIT, None, 0
    while alike < _MOST_ALIKE:
        with session.ask_elsewhere("GET", monitor, path=path) as answer:
            if answer.status in _NOT_TOLD:  # it is told for some hours only: look what is there
                return
            if answer.status not in {200, 202, 303}:
                raise faults.problem(answer, path, "asking how far its copy is")
            told = answer.json()
            status = answer.status
        if _ended(status, told, path):
            return
        now = (told.get("status"), told.get("percentageComplete"))
        last, alike = now, alike + 1 if now == last else 0
        session.pause(wait)
        wait = min(_LONGEST_WAIT, wait * 2)
    raise ConnectionLost(path, "the service does not go on with its copy")


def _ended(status: int, told: Mapping[str, Any], path: str) -> bool:
    """Where the service says nothing of a copy at its end, it is looked at. Raises Unsupported."""
    state = told.get("status")
    state = state.casefold() if isinstance(state, str) else ""
    if state == _COMPLETED or status == 303 or (status == 200 and not state):
        return True
    if state not in _GOES_ON:
        raise Unsupported(path, "the service could not copy it")
    return False


def _staged(look: Look, upload: Upload) -> Item:
    try:
        return look.item(staged_path(upload.path, upload.key))
    except NotFound:
        raise UploadExpired(upload.path, "its unfinished copy is gone") from None


def _need_alike(made: Item, item: Item, path: str) -> None:
    """Raise Unsupported for a copy that is not what was copied, as far as the service tells."""
    if made.size != item.size:
        raise Unsupported(path, "the service's own copy has another size")
    told = made.quickxor and item.quickxor and not rewriting.is_rewritten(item.name)
    if told and made.quickxor != item.quickxor:
        raise Unsupported(path, "the service's own copy has another digest")


def _need_same(item: Item, version: str | None, size: int | None, path: str) -> None:
    if version is not None and item.version is None:
        raise ConnectionLost(path, "the service does not say which version it has")
    if version is not None and item.version != version:
        raise SourceChanged(path)
    if size is not None and item.size != size:
        raise SourceChanged(path)
