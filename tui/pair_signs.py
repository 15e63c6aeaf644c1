"""What a comparison says of the rows of both panes: a sign for each name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from providers.base import Entry
from providers.records import replace
from transfers.mirror.model import Mark, Pair
from tui.pair_text import SIGNS
from tui.row_signs import PairSign, Signs

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
