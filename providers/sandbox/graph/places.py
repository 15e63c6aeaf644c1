"""Who one is, and what there is: drives, what others share, sites and their libraries."""

from __future__ import annotations

import re
from urllib.parse import unquote

from providers.sandbox.graph import facets, sharing
from providers.sandbox.graph.addresses import denied, need_a_person, not_found
from providers.sandbox.graph.call import Call
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.errors import GraphError
from providers.sandbox.graph.listing import page
from providers.sandbox.graph.wire import Answer, json_answer
from providers.sandbox.graph.world import Site

_DRIVES = re.compile(r"(users|groups)/([^/]+)/drives")
_SITE = re.compile(r"sites/(?P<id>[^/:]+)(?::/(?P<path>[^:]*))?(?::?/(?P<below>drives?))?")
_SHARE = re.compile(r"shares/([^/]+)/driveItem")


def find(call: Call, path: str) -> Answer:
    """What is asked for outside of any drive. Raises GraphError."""
    share, owner, site = (rule.fullmatch(path) for rule in (_SHARE, _DRIVES, _SITE))
    if path == "me" or path.startswith("me/"):
        return _mine(call, path)
    if path == "sites":
        return _search(call)
    if share is not None:
        return sharing.follow(call, unquote(share[1]))
    if owner is not None:
        return _drives(call, _owned(call, owner[1], unquote(owner[2])))
    if site is not None:
        return _site(call, site)
    raise unknown(path)


def unknown(path: str) -> GraphError:
    segment = path.rpartition("/")[2][:40]
    return GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def _mine(call: Call, path: str) -> Answer:
    need_a_person(call.token)
    world = call.world
    if path == "me":
        mail = world.profile.user
        named = {"userPrincipalName": mail, "mail": mail, "displayName": "Demo"}
        return json_answer(200, {"id": world.user_id, **named})
    if path == "me/drives":
        return _drives(call, [] if world.habits.omit_own_drive else [world.own])
    raise unknown(path)


def _drives(call: Call, drives: list[Drive]) -> Answer:
    return page(call, drives, lambda drive: facets.drive_json(call.world, drive))


def _owned(call: Call, kind: str, owner: str) -> list[Drive]:
    world = call.world
    if kind == "users" and owner in (world.user_id, world.profile.user):
        return [world.own]
    if kind == "groups" and owner in world.groups:
        return [world.drives[world.groups[owner]]]
    raise not_found()


def shared_with_me(call: Call) -> Answer:
    need_a_person(call.token)
    shared = call.world.shared
    return page(call, shared, lambda item: facets.shared_json(call.world, item))


def _need_sites(call: Call) -> None:
    if not call.world.profile.business:
        raise GraphError(400, "BadRequest", "This API is not supported for MSA accounts")
    if not call.token.may("Sites.Read.All", "Sites.ReadWrite.All"):
        raise denied()


def _search(call: Call) -> Answer:
    _need_sites(call)
    wanted = call.options.get("search")
    if wanted is None:
        raise GraphError(400, "invalidRequest", "The search query is missing.")
    text = wanted.strip("*").casefold()
    found = [site for site in call.world.sites if text in site.name.casefold()]
    return page(call, found, lambda site: facets.site_json(call.world, site))


def _site(call: Call, match: re.Match[str]) -> Answer:
    _need_sites(call)
    site = _meant(call, unquote(match["id"]), match["path"])
    drives = [call.world.drives[one] for one in site.drives]
    if match["below"] == "drives":
        return _drives(call, drives)
    if match["below"] == "drive":
        return json_answer(200, facets.drive_json(call.world, drives[0]))
    return json_answer(200, facets.site_json(call.world, site))


def _meant(call: Call, name: str, path: str | None) -> Site:
    host = call.world.profile.host
    for site in call.world.sites:
        by_path = path is not None and name == host
        if by_path and site.path.casefold() == f"/{unquote(path or '')}".casefold():
            return site
        if path is None and (name == site.id or (name in ("root", host) and not site.path)):
            return site
    raise not_found()
