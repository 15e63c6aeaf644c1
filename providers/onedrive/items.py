"""What Graph says of an item, read strictly: an answer may be damaged, or of another server. Pure.

Unknown keys are passed over, as are values of the wrong kind.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from providers.base import Entry, Kind, no_digests
from providers.onedrive import paths
from providers.records import dataclass, field

Json: TypeAlias = Mapping[str, Any]

QUICKXOR = "quickxor"
DOWNLOAD_URL = "@microsoft.graph.downloadUrl"

_PERSONAL = re.compile(r"[0-9A-Fa-f]{1,16}")
_NO_HASH = bytes(20)


@dataclass(frozen=True, slots=True)
class Item:
    """`drive` and `id` are its own, also of one seen in another drive; `remote` is what a shortcut
    leads to. `version`: a tag as it came, opaque. `url`: a secret that reads it for a while."""

    drive: str
    id: str
    name: str
    kind: Kind
    size: int | None = None  # bytes
    modified: float | None = None  # Unix seconds
    created: str = ""  # as Graph writes it
    version: str | None = None
    quickxor: str = ""
    children: int | None = None
    package: str = ""
    infected: bool = False
    remote: Item | None = None
    url: str = field(default="", repr=False)


def item_of(told: Json, drive: str = "") -> Item | None:
    """None for what cannot be one. `drive`: where it was asked for."""
    identity, name = told.get("id"), told.get("name")
    remote = _object(told, "remoteItem")
    far = None if remote is None else item_of(remote)
    name = name if isinstance(name, str) else (far.name if far is not None else "")
    if not isinstance(identity, str) or not identity:
        return None
    parent = _object(told, "parentReference") or {}
    where = _text(parent, "driveId") or drive
    info = _object(told, "fileSystemInfo") or {}
    folder, package = _object(told, "folder"), _object(told, "package")
    kind = _kind(told, far)
    size = told.get("size")
    modified = _text(info, "lastModifiedDateTime") or _text(told, "lastModifiedDateTime")
    return Item(
        drive=drive_id(where),
        id=identity,
        name=name,
        kind=kind,
        size=size if kind is Kind.FILE and type(size) is int and size >= 0 else None,
        modified=seconds(modified),
        created=_text(info, "createdDateTime"),
        version=_text(told, "cTag") or _text(told, "eTag") or None,
        quickxor=_quickxor(told),
        children=_count(folder or {}),
        package=_text(package or {}, "type") if package is not None else "",
        infected="malware" in told,
        remote=far,
        url=_text(told, DOWNLOAD_URL),
    )


def _kind(told: Json, far: Item | None) -> Kind:
    if far is not None:
        return Kind.LINK
    if _object(told, "package") is not None:  # a notebook: neither opened nor replaced
        return Kind.OTHER
    if _object(told, "folder") is not None or "root" in told:
        return Kind.DIR
    return Kind.FILE if _object(told, "file") is not None else Kind.OTHER


def entry_of(item: Item, path: str) -> Entry:
    """`item` as what stands at `path`."""
    return Entry(
        path=path,
        name=item.name or paths.name(path),
        kind=item.kind,
        size=item.size,
        modified=item.modified,
        version=item.version if item.kind is Kind.FILE else None,
        digests={QUICKXOR: item.quickxor} if item.quickxor else no_digests(),
    )


def drive_id(text: str) -> str:
    """A drive's ID in one spelling: a personal one comes in capitals too, and without the zeros
    that it begins with (onedrive-api-docs #1902)."""
    return text.lower().zfill(16) if _PERSONAL.fullmatch(text) else text


def seconds(text: str) -> float | None:
    """Unix seconds of "2026-03-21T20:01:37.1234567Z"; None for what is no time."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def stamp(modified: float) -> str | None:
    """Unix seconds as Graph wants them, in whole ones: more is not kept."""
    try:
        return datetime.fromtimestamp(int(modified // 1), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def _quickxor(told: Json) -> str:
    """Lower-case hex; "" where there is none, or the one of deleted items."""
    hashes = _object(_object(told, "file") or {}, "hashes") or {}
    try:
        raw = base64.b64decode(_text(hashes, "quickXorHash"), validate=True)
    except (binascii.Error, ValueError):
        return ""
    if len(raw) != len(_NO_HASH) or (raw == _NO_HASH and told.get("size") != 0):
        return ""
    return raw.hex()


def _object(told: Json, name: str) -> Json | None:
    value = told.get(name)
    return value if isinstance(value, dict) else None


def _text(told: Json, name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _count(folder: Json) -> int | None:
    value = folder.get("childCount")
    return value if type(value) is int else None
