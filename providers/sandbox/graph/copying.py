"""Copies made by the service, and the monitor that tells how far they are."""

from __future__ import annotations

from typing import Any

from providers.sandbox.graph.addresses import Target, check_new, not_found
from providers.sandbox.graph.call import (
    CONFLICT,
    Call,
    check_room,
    conflict_of,
    free_name,
    name_taken,
)
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.errors import bad_request
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.wire import Answer, json_answer
from providers.sandbox.graph.world import Copying, World

_REMEMBERED = 4 * 3600  # seconds that a monitor answers after the end


def copy(call: Call, target: Target) -> Answer:
    """202 and the monitor's URL. Conflicts only by the query, and not on Personal (#981)."""
    world, item, body = call.world, target.item(), call.json()
    drive, parent = _destination(world, target.drive, item, body)
    name = str(body.get("name") or item.name)
    check_new(world, drive, parent, (name,))
    if drive is target.drive and item in drive.upwards(parent):
        raise bad_request("A folder cannot be copied into itself.")
    given = call.options.get(CONFLICT) if world.profile.business else None
    conflict = conflict_of(given, "fail")
    there = drive.child(parent, name)
    if there is not None and conflict == "rename":
        name, there = free_name(drive, parent, name, folder=item.is_folder), None
    files = conflict == "replace" and item.kind == "file"
    if there is not None and not (files and there.kind == "file"):
        raise name_taken()
    check_room(drive, sum(len(one.data) for one in target.drive.below(item)))
    now = world.clock.now().timestamp()
    path = f"/monitor/{world.ids.guid()}?tempauth={world.ids.safe(24)}"
    source, goal = (target.drive.id, item.id), (drive.id, parent.id)
    ends = now + world.habits.copy_seconds
    error = world.habits.copy_error
    world.copies[path] = Copying(
        path, now, ends, source, goal, name, there is not None, error=error
    )
    return Answer(202, headers={"Location": world.cdn + path})


def _destination(world: World, own: Drive, item: Item, body: dict[str, Any]) -> tuple[Drive, Item]:
    reference = body.get("parentReference") or {}
    drive = world.drive(str(reference["driveId"])) if "driveId" in reference else own
    if drive is None:
        raise not_found()
    parent = drive.items.get(str(reference.get("id", item.parent if drive is own else "")))
    if parent is None or not parent.is_folder:
        raise not_found()
    return drive, parent


def go_on(world: World) -> None:
    """Make the copies whose time has come."""
    now = world.clock.now().timestamp()
    for job in world.copies.values():
        if not job.result and not job.error and job.ends <= now:
            _make(world, job)


def _make(world: World, job: Copying) -> None:
    there, drive = world.drives[job.source[0]], world.drives[job.target[0]]
    item, parent = there.items.get(job.source[1]), drive.items.get(job.target[1])
    if item is None or parent is None:
        job.error = "itemNotFound"
        return
    old = drive.child(parent, job.name)
    if old is not None and not job.replaces:
        job.error = "nameAlreadyExists"
        return
    if old is not None:
        drive.remove(old)
    job.result = _copied(there, item, drive, parent, job.name).id


def _copied(there: Drive, item: Item, drive: Drive, parent: Item, name: str) -> Item:
    """The latest version only, and not its times."""
    inside = there.children(item)
    made = drive.add(parent, name, item.kind)
    if item.versions:
        drive.put(made, item.data)
    for one in inside:
        _copied(there, one, drive, made, one.name)
    return made


def monitor(world: World, path: str) -> Answer:
    """The body says how it stands; the status at the end differs (onedrive-api-docs #852)."""
    job = world.copies.get(path)
    now = world.clock.now().timestamp()
    if job is None or now > job.ends + _REMEMBERED:
        raise not_found()
    told: dict[str, Any] = {"operation": "ItemCopy"}
    if job.ends > now:
        done = round(100 * (now - job.began) / (job.ends - job.began), 1)
        return json_answer(202, told | {"percentageComplete": done, "status": "inProgress"})
    if job.error:
        told |= {"percentageComplete": 0.0, "status": "failed", "errorCode": job.error}
        return json_answer(200, told)
    told |= {"percentageComplete": 100.0, "status": "completed", "resourceId": job.result}
    if world.habits.copy_ends_with_303:
        url = f"{world.graph}/drives/{job.target[0]}/items/{job.result}"
        return json_answer(303, told, Location=url)
    return json_answer(200 if world.profile.business else 202, told)
