"""Files that were moved on the left: the right gives its own the new name, and nothing is sent.

Only the same digest tells that two files are one: names and times never do. No more bytes are
digested than would be sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from providers.base import Copier, Entry, Kind
from providers.records import dataclass, replace
from transfers.mirror.digesting import CANNOT, Digesting
from transfers.mirror.judging import Rules, order_of, rules_of
from transfers.mirror.model import Action, Mark, MirrorPlan, Pair, Side, Step


def find(
    plan: MirrorPlan,
    left: Side,
    right: Side,
    *,
    on_progress: Callable[[int], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> MirrorPlan:
    """`plan`, where new files that the right has under another name, to be deleted, are renamed.

    Where the right cannot rename but copies its own files, they are copied from there. A file with
    a twin is sent, as is one whose time on the right is another: the next mirror would send it.
    `on_progress` is given how many files were digested so far. Raises ConnectionLost,
    ScanCancelled, and what says that a place cannot be reached.
    """
    renames = right.provider.caps.renames
    may = renames or isinstance(right.provider, Copier)
    if not (plan.wish.delete and plan.wish.moved and may):
        return plan
    finding = _Finding(Digesting(left, right, cancelled), on_progress)
    rules = rules_of(left.provider.caps, right.provider.caps, plan.wish.criteria)
    by_time = plan.wish.criteria.by == "size-mtime"
    moved: dict[tuple[str, ...], Pair] = {}
    for news, olds in _alike(plan.steps):
        for new, old in finding.moved(news, olds):
            if not by_time or _same_time(new, old, rules, renames=renames):
                moved[new.relative] = old
    return replace(plan, steps=tuple(_with(plan.steps, moved, renames=renames)))


def _alike(steps: Iterable[Step]) -> Iterator[tuple[list[Pair], list[Pair]]]:
    """The new files of one size, and the deleted ones that have it. Empty ones tell nothing."""
    news: defaultdict[int, list[Pair]] = defaultdict(list)
    olds: defaultdict[int, list[Pair]] = defaultdict(list)
    for step in steps:
        pair = step.pair
        if step.action is Action.RIGHT and pair.mark is Mark.NEW and (size := _size(pair.left)):
            news[size].append(pair)
        elif step.action is Action.DELETE_RIGHT and (size := _size(pair.right)):
            olds[size].append(pair)
    return ((news[size], olds[size]) for size in news if size in olds)


def _size(entry: Entry | None) -> int | None:
    """Of a file."""
    return entry.size if entry is not None and entry.kind is Kind.FILE else None


def _same_time(new: Pair, old: Pair, rules: Rules, *, renames: bool) -> bool:
    """Whether a comparison by time would take them for the same afterwards. A copy is stored
    later than any change of the left."""
    if new.left is None or old.right is None:
        return False
    if not renames and not rules.right_keeps:
        return True
    return not order_of(new.left, old.right, rules)


def _with(
    steps: Iterable[Step], moved: Mapping[tuple[str, ...], Pair], *, renames: bool
) -> Iterator[Step]:
    gone = {old.relative for old in moved.values()} if renames else set()
    for step in steps:
        old = moved.get(step.pair.relative) if step.action is Action.RIGHT else None
        if old is not None:
            yield replace(step, action=Action.RENAME if renames else step.action, moved_from=old)
        elif step.action is not Action.DELETE_RIGHT or step.pair.relative not in gone:
            yield step


@dataclass(slots=True)
class _Finding:
    """`count`: files whose digest was asked for."""

    digesting: Digesting
    on_progress: Callable[[int], None]
    count: int = 0

    def moved(self, news: Sequence[Pair], olds: Sequence[Pair]) -> Iterator[tuple[Pair, Pair]]:
        """Those of one size that are one by their digest, each with its old place."""
        digesting = self.digesting
        here = [(new, self._told(new.left, digesting.left)) for new in news]
        away = [(old, self._told(old.right, digesting.right)) for old in _likely(news, olds)]
        for algorithm in digesting.algorithms(here[0][1], away[0][1]):
            rights = self._by_digest(away, digesting.right, algorithm)
            lefts = self._by_digest(here, digesting.left, algorithm) if rights else {}
            for digest, new in lefts.items():
                if len(new) == len(rights.get(digest, ())) == 1:
                    yield new[0], rights[digest][0]
            if lefts:
                return

    def _told(self, entry: Entry | None, side: Side) -> Entry:
        """It with the digests that its place tells of it. Nothing else is known of what is gone."""
        if entry is None:
            raise ValueError("nothing stands there")
        try:
            return self.digesting.in_full(entry, side)
        except CANNOT:
            return entry

    def _by_digest(
        self, files: Sequence[tuple[Pair, Entry]], side: Side, algorithm: str
    ) -> dict[str, list[Pair]]:
        found: defaultdict[str, list[Pair]] = defaultdict(list)
        for pair, entry in files:
            if digest := self.digesting.digest(entry, side, algorithm):
                found[digest].append(pair)
            self.count += 1
            self.on_progress(self.count)
        return found


def _likely(news: Sequence[Pair], olds: Sequence[Pair]) -> list[Pair]:
    """As many of `olds` as there are `news`: those of the same name or time first, so that no more
    is digested than would be sent. What a listing tells the digest of costs nothing."""
    names = {new.relative[-1] for new in news}
    times = {new.left.modified for new in news if new.left is not None}
    told = [old for old in olds if old.right is not None and old.right.digests]
    others = [old for old in olds if old.right is not None and not old.right.digests]
    others.sort(key=lambda old: (old.relative[-1] not in names, _time(old) not in times))
    return [*told, *others[: len(news)]]


def _time(pair: Pair) -> float | None:
    return None if pair.right is None else pair.right.modified
