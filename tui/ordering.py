"""Which rows are shown, in what order: worked out in a thread, beside a screen that is used.

Python lets no other thread run while it sorts. So a million are sorted in runs, which are then
merged; that takes less memory, too.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import pairwise
from typing import Any, TypeAlias

from tui.rows import BLOCK, Rows, Table

_RUN = 1 << 13  # rows: some hundredths of a second
_LOOK = 8  # blocks

Wanted = Callable[[], bool]
"""Whether work is to go on."""
Key = Callable[[int], Any]
Order: TypeAlias = "array[int]"


class Abandoned(Exception):
    """Nobody wants the result any more."""


def chosen(rows: Rows, shown: Callable[[str], bool], part: str, wanted: Wanted) -> Order:
    """Those of a whole folder whose names are `shown`: all of them have `part` in them, case
    folded. Raises Abandoned."""
    found = array("I")
    for number, block in enumerate(rows.table.blocks):
        if number % _LOOK == 0:
            _check(wanted)
        if not part or block.may_match(part):
            first = number * BLOCK
            found.extend(at for at, name in enumerate(block.names(), first) if shown(name))
    while found and found[-1] >= len(rows):  # read since
        found.pop()
    return found


def sort(order: Order, key: Key, wanted: Wanted, *, reverse: bool = False) -> Order:
    """`order` by `key`; equal ones stay as they were. Raises Abandoned."""
    runs = [
        _run(order[start : start + _RUN], key, wanted, reverse)
        for start in range(0, len(order), _RUN)
    ]
    if _follow(runs, key, reverse):
        return _joined(runs)
    return array("I", _watched(merge(*runs, key=key, reverse=reverse), wanted))


def directories_first(table: Table, order: Order) -> Order:
    directories = array("I", filter(table.is_directory, order))
    if not directories:
        return order
    return directories + array("I", (i for i in order if not table.is_directory(i)))


def _run(order: Order, key: Key, wanted: Wanted, reverse: bool) -> Order:
    _check(wanted)
    return array("I", sorted(order, key=key, reverse=reverse))


def _follow(runs: list[Order], key: Key, reverse: bool) -> bool:
    """Whether all of each run comes before all of the next: many places list in order."""
    ends = [(key(run[0]), key(run[-1])) for run in runs]
    pairs = list(pairwise(ends))
    if reverse:
        return all(one[1] >= other[0] for one, other in pairs)
    return all(one[1] <= other[0] for one, other in pairs)


def _joined(runs: list[Order]) -> Order:
    whole = array("I")
    for run in runs:
        whole.extend(run)
    return whole


def _watched(order: Iterable[int], wanted: Wanted) -> Iterator[int]:
    for count, index in enumerate(order):
        if count % _RUN == 0:
            _check(wanted)
        yield index


def _check(wanted: Wanted) -> None:
    if not wanted():
        raise Abandoned
