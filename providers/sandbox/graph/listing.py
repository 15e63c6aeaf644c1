"""Pages of a listing: $top, $skiptoken, $select and $orderby, and @odata.nextLink."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from providers.sandbox.graph.call import Call
from providers.sandbox.graph.errors import bad_request
from providers.sandbox.graph.facets import DOWNLOAD_URL
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.names import key
from providers.sandbox.graph.wire import Answer, Request, json_answer
from providers.sandbox.graph.world import World

_PAGE = 200  # driveitem-list-children: the default
_LARGEST_PAGE = 1000  # onedrive-api-docs #319
_MARK = "Paged=TRUE&p="

T = TypeVar("T")


def page(call: Call, found: list[T], told: Callable[[T], dict[str, Any]]) -> Answer:
    """What the request asks for of `found`. No snapshot: what changes meanwhile may be missed."""
    for name in ("skip", "filter"):
        if name in call.options:
            raise bad_request(f"${name} is not supported here.")
    start = _start(call.options.get("skiptoken"))
    end = start + page_size(call)
    if call.world.habits.reverse_pages:
        found = found[::-1]
    value = [selected(call.request, told(one)) for one in found[start:end]]
    answer: dict[str, Any] = {"@odata.context": f"{call.world.graph}/$metadata#items"}
    answer["value"] = value
    if end < len(found):
        token = base64.b64encode(f"{_MARK}{end}".encode()).decode("ascii")
        answer["@odata.nextLink"] = link(call, **{"$skiptoken": token})
    return json_answer(200, answer)


def page_size(call: Call) -> int:
    """How many this page may hold. Raises GraphError 400."""
    top = call.options.get("top", str(_PAGE))
    if not top.isdecimal() or int(top) < 1:
        raise bad_request("Invalid value for $top.")
    wanted = min(int(top), _LARGEST_PAGE)
    sizes = call.world.habits.page_sizes
    return min(sizes.pop(0), wanted) if sizes else wanted


def link(call: Call, **more: str) -> str:
    """The request's own address with `more` in its query, absolute."""
    names = {name.removeprefix("$") for name in more}
    asked = parse_qsl(call.request.query, keep_blank_values=True)
    kept = [(name, value) for name, value in asked if name.removeprefix("$") not in names]
    base = call.world.graph.removesuffix("/v1.0")
    return f"{base}{call.request.path}?{urlencode([*kept, *more.items()], safe='$')}"


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True).decode("ascii").removeprefix(_MARK))
    except ValueError:
        raise bad_request("The skip token is invalid.") from None


def selected(request: Request, told: Mapping[str, Any]) -> dict[str, Any]:
    """Only what `$select` names. With its "$" the download URL is lost (graph-docs #20212)."""
    names = request.options.get("select")
    if names is None:
        return dict(told)
    wanted = {name.strip() for name in names.split(",")}
    if any(name == "$select" for name, _ in parse_qsl(request.query)):
        wanted.discard(DOWNLOAD_URL)
    annotations = {name for name in told if name.startswith("@odata.")}
    return {name: value for name, value in told.items() if name in wanted | annotations}


def ordered(world: World, items: list[Item], order: str | None) -> list[Item]:
    """Raises GraphError 400 for a property that this kind of account does not sort by."""
    if not order:
        return items
    name, _, way = order.strip().partition(" ")
    if name not in world.profile.order_by or way.strip().lower() not in ("", "asc", "desc"):
        raise bad_request(f"The property '{name}' is not supported for OrderBy.")
    ways: dict[str, Callable[[Item], Any]] = {
        "name": lambda item: key(item.name),
        "url": lambda item: key(item.name),
        "size": lambda item: len(item.data),
        "lastModifiedDateTime": lambda item: item.modified,
    }
    return sorted(items, key=ways[name], reverse=way.strip().lower() == "desc")
