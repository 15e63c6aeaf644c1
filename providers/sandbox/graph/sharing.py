"""Sharing links: made, listed, removed, followed."""

from __future__ import annotations

import base64

from providers.sandbox.graph import facets
from providers.sandbox.graph.addresses import Target, not_found
from providers.sandbox.graph.call import Call
from providers.sandbox.graph.errors import GraphError, bad_request
from providers.sandbox.graph.items import Permission
from providers.sandbox.graph.wire import Answer, json_answer
from providers.sandbox.graph.world import World

_KINDS = {True: ("view", "edit"), False: ("view", "edit", "embed")}  # business or not
_SCOPES = {True: ("anonymous", "organization", "users"), False: ("anonymous", "users")}


def create_link(call: Call, target: Target) -> Answer:
    """201, or 200 with the one that is there already."""
    item, body, world = target.item(), call.json(), call.world
    business = world.profile.business
    kind = body.get("type", "view")
    scope = body.get("scope", "organization" if business else "anonymous")
    if kind not in _KINDS[business] or scope not in _SCOPES[business]:
        raise bad_request("This kind of link is not supported here.")
    if business and "password" in body:
        raise bad_request("Links with a password are not supported here.")
    if scope == "anonymous" and not world.habits.anonymous_links:
        raise GraphError(403, "accessDenied", "The organization does not allow anonymous links.")
    for known in item.permissions:
        if (known.kind, known.scope) == (kind, scope):
            return json_answer(200, facets.permission_json(known))
    host = f"{world.profile.host}/:x:/g" if business else "1drv.ms/u"
    permission = Permission(world.ids.safe(18), kind, scope, f"https://{host}/{world.ids.safe(18)}")
    item.permissions.append(permission)
    target.drive.touch(item)
    return json_answer(201, facets.permission_json(permission))


def list_permissions(call: Call, target: Target) -> Answer:
    told = [facets.permission_json(one) for one in target.item().permissions]
    return json_answer(200, {"value": told})


def remove_permission(call: Call, target: Target, permission_id: str) -> Answer:
    item = target.item()
    for permission in item.permissions:
        if permission.id == permission_id:
            item.permissions.remove(permission)
            target.drive.touch(item)
            return Answer(204)
    raise not_found()


def follow(call: Call, share: str) -> Answer:
    """`share` is "u!" and the link in base64url without padding."""
    url = _url(share)
    for drive, item, permission in _links(call.world):
        if permission.url == url:
            return call.item_answer(
                200, call.world.drives[drive], call.world.drives[drive].items[item]
            )
    raise not_found()


def _url(share: str) -> str:
    packed = share.removeprefix("u!")
    try:
        return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except ValueError:
        raise bad_request("The sharing token is invalid.") from None


def _links(world: World) -> list[tuple[str, str, Permission]]:
    return [
        (drive.id, item.id, permission)
        for drive in world.drives.values()
        for item in drive.items.values()
        for permission in item.permissions
    ]
