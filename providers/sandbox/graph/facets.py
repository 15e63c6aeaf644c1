"""Items, drives and sites as Graph writes them."""

from __future__ import annotations

import base64
import mimetypes
from typing import Any
from urllib.parse import quote

from providers.sandbox.graph.clock import stamp
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.items import Item, Permission, Version
from providers.sandbox.graph.world import Site, World

_NEARING, _CRITICAL = 0.10, 0.01  # of the quota: onedrive-api-docs, quota.md
DOWNLOAD_URL = "@microsoft.graph.downloadUrl"


def etag(world: World, item: Item) -> str:
    if world.profile.business:
        return f'"{{{item.guid}}},{item.tag}"'
    return "a" + _packed(f"{item.id}.{item.tag}")


def ctag(world: World, item: Item) -> str:
    if world.profile.business:
        return f'"c:{{{item.guid}}},{item.content_tag}"'
    return "aYzp" + _packed(f"{item.id}.{item.content_tag}")


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii").rstrip("=")


def item_json(world: World, drive: Drive, item: Item, *, context: bool = False) -> dict[str, Any]:
    """Everything that a GET of the item answers with."""
    told: dict[str, Any] = {}
    if context:
        shown = quote(drive.id, safe="")
        told["@odata.context"] = f"{world.graph}/$metadata#drives('{shown}')/items/$entity"
    if item.kind == "file":
        told[DOWNLOAD_URL] = world.cdn + world.tickets.give(drive.id, item.id)
    told |= _common(world, drive, item)
    told["parentReference"] = _parent(world, drive, item)
    told |= _kind(world, drive, item)
    if item.description:
        told["description"] = item.description
    if item.permissions:
        told["shared"] = {"scope": item.permissions[0].scope}
    return told


def _common(world: World, drive: Drive, item: Item) -> dict[str, Any]:
    who = user_json(world)
    told: dict[str, Any] = {
        "id": item.id,
        "name": item.name,
        "size": _size(drive, item),
        "createdDateTime": stamp(item.created),
        "lastModifiedDateTime": stamp(item.modified),
        "eTag": etag(world, item),
        "cTag": ctag(world, item),
        "webUrl": f"https://{world.profile.host}/" + quote("/".join(drive.path(item))),
        "createdBy": who,
        "lastModifiedBy": who,
        "fileSystemInfo": {
            "createdDateTime": stamp(item.created_there),
            "lastModifiedDateTime": stamp(item.modified_there),
        },
    }
    if item.is_folder and world.profile.business:
        del told["cTag"]
    return told


def user_json(world: World) -> dict[str, Any]:
    user = {"id": world.user_id, "displayName": "Demo", "email": world.profile.user}
    return {"user": user}


def _size(drive: Drive, item: Item) -> int:
    return sum(len(one.data) for one in drive.below(item)) + item.size_off_by


def _parent(world: World, drive: Drive, item: Item) -> dict[str, Any]:
    told: dict[str, Any] = {"driveType": drive.kind, "driveId": drive.id}
    if drive.site:
        told["siteId"] = drive.site
    if item.parent:
        parent = drive.items[item.parent]
        told |= {"id": parent.id, "name": parent.name, "path": path_of(drive, parent)}
    return told


def path_of(drive: Drive, item: Item) -> str:
    """As `parentReference.path` has it, percent-encoded."""
    path = "/".join(quote(name) for name in drive.path(item))
    return f"/drives/{drive.id}/root:" + (f"/{path}" if path else "")


def _kind(world: World, drive: Drive, item: Item) -> dict[str, Any]:
    if item.kind == "package":
        return {"package": {"type": "oneNote"}}
    if item.kind == "remote":
        return {"remoteItem": remote_json(world, item)}
    if item.is_folder:
        told: dict[str, Any] = {"folder": {"childCount": len(drive.children(item))}}
        return told if item.parent else {**told, "root": {}}
    return {"file": _file(world, item), **({"malware": {}} if item.malware else {})}


def _file(world: World, item: Item) -> dict[str, Any]:
    kind = mimetypes.guess_type(item.name)[0] or "application/octet-stream"
    if world.habits.omit_hashes or not item.versions:
        return {"mimeType": kind}
    return {"mimeType": kind, "hashes": {"quickXorHash": item.versions[-1].quick_xor}}


def remote_json(world: World, item: Item) -> dict[str, Any]:
    """Of what an item points to. Personal ids lose a leading zero here, and change their case."""
    assert item.points_to is not None
    drive = world.drives[item.points_to[0]]
    there = drive.items[item.points_to[1]]
    shown = drive.id if world.profile.business else drive.id.lstrip("0").upper()
    told = _common(world, drive, there)
    kept = {key: told[key] for key in ("id", "name", "size", "webUrl", "fileSystemInfo")}
    parent = {"driveId": shown, "driveType": drive.kind, "id": there.parent}
    return {**kept, **_kind(world, drive, there), "parentReference": parent}


def shared_json(world: World, item: Item) -> dict[str, Any]:
    """A line of `sharedWithMe`."""
    told = {"id": item.id, "name": item.name, "remoteItem": remote_json(world, item)}
    return {**told, "lastModifiedDateTime": stamp(item.modified)}


def gone_json(world: World, drive: Drive, item: Item) -> dict[str, Any]:
    """What delta says of a deleted item: Business without its name, Personal without its size."""
    parent = {"driveId": drive.id, "driveType": drive.kind, "id": item.parent}
    told: dict[str, Any] = {"id": item.id, "deleted": {"state": "deleted"}}
    told["parentReference"] = parent
    told["folder" if item.is_folder else "file"] = {}
    return told | ({"size": 0} if world.profile.business else {"name": item.name})


def version_json(world: World, version: Version) -> dict[str, Any]:
    return {
        "id": f"{version.number}.0",
        "lastModifiedDateTime": stamp(version.stored),
        "size": len(version.data),
        "lastModifiedBy": user_json(world),
    }


def permission_json(permission: Permission) -> dict[str, Any]:
    role = "write" if permission.kind == "edit" else "read"
    link = {"type": permission.kind, "scope": permission.scope, "webUrl": permission.url}
    return {"id": permission.id, "roles": [role], "link": link}


def drive_json(world: World, drive: Drive) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": drive.id,
        "driveType": drive.kind,
        "name": drive.name,
        "owner": {"user": {"id": world.user_id, "displayName": drive.owner}},
        "webUrl": f"https://{world.profile.host}/" + quote(drive.name),
    }
    quota = _quota(world, drive)
    return told | ({"quota": quota} if quota else {})


def _quota(world: World, drive: Drive) -> dict[str, Any]:
    style = world.habits.quota
    if style == "absent" or drive.shared_with_me:
        return {}
    if style == "zero":
        return {"total": 0, "used": 0, "remaining": 0, "deleted": 0, "state": "normal"}
    left = -1 if style == "negative" else drive.remaining
    files = sum(item.kind == "file" for item in drive.items.values())
    told = {"total": drive.total, "used": drive.used, "remaining": left, "deleted": drive.deleted}
    return {**told, "state": _state(drive), "fileCount": files}


def _state(drive: Drive) -> str:
    left = drive.remaining / drive.total if drive.total else 0.0
    if left <= 0:
        return "exceeded"
    if left < _CRITICAL:
        return "critical"
    return "nearing" if left < _NEARING else "normal"


def site_json(world: World, site: Site) -> dict[str, Any]:
    url = f"https://{world.profile.host}{quote(site.path)}"
    named = {"name": site.path.rpartition("/")[2], "displayName": site.name}
    return {"id": site.id, **named, "webUrl": url, **({} if site.path else {"root": {}})}
