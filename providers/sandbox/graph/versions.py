"""What a file once held: listed, given, made current again, removed."""

from __future__ import annotations

from providers.sandbox.graph import facets
from providers.sandbox.graph.addresses import Target, not_found
from providers.sandbox.graph.call import Call, check_room, check_unlocked
from providers.sandbox.graph.errors import GraphError, bad_request
from providers.sandbox.graph.items import Item, Version
from providers.sandbox.graph.wire import Answer, json_answer


def list_all(call: Call, target: Target) -> Answer:
    """Newest first."""
    told = [facets.version_json(call.world, one) for one in reversed(target.item().versions)]
    return json_answer(200, {"value": told})


def get_one(call: Call, target: Target, number: str) -> Answer:
    return json_answer(200, facets.version_json(call.world, _version(target.item(), number)))


def get_content(call: Call, target: Target, number: str) -> Answer:
    """Not of the current one (driveitemversion-get-contents)."""
    item = target.item()
    version = _version(item, number)
    if version is item.versions[-1]:
        raise bad_request("You cannot get the content of the current version.")
    path = call.world.tickets.give(target.drive.id, item.id, version=version.number)
    return Answer(302, headers={"Location": call.world.cdn + path})


def restore(call: Call, target: Target, number: str) -> Answer:
    """A new version of the old bytes."""
    item = target.item()
    version = _version(item, number)
    check_unlocked(target.drive, item)
    check_room(target.drive, len(version.data))
    target.drive.put(item, version.data)
    return Answer(204)


def remove(call: Call, target: Target, number: str) -> Answer:
    item = target.item()
    version = _version(item, number)
    if not call.world.profile.business:
        raise GraphError(405, "notAllowed", "Versions cannot be removed on this drive.")
    if version is item.versions[-1]:
        raise bad_request("You cannot delete the current version.")
    item.versions.remove(version)
    return Answer(204)


def _version(item: Item, number: str) -> Version:
    for version in item.versions:
        if f"{version.number}.0" == number:
            return version
    raise not_found()
