"""A plan as jobs of the queue: only these change anything. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from providers.base import Entry, Kind, Place
from transfers.mirror import keeping
from transfers.mirror.model import Action, Mark, MirrorPlan, Pair, Step
from transfers.mirror.planning import is_failure, is_folder
from transfers.model import NewJob, Op, Policy

_DELETES = (Action.DELETE_RIGHT, Action.DELETE_LEFT)


def jobs(plan: MirrorPlan) -> tuple[NewJob, ...]:
    """What the queue does: copies, folders and renames in the plan's order, then deletions.

    A file is replaced only in the version that was compared, where its place tells versions: of any
    other, and of one that stands where nothing did, a person is asked. What cannot be made equal is
    told by an Op.NOTE.
    """
    deletes = [step for step in plan.steps if step.action in _DELETES]
    files = [step for step in deletes if not is_folder(step.pair)]
    folders = [step for step in deletes if is_folder(step.pair)]
    folders.sort(key=lambda step: len(step.pair.relative), reverse=True)
    brought = [job for step in plan.steps for job in _brought(plan, step)]
    return (*brought, *(_pruned(plan, step) for step in (*files, *folders)))


def _brought(plan: MirrorPlan, step: Step) -> Iterator[NewJob]:
    pair = step.pair
    if step.action is Action.RENAME and step.moved_from is not None:
        yield _renamed(plan, pair, step.moved_from)
    elif step.action is Action.RIGHT and step.moved_from is not None:
        old = step.moved_from
        yield _copied(_right(plan, old), old.right, _right(plan, pair), None, plan.right)
    elif step.action in (Action.RIGHT, Action.MAKE_DIR):
        yield _copied(_left(plan, pair), pair.left, _right(plan, pair), pair.right, plan.right)
    elif step.action is Action.LEFT:
        yield _copied(_right(plan, pair), pair.right, _left(plan, pair), pair.left, plan.left)
    elif is_failure(step) or _is_left_out(step):
        yield _noted(plan, step)


def _is_left_out(step: Step) -> bool:
    """Whether it is something of the left that a mirror copies nowhere, a link say."""
    left_out = step.action is Action.SKIP and step.pair.mark is Mark.LEFT_OUT
    return left_out and step.pair.left is not None


def _copied(
    source: Place, entry: Entry | None, target: Place, there: Entry | None, top: Place
) -> NewJob:
    """One file, link or folder. `there`: what it replaces."""
    if entry is None:
        raise ValueError(f"nothing stands at {source.path!r} that could be copied")
    if entry.kind is Kind.LINK:
        return _linked(source, entry, target, there, top)
    source = Place(source.endpoint, entry.path)  # of a link that is followed: where it leads
    if entry.kind is Kind.DIR:
        return NewJob(Op.MAKE_DIR, source, target, mode=entry.mode, within=top.path)
    return NewJob(
        op=Op.COPY,
        source=source,
        target=target,
        size=entry.size,
        source_version=entry.version,
        modified=entry.modified,
        mode=entry.mode,
        within=top.path,
        policy=Policy.ASK if there is None else Policy.OVERWRITE,
        agreed=None if there is None else there.version,
    )


def _linked(source: Place, entry: Entry, target: Place, there: Entry | None, top: Place) -> NewJob:
    """A link of the same text. One whose place tells no version of it is replaced by nobody
    unasked."""
    agreed = None if there is None else there.version
    return NewJob(
        op=Op.LINK,
        source=source,
        target=target,
        modified=entry.modified,
        leads=entry.target or "",
        within=top.path,
        policy=Policy.ASK if agreed is None else Policy.OVERWRITE,
        agreed=agreed,
    )


def _renamed(plan: MirrorPlan, pair: Pair, old: Pair) -> NewJob:
    there = old.right
    return NewJob(
        op=Op.RENAME,
        source=_right(plan, old),
        target=_right(plan, pair),
        size=None if there is None else there.size,
        source_version=None if there is None else there.version,
        within=plan.right.path,
        policy=Policy.ASK,
    )


def _pruned(plan: MirrorPlan, step: Step) -> NewJob:
    """The deletion of what only one side has; the other side's address is the reason for it.

    An empty folder holds nothing that would have to be kept.
    """
    pair = step.pair
    left, right = _left(plan, pair), _right(plan, pair)
    on_right = step.action is Action.DELETE_RIGHT
    entry = pair.right if on_right else pair.left
    if entry is None:
        raise ValueError(f"nothing stands at {pair.relative!r} that could be deleted")
    folder = is_folder(pair)
    return NewJob(
        op=Op.PRUNE,
        source=left if on_right else right,
        target=right if on_right else left,
        within=plan.right.path if on_right else plan.left.path,
        source_within=plan.left.path if on_right else plan.right.path,
        agreed=None if folder else entry.version,
        keep="" if folder else keeping.keep(plan, pair, on_right=on_right),
    )


def _noted(plan: MirrorPlan, step: Step) -> NewJob:
    left, right = _left(plan, step.pair), _right(plan, step.pair)
    note = step.why or str(step.pair.mark)
    return NewJob(Op.NOTE, left, right, note=note, failed=is_failure(step))


def _left(plan: MirrorPlan, pair: Pair) -> Place:
    """Where it is or would be; the tree itself, where that cannot have the name."""
    return Place(plan.left.endpoint, pair.left_path or plan.left.path)


def _right(plan: MirrorPlan, pair: Pair) -> Place:
    return Place(plan.right.endpoint, pair.right_path or plan.right.path)
