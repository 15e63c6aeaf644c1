"""What only looks: an item, a folder's children, where content is, a search, changes since."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from providers.sandbox.graph import facets, pictures
from providers.sandbox.graph.addresses import Target
from providers.sandbox.graph.call import Call
from providers.sandbox.graph.clock import from_stamp
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.errors import GraphError, bad_request
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.listing import link, ordered, page, page_size, selected
from providers.sandbox.graph.names import key
from providers.sandbox.graph.wire import Answer, json_answer

_SHORTCUTS = "Include-Feature=AddToOneDrive"
_SEARCH = re.compile(r"search\(q='(.*)'\)", re.DOTALL)


def get_item(call: Call, target: Target) -> Answer:
    item = target.item()
    if call.known_already(item):
        return Answer(304)
    told = facets.item_json(call.world, target.drive, item, context=True)
    told = selected(call.request, told)
    expanded = call.options.get("expand", "")
    if "children" in expanded:
        told["children"] = [
            facets.item_json(call.world, target.drive, one)
            for one in _seen(call, target.drive, item)
        ]
    if "thumbnails" in expanded:
        told["thumbnails"] = pictures.sets(call.world, target.drive, item)
    return json_answer(200, told)


def list_children(call: Call, target: Target) -> Answer:
    item = target.item()
    if not item.is_folder:
        raise bad_request("The item has no children here.")
    pictured = "thumbnails" in call.options.get("expand", "")
    if pictured and call.world.profile.business:
        raise bad_request("Expanding thumbnails is not supported on this collection.")

    def told(one: Item) -> dict[str, Any]:
        known = facets.item_json(call.world, target.drive, one)
        if pictured:
            known["thumbnails"] = pictures.sets(call.world, target.drive, one)
        return known

    found = _seen(call, target.drive, item)
    return page(call, ordered(call.world, found, call.options.get("orderby")), told)


def _seen(call: Call, drive: Drive, folder: Item) -> list[Item]:
    """Personal shows shortcuts to shared folders only to those who say that they know them."""
    found = drive.children(folder)
    if call.world.profile.business or _SHORTCUTS in (call.request.header("Prefer") or ""):
        return found
    return [item for item in found if item.kind != "remote"]


def get_content(call: Call, target: Target) -> Answer:
    """Where it is. A Range here is ignored: it belongs on the other URL."""
    item = target.item()
    if item.kind != "file":
        raise bad_request("The item has no content.")
    if call.known_already(item):
        return Answer(304)
    path = call.world.tickets.give(target.drive.id, item.id)
    return Answer(302, headers={"Location": call.world.cdn + path})


def search(call: Call, drive: Drive, relation: str) -> Answer:
    """By name only. Never with a download URL (onedrive-api-docs #1123)."""
    match = _SEARCH.fullmatch(unquote(relation))
    if match is None:
        raise bad_request("The search needs q='text'.")
    wanted = key(match[1].replace("''", "'"))
    below = drive.below(drive.root)
    found = [one for one in below if one.parent and wanted in key(one.name)]

    def told(one: Item) -> dict[str, Any]:
        known = facets.item_json(call.world, drive, one)
        known.pop(facets.DOWNLOAD_URL, None)
        return {**known, "searchResult": {}}

    return page(call, [one for one in found if not drive.hidden(one)], told)


def delta(call: Call, target: Target, token: str | None) -> Answer:
    """Each item once at its last change; a token is how many changes its owner has seen."""
    drive = target.drive
    if target.item() is not drive.root and call.world.profile.business:
        raise bad_request("Delta is only supported at the root.")
    token = call.options.get("token", token)
    seen = drive.changes if token == "latest" else _seen_changes(call, drive, token)
    changed = [*drive.items.values(), *drive.gone.values()]
    left = sorted((one for one in changed if one.changed > seen), key=lambda one: one.changed)
    if not (call.world.profile.business or _SHORTCUTS in (call.request.header("Prefer") or "")):
        left = [one for one in left if one.kind != "remote"]
    size = page_size(call)
    shown = left[:size]
    answer: dict[str, Any] = {"value": [_change(call, drive, one) for one in shown]}
    more = len(left) > size
    at = (shown[-1].changed if shown else seen) if more else drive.changes
    token = base64.b64encode(f"{drive.generation}.{at}".encode()).decode("ascii")
    answer["@odata.nextLink" if more else "@odata.deltaLink"] = link(call, token=token)
    return json_answer(200, answer)


def _change(call: Call, drive: Drive, item: Item) -> dict[str, Any]:
    if item.id in drive.gone:
        return facets.gone_json(call.world, drive, item)
    told = facets.item_json(call.world, drive, item)
    told["parentReference"].pop("path", None)
    if call.world.profile.business:
        told.pop("cTag", None)
    return selected(call.request, told)


def _seen_changes(call: Call, drive: Drive, token: str | None) -> int:
    """Raises GraphError: 400 for a token nobody gave, 410 for one that is too old."""
    if not token:
        return 0
    try:
        generation, _, seen = base64.b64decode(token, validate=True).decode("ascii").partition(".")
        known = int(generation) == drive.generation
        count = int(seen)
    except ValueError:
        return _since(call, drive, token)
    if known:
        return count
    fresh = f"{call.world.graph.removesuffix('/v1.0')}{call.request.path}"
    message = "The sync state is no longer known."
    codes = ("resyncChangesApplyDifferences",)
    raise GraphError(410, "resyncRequired", message, *codes, headers={"Location": fresh})


def _since(call: Call, drive: Drive, token: str) -> int:
    """A time as a token: Business only."""
    try:
        moment: datetime | None = from_stamp(token)
    except ValueError:
        moment = None
    if moment is None or not call.world.profile.business:
        raise bad_request("The delta token is invalid.")
    later = [one.changed for one in drive.items.values() if one.modified >= moment]
    return min(later, default=drive.changes + 1) - 1
