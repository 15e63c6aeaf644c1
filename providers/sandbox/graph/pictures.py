"""Thumbnails: of images, in three sizes, all the same small grey PNG."""

from __future__ import annotations

import base64
import re
from typing import Any

from providers.sandbox.graph.addresses import Target, not_found
from providers.sandbox.graph.call import Call
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.wire import Answer, json_answer
from providers.sandbox.graph.world import World

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
_SIZES = {"small": 96, "medium": 176, "large": 800}
_IMAGES = ("jpg", "jpeg", "png", "gif", "heic")
_CUSTOM = re.compile(r"c(\d{1,4})x(\d{1,4})(?:_Crop)?")


def sets(world: World, drive: Drive, item: Item) -> list[dict[str, Any]]:
    """Empty for what is no image."""
    if item.kind != "file" or item.extension not in _IMAGES:
        return []
    return [{"id": "0", **{size: _told(world, drive, item, w) for size, w in _SIZES.items()}}]


def _told(world: World, drive: Drive, item: Item, width: int) -> dict[str, Any]:
    url = world.cdn + world.tickets.give(drive.id, item.id, thumbnail=width)
    return {"width": width, "height": width, "url": url}


def list_sets(call: Call, target: Target) -> Answer:
    return json_answer(200, {"value": sets(call.world, target.drive, target.item())})


def get_one(call: Call, target: Target, number: str, size: str, *, content: bool) -> Answer:
    item = target.item()
    custom = _CUSTOM.fullmatch(size)
    width = int(custom[1]) if custom else _SIZES.get(size.removesuffix("Square"))
    if number != "0" or width is None or not sets(call.world, target.drive, item):
        raise not_found()
    told = _told(call.world, target.drive, item, width)
    if content:
        return Answer(302, headers={"Location": told["url"]})
    return json_answer(200, told)
