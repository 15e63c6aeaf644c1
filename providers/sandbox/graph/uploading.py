"""Content put in one request, upload sessions begun, and what becomes of the bytes in the end."""

from __future__ import annotations

from typing import Any

from providers.sandbox.graph import facets
from providers.sandbox.graph.addresses import Target, not_found
from providers.sandbox.graph.call import (
    CONFLICT,
    Call,
    check_room,
    check_tag,
    check_unlocked,
    conflict_of,
    free_name,
    name_taken,
    precondition_failed,
)
from providers.sandbox.graph.changing import file_times
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.errors import bad_request
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.sessions import Session
from providers.sandbox.graph.wire import Answer, json_answer
from providers.sandbox.graph.world import World

SOURCE = "@microsoft.graph.sourceUrl"
_REWRITTEN = frozenset(["docx", "xlsx", "pptx", "doc", "xls", "ppt", "pdf", "html", "htm", "aspx"])


def put_content(call: Call, target: Target) -> Answer:
    """A file made or replaced by one request."""
    world, drive, data = call.world, target.drive, call.request.body
    if call.request.header("Content-Type") is None:
        raise bad_request("The Content-Type header is missing.")
    if len(data) > world.habits.simple_put_limit:
        raise bad_request("Content-Range must include a total length")
    target.check_new_name()
    there = target.find(hidden=True)
    check_tag(world, there, call.request.header("If-Match"))
    conflict = conflict_of(call.options.get(CONFLICT), "replace")
    _check_replaceable(drive, there, conflict)
    _check_growth(world, drive, there if conflict == "replace" else None, len(data))
    parent = target.make_parents() if target.names else drive.items[target.anchor.parent]
    name = target.names[-1] if target.names else target.anchor.name
    item, status = store(world, drive, parent, name, data, conflict)
    return call.item_answer(status, drive, item)


def _check_replaceable(drive: Drive, there: Item | None, conflict: str) -> None:
    """Raises GraphError: 409 over a folder or package whatever was asked for, 423."""
    if there is None:
        return
    if there.kind != "file" or conflict == "fail":
        raise name_taken()
    if conflict == "replace":
        check_unlocked(drive, there)


def _check_growth(world: World, drive: Drive, there: Item | None, size: int) -> None:
    given_back = 0 if there is None or world.profile.versions_use_quota else len(there.data)
    check_room(drive, size - given_back)


def store(
    world: World, drive: Drive, parent: Item, name: str, data: bytes, conflict: str
) -> tuple[Item, int]:
    """The item that holds `data`, and 201 or 200, once nothing is in the way."""
    there = drive.child(parent, name)
    if there is not None and conflict == "rename":
        name, there = free_name(drive, parent, name, folder=False), None
    item = drive.add(parent, name, "file") if there is None else there
    drive.put(item, _as_stored(world, item, data))
    return item, 201 if there is None else 200


def _as_stored(world: World, item: Item, data: bytes) -> bytes:
    """SharePoint adds properties to documents, each time others (onedrive-api-docs #935)."""
    if world.habits.damage_uploads > 0 and data:
        world.habits.damage_uploads -= 1
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    rewrites = world.profile.rewrites_office_files and item.extension in _REWRITTEN
    if not rewrites or not data:
        return data
    world.rewritten += 1
    return data + f"<!-- property promotion {world.rewritten} -->".encode()


def create_session(call: Call, target: Target) -> Answer:
    world, drive, body = call.world, target.drive, call.json()
    about: dict[str, Any] = body.get("item") or {}
    parent, name, there = _meant(target)
    if about.get("name", name) != name:
        raise bad_request("The name does not match the one in the URL.")
    check_tag(world, there, call.request.header("If-Match"))
    _check_none_match(call, there)
    by_id = "fail" if target.names else "replace"
    conflict = conflict_of(about.get(CONFLICT, body.get(CONFLICT)), by_id)
    _check_replaceable(drive, there, conflict)
    size = about.get("fileSize")
    _check_growth(world, drive, there, size if isinstance(size, int) else 0)
    times = file_times(about)
    session = world.sessions.begin(
        drive.id, parent.id, name, None if there is None else there.id, conflict
    )
    session.if_match = call.request.header("If-Match")
    session.created_there, session.modified_there = times
    session.deferred = body.get("deferCommit") is True
    if there is not None and world.habits.sessions_change_etag:
        drive.touch(there)
    told = {"@odata.context": f"{world.graph}/$metadata#microsoft.graph.uploadSession"}
    told["uploadUrl"] = world.cdn + session.path
    return json_answer(200, told | world.sessions.status(session))


def _meant(target: Target) -> tuple[Item, str, Item | None]:
    """The folder, which must be there, the name, and what has it already."""
    target.check_new_name()
    if not target.names:
        item = target.item()
        if not item.parent:
            raise name_taken()
        return target.drive.items[item.parent], item.name, item
    parent = target.parent()
    return parent, target.names[-1], target.drive.child(parent, target.names[-1])


def _check_none_match(call: Call, there: Item | None) -> None:
    given = call.request.header("If-None-Match")
    if given is None or there is None:
        return
    if given in ("*", facets.etag(call.world, there)):
        raise precondition_failed()


def finish(world: World, session: Session) -> tuple[Drive, Item, int]:
    """Make the file of what has arrived. Raises GraphError; after a 409 the session lives on."""
    drive = world.drives[session.drive]
    parent = drive.items.get(session.parent)
    if parent is None:
        raise not_found()
    if session.misaligned:
        world.sessions.end(session)
        raise bad_request("A fragment was no multiple of 320 KiB.", "uploadSessionFailed")
    there = drive.child(parent, session.name)
    check_tag(world, there, session.if_match)
    _check_replaceable(drive, there, session.conflict)
    _check_growth(world, drive, there, len(session.data))
    data = bytes(session.data)
    item, status = store(world, drive, parent, session.name, data, session.conflict)
    item.created_there = session.created_there or item.created_there
    item.modified_there = session.modified_there or item.modified_there
    session.finished = True
    if world.profile.finished_session_is_gone:
        world.sessions.end(session)
    return drive, item, status


def commit_from_session(call: Call, target: Target) -> Answer:
    """PUT on the folder with a session's URL: ends it under a name that is free."""
    body = call.json()
    url = body.get(SOURCE)
    if not isinstance(url, str) or not url.startswith(call.world.cdn):
        raise bad_request("The source URL is invalid.")
    session = call.world.sessions.find(url.removeprefix(call.world.cdn))
    parent = target.item()
    if session.finished or not session.complete or session.parent != parent.id:
        raise bad_request("The upload session cannot be committed here.", "uploadSessionFailed")
    named = Target(call.world, target.drive, parent, (str(body.get("name", session.name)),), "")
    named.check_new_name()
    session.name = named.names[0]
    session.conflict = conflict_of(body.get(CONFLICT), "fail")
    drive, item, status = finish(call.world, session)
    return call.item_answer(status, drive, item)
