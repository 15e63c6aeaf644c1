"""Addresses for others: links that the service makes, and keeps until somebody takes them back."""

from __future__ import annotations

import time
from typing import Any

from providers.base import Kind
from providers.errors import Denied, Unsupported, WrongKind
from providers.extras import Link
from providers.onedrive import copying, faults, paths
from providers.onedrive.items import seconds, stamp
from providers.onedrive.look import Look

LONGEST = 365 * 86_400.0
"""Seconds; an organization may allow less."""


def share(look: Look, path: str, length: float) -> Link:
    """As `Sharer.share`: for whoever has it, to read; where the organization does not allow that,
    for its own people. Raises Unsupported where neither is."""
    if paths.split(path)[0]:
        raise Unsupported(path, "an earlier version has no address of its own", advice="")
    item = look.followed(path)
    if item.kind is not Kind.FILE:
        raise WrongKind(path, "is no file")
    until = time.time() + min(length, LONGEST)
    personal = look.anchors.drive_of(look.spot(path), path).personal
    told: dict[str, Any] = {"type": "view", "scope": "anonymous"}
    told["expirationDateTime"] = stamp(until)
    try:
        return _made(look, path, copying.by_id(item), told, until)
    except Denied:
        if personal:
            raise
    return _made(look, path, copying.by_id(item), {"type": "view", "scope": "organization"}, None)


def _made(look: Look, path: str, target: str, wanted: dict[str, Any], until: float | None) -> Link:
    with look.session.ask("POST", f"{target}/createLink", path=path, told=wanted) as answer:
        if answer.status not in {200, 201}:
            raise faults.problem(answer, path, "making a link to it")
        told = answer.json()
    link = told.get("link")
    url = link.get("webUrl") if isinstance(link, dict) else None
    if not isinstance(url, str) or not url.startswith("https://"):
        raise Unsupported(path, "the service made no link that can be used")
    ends = told.get("expirationDateTime")
    known = seconds(ends) if isinstance(ends, str) else None
    return Link(url, known if known is not None or answer.status == 200 else until)
