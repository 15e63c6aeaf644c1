"""The pairs of one folder, of what both places list of it. Asks nobody."""

from __future__ import annotations

from collections.abc import Iterator

from providers.base import Entry, Kind, Place
from providers.errors import InvalidName
from providers.names import is_temporary
from providers.records import dataclass
from transfers.mirror.ignoring import Ignoring
from transfers.mirror.links import Trail
from transfers.mirror.model import Mark, Pair, Side
from transfers.mirror.names import Match, key_of, matched

IGNORED = "a pattern leaves it out"
_NO_FILE = "not a file or a directory (a device, a pipe or a socket)"


_OF_THE_DISK = frozenset(
    {".Trash", ".Trashes", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)
"""What systems put at the top of a disk: what was thrown away is there, too."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to be compared: its own pair, and where it really is on the left when links are
    followed."""

    pair: Pair
    trail: Trail

    @property
    def on_left(self) -> bool:
        return self.pair.left is not None or not self.pair.relative

    @property
    def on_right(self) -> bool:
        return self.pair.right is not None or not self.pair.relative


@dataclass(frozen=True, slots=True)
class Pairing:
    """The rules of one comparison. `kept`: see `kept_places`; `links`: see `links.left_out`."""

    left: Side
    right: Side
    ignoring: Ignoring
    kept: frozenset[Place] = frozenset()
    links: str = ""

    def pairs(self, folder: Folder, left: list[Entry], right: list[Entry]) -> Iterator[Pair]:
        """One of each name. Two files, or links, are left SAME: who looks at them judges."""
        folds = self.right.provider.caps.folds_names
        key = key_of(folds=folds)
        here, away = self._wanted(folder, left), self._wanted(folder, right)
        hidden = {key(entry.name) for entry in (*here[1], *away[1])}
        real = self.right.provider.caps.real_directories
        for match in matched(here[0], away[0], folds=folds, real=real):
            alone = match.left is None or match.right is None
            if not (alone and hidden and key(_any(match).name) in hidden):
                yield self._pair(folder, match)
        if not folder.on_left:  # it cannot be removed with the folder it is in
            yield from (self._ignored(folder, entry) for entry in away[1])

    def _wanted(self, folder: Folder, entries: list[Entry]) -> tuple[list[Entry], list[Entry]]:
        """Those that no pattern leaves out, and the others."""
        wanted: list[Entry] = []
        others: list[Entry] = []
        for entry in entries:
            ignored = self.ignoring((*folder.pair.relative, entry.name), entry.kind)
            (others if ignored else wanted).append(entry)
        return wanted, others

    def _ignored(self, folder: Folder, entry: Entry) -> Pair:
        relative = (*folder.pair.relative, entry.name)
        return Pair(relative, Mark.LEFT_OUT, None, entry, "", entry.path, IGNORED)

    def _pair(self, folder: Folder, match: Match) -> Pair:
        left, right = match.left, match.right
        name = _any(match).name
        here, away, refusal = "", "", ""
        try:
            here = left.path if left else self.left.provider.join(folder.pair.left_path, name)
            away = right.path if right else self.right.provider.join(folder.pair.right_path, name)
        except InvalidName as error:
            refusal = error.what
        mark, why = self._mark(match, here, away, refusal)
        if not folder.pair.relative and _is_of_the_disk(name):
            mark, why = Mark.LEFT_OUT, "the system keeps it at the top of a disk"
        return Pair((*folder.pair.relative, name), mark, left, right, here, away, why)

    def _mark(self, match: Match, here: str, away: str, refusal: str) -> tuple[Mark, str]:
        left, right = match.left, match.right
        why = self._left_out(left) or (self._left_out(right) if left is None else "")
        if why or self._is_kept(here, away):
            return Mark.LEFT_OUT, why or "it belongs to the other side, or to what is kept"
        if match.clash or refusal:
            return Mark.NAME, match.clash or refusal
        if left is None:
            return Mark.ONLY_RIGHT, ""
        if right is None:
            return self._new(left)
        if left.kind is not right.kind:
            return Mark.TYPE, f"{_called(left)} here, {_called(right)} there"
        return Mark.SAME, ""

    def _new(self, left: Entry) -> tuple[Mark, str]:
        if left.kind is Kind.DIR and not self.right.provider.caps.real_directories:
            return Mark.SAME, "folders appear there with what is put in them"
        return Mark.NEW, ""

    def _left_out(self, entry: Entry | None) -> str:
        if entry is None:
            return ""
        if is_temporary(entry.name):
            return "unfinished bytes of a transfer"
        return {Kind.LINK: self.links, Kind.OTHER: _NO_FILE}.get(entry.kind, "")

    def _is_kept(self, here: str, away: str) -> bool:
        return Place(self.left.place.endpoint, here) in self.kept or (
            Place(self.right.place.endpoint, away) in self.kept
        )


def kept_places(left: Side, right: Side, backup: str) -> frozenset[Place]:
    """What is neither copied nor removed: the top of the other side, where one tree is in the
    other, and the folder that pruned files were put into."""
    found = {left.place, right.place}
    if backup:
        found.add(Place(right.place.endpoint, backup))
    return frozenset(found)


def _is_of_the_disk(name: str) -> bool:
    return name in _OF_THE_DISK or name.startswith(".Trash-")


def _any(match: Match) -> Entry:
    entry = match.left or match.right
    assert entry is not None
    return entry


def _called(entry: Entry) -> str:
    return {Kind.DIR: "a directory", Kind.FILE: "a file", Kind.LINK: "a link"}.get(
        entry.kind, "a device"
    )
