"""What is to be done about each pair so that the right becomes like the left. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from providers.base import Entry, Kind
from providers.names import folded, is_temporary
from providers.records import replace
from transfers.mirror import keeping
from transfers.mirror.model import Action, Mark, MirrorPlan, Pair, Side, Step, Wish
from transfers.scan import keeps_out

FAILURES = frozenset({Mark.TYPE, Mark.NAME, Mark.UNKNOWN})
"""Marks of what cannot be made equal: a person has to see to it, and is told of each."""

_LEFT_ALONE = FAILURES | {Mark.LEFT_OUT}
_DIFFERING = frozenset({Mark.NEWER, Mark.OLDER, Mark.DIFFERENT})
_HOLDS = "something in it stays"
_Key = tuple[str, ...]


def plan(
    left: Side,
    right: Side,
    wish: Wish,
    pairs: Iterable[Pair],
    now: float,
    remarks: Sequence[str] = (),
) -> MirrorPlan:
    """The mirror of `left` to `right` as `wish` has it; `now`: Unix seconds.

    What differs is copied to the right, what is newer there too: a remark says how much that is.
    What only the right has is deleted where that is wished for. Below what is left alone (it could
    not be looked at, say) nothing is done on either side.
    """
    rows = list(pairs)
    above = _above(rows, left.provider.caps.folds_names or right.provider.caps.folds_names)
    steps = [step for pair in rows if (step := _step(pair, wish, above(pair))) is not None]
    return MirrorPlan(
        left=left.place,
        right=right.place,
        wish=wish,
        made=now,
        steps=settled(_only_needed(steps)),
        same=sum(pair.mark is Mark.SAME and not is_folder(pair) for pair in rows),
        right_files=sum(counts_as_file(pair, pair.right) for pair in rows),
        remarks=(*remarks, *_remarks(steps)),
    )


def is_folder(pair: Pair) -> bool:
    """Whether a directory stands there, on the left or else on the right."""
    entry = pair.left or pair.right
    return entry is not None and entry.kind is Kind.DIR


def counts_as_file(pair: Pair, entry: Entry | None) -> bool:
    """Whether `entry`, of `pair`, is a file, or a link that is mirrored as one."""
    if entry is None or entry.kind is not Kind.LINK:
        return entry is not None and entry.kind is Kind.FILE
    return pair.mark not in _LEFT_ALONE


def is_failure(step: Step) -> bool:
    """Whether this is left as it is without anybody having chosen that."""
    return step.action is Action.SKIP and step.pair.mark in FAILURES


# From pairs to steps ----------------------------------------------------------------------------


def _step(pair: Pair, wish: Wish, above: Pair | None) -> Step | None:
    """What is done about `pair`, `above` which something is left alone; None: it needs nothing."""
    if pair.mark in FAILURES and pair.left is None and not wish.delete:
        return Step(replace(pair, mark=Mark.ONLY_RIGHT), Action.SKIP, why=pair.why)
    if pair.mark in _LEFT_ALONE:
        return Step(pair, Action.SKIP, why=pair.why)
    if pair.mark is Mark.SAME or (is_folder(pair) and pair.left is not None and pair.right):
        return None
    if pair.mark is Mark.ONLY_RIGHT:
        why = _kept_because(pair, above, wish)
        return Step(pair, Action.SKIP if why or not wish.delete else Action.DELETE_RIGHT, why=why)
    if above is not None:
        why = f"the folder above it is left alone: {above.why or above.mark}"
        return Step(replace(pair, mark=above.mark, why=why), Action.SKIP, why=why)
    if is_folder(pair):
        return Step(pair, Action.MAKE_DIR)
    why = "the one on the right is newer" if pair.mark is Mark.OLDER else ""
    return Step(pair, Action.RIGHT, why=why)


def _kept_because(pair: Pair, above: Pair | None, wish: Wish) -> str:
    """Why what only the right has is never deleted; "": it may be."""
    there = pair.right
    if there is None or not pair.left_path:
        return "the left cannot have this name, so it was never copied from there"
    if above is not None:
        return f"the folder above it is left alone: {above.why or above.mark}"
    if is_temporary(pair.relative[-1]):
        return "bytes of a copy that is not finished"
    if keeping.is_backup(wish, pair.right_path):
        return "the backup folder"
    if there.kind is Kind.LINK and wish.links != "link":
        return "it is a link"
    if there.kind is Kind.OTHER:
        return "it is no file"
    if there.kind is not Kind.DIR and there.version is None:
        return "its place does not tell whether it changes, and nothing is deleted unseen"
    return ""


def _above(rows: Sequence[Pair], folds: bool) -> Callable[[Pair], Pair | None]:
    """Tells the pair that is left alone and that another one is below of."""

    def key(relative: _Key) -> _Key:
        return tuple(map(folded, relative)) if folds else relative

    alone = {key(pair.relative): pair for pair in rows if pair.mark in _LEFT_ALONE}

    def above(pair: Pair) -> Pair | None:
        if not alone:
            return None
        found = (alone.get(folder) for folder in _folders(key(pair.relative)))
        return next((each for each in found if each is not None), None)

    return above


def _only_needed(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps without folders that copies make anyway, just as any new one."""
    filled = _holding(
        step.pair.relative for step in steps if step.action in (Action.RIGHT, Action.MAKE_DIR)
    )
    for step in steps:
        made_anyway = step.action is Action.MAKE_DIR and step.pair.relative in filled
        left = step.pair.left
        if not made_anyway or (left is not None and keeps_out(left.mode)):
            yield step


def _remarks(steps: Sequence[Step]) -> Iterator[str]:
    newer = sum(step.action is Action.RIGHT and step.pair.mark is Mark.OLDER for step in steps)
    if newer == 1:
        yield "1 file is newer on the right, and is replaced by the older one"
    elif newer:
        yield f"{newer:,} files are newer on the right, and are replaced by the older ones"


# Folders that are deleted -----------------------------------------------------------------------


def settled(steps: Iterable[Step]) -> tuple[Step, ...]:
    """`steps`, where a folder on the right is deleted only if nothing in it stays."""
    steps = tuple(steps)
    holding = _holding(
        step.pair.relative
        for step in steps
        if step.action is not Action.DELETE_RIGHT and not _waits_to_be_empty(step)
    )
    return tuple(_settled(step, step.pair.relative in holding) for step in steps)


def _settled(step: Step, holds: bool) -> Step:
    deleted = step.action is Action.DELETE_RIGHT and is_folder(step.pair)
    if holds and deleted:
        return replace(step, action=Action.SKIP, why=_HOLDS)
    if not holds and _waits_to_be_empty(step):
        return replace(step, action=Action.DELETE_RIGHT, why="")
    return step


def _waits_to_be_empty(step: Step) -> bool:
    return step.action is Action.SKIP and step.why == _HOLDS


def _holding(relatives: Iterable[_Key]) -> set[_Key]:
    """The folders that hold them, however deep."""
    found: set[_Key] = set()
    for relative in relatives:
        for folder in _folders(relative):
            if folder in found:
                break
            found.add(folder)
    return found


def _folders(relative: _Key) -> Iterator[_Key]:
    """Those above it, the deepest first."""
    return (relative[:count] for count in range(len(relative) - 1, 0, -1))


# What a person changes --------------------------------------------------------------------------


def allowed(pair: Pair) -> tuple[Action, ...]:
    """What a person may choose for `pair`.

    What both sides have is never deleted: a deletion's reason is that the other side has none.
    Nor is what cannot be told from another version of it.
    """
    if pair.mark is Mark.NEW and pair.left is not None and pair.right_path:
        return _choices(pair.left, (Action.RIGHT, Action.MAKE_DIR), Action.DELETE_LEFT)
    if pair.mark is Mark.ONLY_RIGHT and pair.right is not None and pair.left_path:
        return _choices(pair.right, (Action.LEFT, Action.LEFT), Action.DELETE_RIGHT)
    if pair.mark in _DIFFERING and _are_alike(pair):
        return (Action.RIGHT, Action.LEFT, Action.SKIP)
    return (Action.SKIP,)


def _choices(entry: Entry, brings: tuple[Action, Action], deletes: Action) -> tuple[Action, ...]:
    """Of what only one side has. `brings`: a file, a folder."""
    if entry.kind is Kind.DIR:
        return (brings[1], deletes, Action.SKIP)
    if entry.kind is Kind.OTHER:
        return (Action.SKIP,)
    return (brings[0], Action.SKIP) if entry.version is None else (brings[0], deletes, Action.SKIP)


def _are_alike(pair: Pair) -> bool:
    """Whether both are files, or both links."""
    kinds = {None if entry is None else entry.kind for entry in (pair.left, pair.right)}
    return kinds in ({Kind.FILE}, {Kind.LINK})


def changed(plan: MirrorPlan, indexes: Iterable[int], action: Action) -> MirrorPlan:
    """`plan` with `action` for these of its steps, and for what is in the folders among them.

    A step that does not allow it stays as it is. Of a file that was to be renamed, what becomes of
    its old name is a step of its own then, at the end.
    """
    chosen = set(indexes)
    folders = {plan.steps[i].pair.relative for i in chosen if is_folder(plan.steps[i].pair)}
    steps, parted = [], []
    for index, step in enumerate(plan.steps):
        inside = any(folder in folders for folder in _folders(step.pair.relative))
        if (index in chosen or inside) and action in allowed(step.pair):
            if step.action is Action.RENAME and step.moved_from is not None:
                parted.append(_old_name(step.moved_from, action, plan.wish))
            step = Step(step.pair, action)
        steps.append(step)
    return replace(plan, steps=settled((*steps, *parted)))


def _old_name(pair: Pair, action: Action, wish: Wish) -> Step:
    """What is done about the old name of a file that is not renamed after all."""
    deleted = action is Action.RIGHT and wish.delete
    return Step(pair, Action.DELETE_RIGHT if deleted else Action.SKIP)


def counts(plan: MirrorPlan) -> Counter[Action]:
    """How many steps there are of each kind."""
    return Counter(step.action for step in plan.steps)
