"""What a comparison says of the rows of a pane: a sign for each name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from providers.base import Entry, Kind
from transfers.mirror.model import Mark, Pair
from tui.pair_text import SIGNS


@dataclass(frozen=True, slots=True)
class PairSign:
    """`word` is for who listens; `role` colours it. It is about the entry as it was compared: with
    another `size` or `modified` it is none any more."""

    sign: str
    word: str
    role: str
    size: int | None = None
    modified: float | None = None

    def about(self, entry: Entry) -> bool:
        return entry.kind is Kind.DIR or (entry.size, entry.modified) == (self.size, self.modified)


class Signs(dict[str, PairSign]):
    """By the address of the entry. Empty: nothing was compared."""

    def of(self, entry: Entry | None) -> PairSign | None:
        """What was found of `entry`, while it is as it was then."""
        sign = None if entry is None else self.get(entry.path)
        return sign if entry is not None and sign is not None and sign.about(entry) else None

    def drawn(self, entry: Entry | None) -> tuple[str, str]:
        """What stands before a name, and its role."""
        sign = self.of(entry)
        return ("  " if self else "", "faint") if sign is None else (f"{sign.sign} ", sign.role)

    def calls_for(self, entry: Entry) -> bool:
        """Whether the other side lacks something that `entry` has."""
        sign = self.of(entry)
        return sign is not None and sign.word in _WANTED


_WANTED = ("only here", "newer", "different")
NO_SIGNS = Signs()

_ONLY = PairSign("+", "only here", "good")
_NEWER = PairSign(SIGNS[Mark.NEWER], "newer", "good")
_OLDER = PairSign(SIGNS[Mark.OLDER], "older", "warning")
_DIFFERS = PairSign(SIGNS[Mark.DIFFERENT], "different", "warning")
_SAME = PairSign(SIGNS[Mark.SAME], "same", "faint")
_BAD = PairSign("!", "left alone", "bad")
_LEFT: Mapping[Mark, PairSign] = {
    Mark.NEW: _ONLY,
    Mark.NEWER: _NEWER,
    Mark.OLDER: _OLDER,
    Mark.DIFFERENT: _DIFFERS,
    Mark.SAME: _SAME,
    Mark.LEFT_OUT: PairSign(SIGNS[Mark.LEFT_OUT], "left out", "faint"),
}
_RIGHT: Mapping[Mark, PairSign] = {
    **_LEFT,
    Mark.NEWER: _OLDER,
    Mark.OLDER: _NEWER,
    Mark.ONLY_RIGHT: _ONLY,
}


def signs(pairs: Iterable[Pair]) -> tuple[Signs, Signs]:
    """Those of the left pane's rows and of the right's. A folder on both sides says whether
    anything in it differs."""
    left, right = Signs(), Signs()
    folders: dict[str, tuple[str, str]] = {}
    for pair in pairs:
        top = pair.relative[0]
        if len(pair.relative) > 1:
            if pair.mark is not Mark.SAME and top in folders:
                for found, path in zip((left, right), folders.pop(top), strict=True):
                    found[path] = _DIFFERS
            continue
        if pair.left is not None:
            left[pair.left.path] = _sign(_LEFT, pair.mark, pair.left)
        if pair.right is not None:
            right[pair.right.path] = _sign(_RIGHT, pair.mark, pair.right)
        if pair.mark is Mark.SAME and pair.left is not None and pair.right is not None:
            folders[top] = (pair.left.path, pair.right.path)
    return left, right


def _sign(known: Mapping[Mark, PairSign], mark: Mark, entry: Entry) -> PairSign:
    sign = known.get(mark, _BAD)
    return replace(sign, size=entry.size, modified=entry.modified)
