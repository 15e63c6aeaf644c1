"""The requests that give a file its name, and under which condition. One step each: whole-old or
whole-new (driveitem-createuploadsession, driveitem-put-content)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from providers.errors import AlreadyExists, UploadExpired
from providers.onedrive import faults, fragments, paths
from providers.onedrive.graph import Session
from providers.onedrive.items import stamp
from providers.onedrive.journaled import Upload

CONFLICT = "@microsoft.graph.conflictBehavior"
FAIL, REPLACE = "fail", "replace"
_BYTES = {"Content-Type": "application/octet-stream"}
_NAMING = "giving it its name"


def folder_target(upload: Upload) -> str:
    return f"/drives/{quote(upload.drive, safe='!')}/items/{quote(upload.folder, safe='')}"


def _target(upload: Upload, relation: str) -> str:
    """Below the folder's ID: where that is gone, nothing is made in its place."""
    return f"{folder_target(upload)}:/{paths.quoted(upload.name)}:/{relation}"


def begun(session: Session, upload: Upload, conflict: str, *, deferred: bool) -> str:
    """The address of a new upload session: a secret. `deferred`: its file gets its name later.

    Raises AlreadyExists with FAIL, NotFound where its folder is gone, NoSpace.
    """
    item: dict[str, Any] = {CONFLICT: conflict, "name": upload.name}
    if upload.size is not None:
        item["fileSize"] = upload.size
    when = None if upload.modified is None else stamp(upload.modified)
    if when is not None:
        item["fileSystemInfo"] = {"lastModifiedDateTime": when}
    told: dict[str, Any] = {"item": item}
    if deferred:
        told["deferCommit"] = True
    target = _target(upload, "createUploadSession")
    with session.ask("POST", target, path=upload.path, told=told) as answer:
        if answer.status not in {200, 201}:
            raise faults.problem(answer, upload.path, "beginning to store it")
        address = answer.json().get("uploadUrl")
    if not isinstance(address, str) or not address:
        raise UploadExpired(upload.path, "the service does not say where its bytes go")
    return address


def put_whole(session: Session, upload: Upload, data: bytes, conflict: str) -> Mapping[str, Any]:
    """Store all of it in one request: the item."""
    query = {CONFLICT: conflict}
    target = _target(upload, "content")
    with session.ask(
        "PUT", target, path=upload.path, query=query, headers=_BYTES, body=data
    ) as answer:
        if answer.status not in {200, 201}:
            raise faults.problem(answer, upload.path, "storing it")
        return answer.json()


def put_dated(
    session: Session,
    upload: Upload,
    data: bytes,
    conflict: str,
    told_where: Callable[[str], None],
) -> Mapping[str, Any]:
    """As `put_whole`, with the time of its file: only a session can carry that, and setting it
    afterwards would make a second version of the file (rclone #1716). `told_where` gets the
    session's address, a secret, before anything is sent there."""
    address = begun(session, upload, conflict, deferred=False)
    told_where(address)
    try:
        told = _put_all(session, upload, address, data)
    except fragments.Missing:
        session.pause(fragments.HEARD)
        told = _put_all(session, upload, address, data)
    except fragments.Overlapping:
        raise UploadExpired(upload.path, "the service does not take what it was sent") from None
    if told.item is None:
        raise UploadExpired(upload.path, "the service wants more than there is")
    return told.item


def _put_all(session: Session, upload: Upload, address: str, data: bytes) -> fragments.Told:
    return fragments.put(session, address, upload.path, 0, len(data), [data], len(data))


def committed(session: Session, upload: Upload, address: str, conflict: str) -> Mapping[str, Any]:
    """Give what was sent to `address` its name: the item.

    Where the session was begun under another condition, and on Personal, the folder is told.
    Raises AlreadyExists, and the upload goes on.
    """
    if upload.personal or upload.replaces != (conflict == REPLACE):
        return _by_folder(session, upload, address, conflict)
    return fragments.committed(session, address, upload.path)


def _by_folder(session: Session, upload: Upload, address: str, conflict: str) -> Mapping[str, Any]:
    told = {"name": upload.name, CONFLICT: conflict, "@microsoft.graph.sourceUrl": address}
    with session.ask("PUT", folder_target(upload), path=upload.path, told=told) as answer:
        if answer.status in {200, 201}:
            return answer.json()
        codes = {code.casefold() for code in answer.fault.codes}
        gone = answer.status == 404 or "uploadsessionfailed" in codes
        if gone:
            raise UploadExpired(upload.path)
        if answer.status == 409:
            raise AlreadyExists(upload.path)
        raise faults.problem(answer, upload.path, _NAMING)


def dated(session: Session, target: str, path: str, modified: float) -> Mapping[str, Any] | None:
    """Set the time of what stands there: the item; None for a time that cannot be set."""
    when = stamp(modified)
    if when is None:
        return None
    told = {"fileSystemInfo": {"lastModifiedDateTime": when}}
    with session.ask("PATCH", target, path=path, told=told) as answer:
        if answer.status != 200:
            raise faults.problem(answer, path, "setting its time")
        return answer.json()
