"""Folders made, items renamed, moved, dated and deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from providers.sandbox.graph.addresses import Target, check_new, not_found
from providers.sandbox.graph.call import (
    CONFLICT,
    Call,
    check_unlocked,
    conflict_of,
    free_name,
    name_taken,
)
from providers.sandbox.graph.clock import from_stamp
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.errors import GraphError, bad_request
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.wire import Answer


def make_folder(call: Call, target: Target) -> Answer:
    parent, drive, body = target.item(), target.drive, call.json()
    if not parent.is_folder or not isinstance(body.get("folder"), dict):
        raise bad_request("Only folders can be made here.")
    name = _name(body)
    check_new(call.world, drive, parent, (name,))
    conflict = conflict_of(body.get(CONFLICT), "fail")
    there = drive.child(parent, name)
    if there is not None and conflict == "replace" and there.is_folder:
        return call.item_answer(200, drive, there)
    if there is not None and conflict != "rename":
        raise name_taken()
    if there is not None:
        name = free_name(drive, parent, name, folder=True)
    return call.item_answer(201, drive, drive.add(parent, name, "folder"))


def _name(body: dict[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str):
        raise bad_request("The name is missing.")
    return name


def patch(call: Call, target: Target) -> Answer:
    """Rename, move and date, all or nothing."""
    item, drive, body = target.item(), target.drive, call.json()
    call.check_unchanged(item)
    check_unlocked(drive, item)
    times = file_times(body)
    moved = _moved(call, drive, item, body)
    if moved is not None:
        drive.move(item, *moved)
    if isinstance(body.get("description"), str):
        item.description = body["description"]
        drive.touch(item)
    _set_times(call, drive, item, times, moved is not None)
    return call.item_answer(200, drive, item)


def _moved(call: Call, drive: Drive, item: Item, body: dict[str, Any]) -> tuple[Item, str] | None:
    """Where it is to be, once nothing is in the way; None: where it is. Raises GraphError."""
    if "name" not in body and "parentReference" not in body:
        return None
    if not item.parent:
        raise bad_request("The root cannot be moved or renamed.")
    parent = _new_parent(call, drive, item, body.get("parentReference"))
    name = _name(body) if "name" in body else item.name
    if parent.id == item.parent and name == item.name:
        return None
    check_new(call.world, drive, parent, (name,))
    there = drive.child(parent, name)
    if there is None or there is item:
        return parent, name
    conflict = conflict_of(body.get(CONFLICT), "fail")
    if conflict == "rename":
        return parent, free_name(drive, parent, name, folder=item.is_folder)
    if conflict == "fail" or there.kind != "file" or item.kind != "file":
        raise name_taken()
    check_unlocked(drive, there)
    drive.remove(there)
    return parent, name


def _new_parent(call: Call, drive: Drive, item: Item, reference: object) -> Item:
    if reference is None:
        return drive.items[item.parent]
    if not isinstance(reference, dict):
        raise bad_request("The parentReference is invalid.")
    other = reference.get("driveId")
    if other is not None and call.world.drive(str(other)) is not drive:
        raise bad_request("Moving to another drive is not supported.", "notSupported")
    parent_id = reference.get("id")
    if parent_id is None:
        return drive.items[item.parent]
    if parent_id == "root":
        raise bad_request("The id of the parent must be a real one.")
    parent = drive.items.get(str(parent_id))
    if parent is None:
        raise not_found()
    if not parent.is_folder or item in drive.upwards(parent):
        raise bad_request("The item cannot be moved there.")
    return parent


def file_times(body: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """fileSystemInfo's created and modified. Raises GraphError 400."""
    info = body.get("fileSystemInfo") or {}
    try:
        created, modified = (
            None if info.get(name) is None else from_stamp(info[name])
            for name in ("createdDateTime", "lastModifiedDateTime")
        )
    except (AttributeError, TypeError, ValueError):
        raise bad_request("The fileSystemInfo is invalid.") from None
    return created, modified


def _set_times(
    call: Call,
    drive: Drive,
    item: Item,
    times: tuple[datetime | None, datetime | None],
    moved: bool,
) -> None:
    created, modified = times
    if created is None and modified is None:
        return
    if call.world.profile.business and item.kind == "file" and not moved:
        drive.put(item, item.data)  # a new version of the same bytes (rclone #1716)
    item.created_there = created or item.created_there
    item.modified_there = modified or item.modified_there
    drive.touch(item)


def delete(call: Call, target: Target) -> Answer:
    """To the recycle bin."""
    _remove(call, target, recycled=True)
    return Answer(204)


def permanent_delete(call: Call, target: Target) -> Answer:
    if not call.world.profile.business:
        raise GraphError(400, "notSupported", "Operation not supported")
    _remove(call, target, recycled=False)
    return Answer(204)


def _remove(call: Call, target: Target, *, recycled: bool) -> None:
    item = target.item()
    if not item.parent:
        raise GraphError(403, "accessDenied", "The root cannot be deleted.")
    call.check_unchanged(item)
    check_unlocked(target.drive, item)
    target.drive.remove(item, recycled=recycled)
