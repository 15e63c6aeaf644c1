"""From a comparison that was looked at to the plan of a mirror: what a person decided comes first.

Blocking for as long as a million pairs take: for threads.
"""

from __future__ import annotations

from collections.abc import Iterator

from providers.base import Provider
from providers.extras import Trash
from providers.records import replace
from transfers.mirror import planning
from transfers.mirror.model import Action, Keep, Mark, MirrorPlan, Pair, Side, Step
from tui.comparison import Comparison


def make_plan(comparison: Comparison, now: float) -> MirrorPlan:
    """What is ticked in `comparison`, as it stands; `now`: Unix seconds."""
    left, right, table = comparison.left, comparison.right, comparison.table
    concerned, others = list[Pair](), list[Step]()
    for at, pair in enumerate(table):
        if pair.mark in _ALONE or comparison.action(at) is not Action.SKIP:
            concerned.append(pair)
        elif pair.mark is not Mark.SAME:
            others.append(Step(pair, Action.SKIP))
    plan = planning.plan(left, right, comparison.wish, concerned, now)
    wanted = {table[at].relative: (at, action) for at, action in comparison.edits()}
    steps = [_decided(step, wanted) for step in plan.steps]
    steps += _beyond(comparison, wanted)
    return replace(
        plan,
        steps=planning.settled((*steps, *others)),
        same=comparison.count(Mark.SAME),
        right_files=comparison.count(*_ON_BOTH, Mark.ONLY_RIGHT),
        remarks=comparison.remarks,
    )


# Of these a mirror is told whatever is ticked: they keep a folder from being deleted, or are told.
_ALONE = frozenset({*planning.FAILURES, Mark.LEFT_OUT, Mark.ONLY_RIGHT})
_ON_BOTH = (Mark.SAME, Mark.NEWER, Mark.OLDER, Mark.DIFFERENT)
_Wanted = dict[tuple[str, ...], tuple[int, Action]]


def _decided(step: Step, wanted: _Wanted) -> Step:
    """`step` as a person wants it, where they decided of it and it can be."""
    _, action = wanted.pop(step.pair.relative, (0, step.action))
    if action is step.action or action not in planning.allowed(step.pair):
        return step
    return Step(step.pair, action)


def _beyond(comparison: Comparison, wanted: _Wanted) -> Iterator[Step]:
    """What a mirror has no step for: a folder of the left that is deleted, with files in it."""
    for at, action in wanted.values():
        if action is Action.DELETE_LEFT:
            yield Step(comparison.table[at], action)


def keeps(right: Side) -> tuple[Keep, ...]:
    """Where what is deleted on the right can go, the safest first."""
    trash = _has_trash(right.provider)
    return (Keep.TRASH, Keep.BACKUP, Keep.NOWHERE) if trash else (Keep.BACKUP, Keep.NOWHERE)


def _has_trash(provider: Provider) -> bool:
    return isinstance(provider, Trash) or bool(provider.caps.recycles)


def backup_folder(right: Side) -> str:
    """The address of the folder for what is deleted on the right: beside the tree; in it, where
    that is a whole place."""
    provider, path = right.provider, right.place.path
    above, name = provider.parent(path), provider.name(path)
    if above == path or not name or provider.caps.tops:
        return provider.join(path, "wharfie-backup")
    return provider.join(above, f"{name}-backup")
