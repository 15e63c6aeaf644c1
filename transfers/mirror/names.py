"""Which name on the left is which on the right, by the rules of the target. Pure."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from providers.base import Entry, Kind
from providers.names import folded
from providers.records import dataclass
from providers.text import printable

_Key = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Match:
    """What stands on both sides under one name. `clash`: why nobody can tell which is which."""

    left: Entry | None
    right: Entry | None
    clash: str = ""


def composed(name: str) -> str:
    """Equal for names that differ only in how their letters are made (NFC, NFD)."""
    return unicodedata.normalize("NFC", name)


def key_of(*, folds: bool) -> Callable[[str], str]:
    """Equal for two names that may be one where the right `folds` names, or does not."""
    return folded if folds else composed


def matched(
    left: Sequence[Entry], right: Sequence[Entry], *, folds: bool, real: bool = True
) -> Iterator[Match]:
    """Every entry of both once: those of the left in its order, then what only the right has.

    The same spelling comes first. Then names match that differ in how letters are made, and where
    the right `folds` names (`Capabilities.folds_names`) also those that differ in case. Several of
    the left that would be one there clash (faults.md E5), unless the right holds each of them.

    A place without real folders may have a file and a folder of one name. Where the right has none
    either (`real` False) they are told apart, else such two of the left clash.
    """
    twice = _twice(left)
    if not real and (twice or _twice(right)):
        for folders in (False, True):
            of_kind = [
                [entry for entry in side if (entry.kind is Kind.DIR) is folders]
                for side in (left, right)
            ]
            yield from _matched(*of_kind, folds=folds)
        return
    rights = {entry.name: entry for entry in right}
    for entry in left:
        if entry.name in twice:
            told = "a file and a folder have this name, and there only one can"
            yield Match(entry, rights.get(entry.name), told)
    yield from _matched(
        [entry for entry in left if entry.name not in twice],
        [entry for entry in right if entry.name not in twice],
        folds=folds,
    )


def _twice(entries: Sequence[Entry]) -> set[str]:
    names = {entry.name for entry in entries}
    if len(names) == len(entries):
        return set()
    return {name for name, count in Counter(e.name for e in entries).items() if count > 1}


def _matched(left: Sequence[Entry], right: Sequence[Entry], *, folds: bool) -> Iterator[Match]:
    key = key_of(folds=folds)
    lefts = {entry.name: entry for entry in left}
    rights = {entry.name: entry for entry in right}
    others = _by_key((entry for entry in right if entry.name not in lefts), key)
    clashing = _clashing(lefts, rights, key) if folds else {}
    alone = _alone(lefts, rights, key)
    taken: set[str] = set()
    for name, entry in lefts.items():
        there = rights.get(name)
        group = others.get(key(name), []) if others else []
        if clashing and key(name) in clashing:
            taken.update(other.name for other in group)
            why = _told(name, clashing[key(name)])
            yield Match(entry, there or next(iter(group), None), why)
        elif there is None and group and key(name) in alone:
            there = _only(name, group)
            clash = _several(group) if folds and there is None else ""
            taken.update(other.name for other in group if clash or other is there)
            yield Match(entry, there, clash)
        else:
            yield Match(entry, there)
    for name, entry in rights.items():
        if name not in lefts and name not in taken:
            yield Match(None, entry)


def _by_key(entries: Iterable[Entry], key: _Key) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[key(entry.name)].append(entry)
    return found


def _clashing(
    lefts: Mapping[str, Entry], rights: Mapping[str, Entry], key: _Key
) -> dict[str, list[str]]:
    """The names of the left that are one for the right. A right that holds all of them has shown
    that it tells them apart."""
    groups = _by_key(lefts.values(), key)
    return {
        which: [entry.name for entry in group]
        for which, group in groups.items()
        if len(group) > 1 and not all(entry.name in rights for entry in group)
    }


def _alone(lefts: Mapping[str, Entry], rights: Mapping[str, Entry], key: _Key) -> set[str]:
    """The keys that just one name has of those of the left that the right does not spell so."""
    groups = _by_key((e for name, e in lefts.items() if name not in rights), key)
    return {which for which, group in groups.items() if len(group) == 1}


def _only(name: str, group: Sequence[Entry]) -> Entry | None:
    """The one that can be meant by `name`; None: it may be any of several."""
    if len(group) == 1:
        return group[0]
    same = [entry for entry in group if composed(entry.name) == composed(name)]
    return same[0] if len(same) == 1 else None


def _told(name: str, group: Sequence[str]) -> str:
    others = ", ".join(f"“{printable(other)}”" for other in group if other != name)
    return f"one name there with {others}"


def _several(group: Sequence[Entry]) -> str:
    names = ", ".join(f"“{printable(entry.name)}”" for entry in group)
    return f"it may be any of {names} there"
