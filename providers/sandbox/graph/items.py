"""A file, a folder, or what else has a place in a drive."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from providers.records import dataclass, field

Kind = Literal["file", "folder", "package", "remote"]


@dataclass(frozen=True, slots=True)
class Version:
    """What a file once held. `quick_xor` is of the bytes."""

    number: int
    data: bytes = field(repr=False)
    quick_xor: str
    stored: datetime


@dataclass(frozen=True, slots=True)
class Permission:
    """A sharing link."""

    id: str
    kind: str  # view, edit, embed
    scope: str  # anonymous, organization, users
    url: str


@dataclass(slots=True)
class Item:
    """`tag` counts every change, `content_tag` those that cTag shows. `parent` of the root: ""."""

    id: str
    guid: str
    name: str
    parent: str
    kind: Kind
    created: datetime
    modified: datetime
    created_there: datetime  # fileSystemInfo: what a client says
    modified_there: datetime
    tag: int = 1
    content_tag: int = 1
    changed: int = 0  # the drive's count of changes, at the last of this one
    description: str = ""
    versions: list[Version] = field(default_factory=list)  # oldest first
    permissions: list[Permission] = field(default_factory=list)
    points_to: tuple[str, str] | None = None  # a drive and an item in it
    locked: bool = False
    malware: bool = False
    hidden_until: datetime | None = None
    size_off_by: int = 0  # the listed size is wrong by this much

    @property
    def data(self) -> bytes:
        return self.versions[-1].data if self.versions else b""

    @property
    def is_folder(self) -> bool:
        return self.kind == "folder"

    @property
    def extension(self) -> str:
        return self.name.rpartition(".")[2].lower()
