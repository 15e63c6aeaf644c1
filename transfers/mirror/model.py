"""What comparing two trees finds, and what is to be done about it: plain values, no logic."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

from providers.base import Entry, Place, Provider
from providers.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two trees: `place` is its top, resolved, and `provider` is how it is reached."""

    place: Place
    provider: Provider


class Mark(StrEnum):
    """How what stands at one relative path on the left is to what stands there on the right."""

    NEW = "new"  # only on the left
    NEWER = "newer"  # the left one was changed later
    OLDER = "older"  # the left one was changed earlier
    DIFFERENT = "different"  # they differ, and no time says which is the later one
    SAME = "same"
    ONLY_RIGHT = "only right"
    TYPE = "type conflict"  # a file and a directory, say
    NAME = "name collision"  # several names here are one name there, or one that cannot be there
    UNKNOWN = "not known"  # it could not be looked at: never taken for missing
    LEFT_OUT = "left out"  # a link, a device: `why` says so


@dataclass(frozen=True, slots=True)
class Pair:
    """One path of both trees.

    `relative`: the names below the tops, as the left spells them (the right, where only the right
    has it). `left_path`, `right_path`: its address on each side, there or not; "" where that side
    cannot have the name. `why`: what told so, for a person, as half a sentence: "size", "time",
    "sha256", or the reason of a NAME, UNKNOWN, LEFT_OUT.
    """

    relative: tuple[str, ...]
    mark: Mark
    left: Entry | None
    right: Entry | None
    left_path: str
    right_path: str
    why: str = ""


By: TypeAlias = Literal["size-mtime", "digest"]


@dataclass(frozen=True, slots=True)
class Criteria:
    """How two files are told apart. `tolerance`: seconds by which times may differ besides what
    the places' precision explains."""

    by: By = "size-mtime"
    tolerance: float = 0.0


class Action(StrEnum):
    """What is done about a pair."""

    RIGHT = "copy right"
    LEFT = "copy left"
    DELETE_RIGHT = "delete right"
    DELETE_LEFT = "delete left"
    RENAME = "rename right"  # the file was moved on the left: `Step.moved_from` is where it was
    MAKE_DIR = "make folder right"  # a folder of the left, empty or not open to everybody
    SKIP = "skip"


class Keep(StrEnum):
    """Where what is pruned goes."""

    NOWHERE = "nowhere"  # it is deleted
    TRASH = "trash"  # of its place
    BACKUP = "backup"  # a dated folder: `Wish.backup`


@dataclass(frozen=True, slots=True)
class Wish:
    """What a mirror is to do. `most_deleted`: the share of the right's files (0 to 1) that may be
    deleted without a person's word. `backup`: the folder, on the right, of Keep.BACKUP. `links`:
    symbolic links are links on the right too, or what they lead to is copied, or they are left out.
    """

    delete: bool = False
    keep: Keep = Keep.NOWHERE
    backup: str = ""
    most_deleted: float = 0.5
    moved: bool = True  # look for moved files
    criteria: Criteria = Criteria()
    patterns: tuple[str, ...] = ()  # gitignore syntax: what is left out on both sides
    links: Literal["link", "follow", "skip"] = "skip"


@dataclass(frozen=True, slots=True)
class Step:
    """A pair, and what is done about it. `why`: why, where that is not plain from the mark.

    `moved_from`: the pair (ONLY_RIGHT) of the old name of a file that was moved on the left. With
    Action.RENAME it has no step of its own; with Action.RIGHT the right copies the file from there,
    and deletes the old one as any other.
    """

    pair: Pair
    action: Action
    moved_from: Pair | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class MirrorPlan:
    """Everything one mirror is to do, in the order of the walk. `made`: Unix seconds.

    `remarks`: what a person should know: "every time on the right is an hour late", say.
    """

    left: Place
    right: Place
    wish: Wish
    made: float
    steps: tuple[Step, ...]
    same: int = 0  # pairs that need nothing and are not among the steps
    right_files: int = 0  # how many files the right has: what `most_deleted` is measured against
    remarks: tuple[str, ...] = field(default=())
