"""Which names are meant by a few letters of them, the likeliest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import nsmallest

from tui.ordering import Abandoned

_MOST = 200  # names
_LOOK = 1 << 12  # names between two looks at whether it is still wanted
_APART = " ._-([{+,"

Rank = tuple[int, int, int]
"""How a name fits: how its letters stand, where, and how long it is. Less is better."""


def rank(wanted: str, name: str) -> Rank | None:
    """How `name` fits `wanted`, both case folded; None when the letters are not in it in order.

    A beginning is better than the beginning of a word, that is better than any other part, and
    that is better than letters with others between them.
    """
    at = name.find(wanted)
    if at == 0:
        return 0, 0, len(name)
    if at > 0:
        word = _word(wanted, name)
        return (2, at, len(name)) if word is None else (1, word, len(name))
    first = last = -1
    for letter in wanted:
        last = name.find(letter, last + 1)
        if last < 0:
            return None
        first = last if first < 0 else first
    return 3, last - first, len(name)


def _word(wanted: str, name: str) -> int | None:
    at = name.find(wanted)
    while at > 0:
        if name[at - 1] in _APART:
            return at
        at = name.find(wanted, at + 1)
    return None


def best(
    wanted: str, names: Iterable[str], going_on: Callable[[], bool] = lambda: True
) -> list[int]:
    """The positions in `names` of those that fit best, best first; in their order where they fit
    as well. Raises Abandoned once it is not to go on."""
    folded = wanted.casefold()

    def ranked() -> Iterator[tuple[Rank, int]]:
        for at, name in enumerate(names):
            if at % _LOOK == 0 and not going_on():
                raise Abandoned
            if (found := rank(folded, name.casefold())) is not None:
                yield found, at

    return [at for _, at in nsmallest(_MOST, ranked())] if folded else []
