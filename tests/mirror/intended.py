"""What a mirror between two folders of this computer is to come to: a model that shares nothing
with the code, and knows only what is promised."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

Names: TypeAlias = tuple[str, ...]


class File(NamedTuple):
    content: bytes
    modified: int  # nanoseconds


Tree: TypeAlias = Mapping[Names, File | None]
"""None is a directory."""


def tree_at(top: Path, names: Names = ()) -> dict[Names, File | None]:
    found: dict[Names, File | None] = {}
    for entry in os.scandir(top):
        below = (*names, entry.name)
        if entry.is_dir(follow_symlinks=False):
            found |= {below: None, **tree_at(Path(entry.path), below)}
        else:
            found[below] = File(Path(entry.path).read_bytes(), entry.stat().st_mtime_ns)
    return found


@dataclass(slots=True)
class Intended:
    """`copied`: what the right has of the left afterwards, and what was the same or in conflict.
    `extra`: what only the right has. `conflicts`: a file here and a directory there."""

    copied: dict[Names, File | None] = field(default_factory=dict)
    extra: dict[Names, File | None] = field(default_factory=dict)
    conflicts: int = 0

    def right(self, *, delete: bool) -> dict[Names, File | None]:
        """A conflict is told and left as it is; it holds no deletion back elsewhere."""
        return self.copied if delete else {**self.copied, **self.extra}


def intended(left: Tree, right: Tree) -> Intended:
    found = Intended()
    _folder(left, right, (), (), found)
    return found


def _folder(left: Tree, right: Tree, here: Names, there: Names, found: Intended) -> None:
    ours, theirs = _in(left, here), _in(right, there)
    partner = dict(_partners(ours, theirs))
    for name in ours:
        if name not in partner:
            found.copied |= _moved(left, (*here, name), (*there, name))
            continue
        _pair(left, right, (*here, name), (*there, partner[name]), found)
    for name in theirs - {*partner.values()}:
        found.extra |= _moved(right, (*there, name), (*there, name))


def _pair(left: Tree, right: Tree, here: Names, there: Names, found: Intended) -> None:
    ours, theirs = left[here], right[there]
    if (ours is None) != (theirs is None):
        found.conflicts += 1
        found.copied |= _moved(right, there, there)
        return
    if ours is None or theirs is None:
        found.copied[there] = None
        _folder(left, right, here, there, found)
        return
    same = len(ours.content) == len(theirs.content) and ours.modified == theirs.modified
    found.copied[there] = theirs if same else ours


def _partners(ours: set[str], theirs: set[str]) -> Iterator[tuple[str, str]]:
    """Names that are one: spelled the same, or the only two of the same letters, made otherwise."""
    yield from ((name, name) for name in ours & theirs)
    only_ours, only_theirs = ours - theirs, theirs - ours
    mine, other = Counter(map(_composed, only_ours)), Counter(map(_composed, only_theirs))
    for name in only_ours:
        if mine[_composed(name)] == other[_composed(name)] == 1:
            [match] = [each for each in only_theirs if _composed(each) == _composed(name)]
            yield name, match


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _in(tree: Tree, folder: Names) -> set[str]:
    return {path[-1] for path in tree if path[:-1] == folder}


def _moved(tree: Tree, old: Names, new: Names) -> dict[Names, File | None]:
    """What stands at `old` and below it, as if it were at `new`."""
    return {
        (*new, *path[len(old) :]): held for path, held in tree.items() if path[: len(old)] == old
    }
