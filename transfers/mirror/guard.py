"""When a mirror would delete so much that a person has to say yes first. Pure."""

from __future__ import annotations

from transfers.mirror.model import Action, MirrorPlan
from transfers.mirror.planning import counts_as_file

_FEW = 10  # files on the right, below which a share says little: one of two is a half


def never(plan: MirrorPlan) -> str | None:
    """Why `plan` is not run whatever a person says, as a sentence; None: it may be.

    A disk that is not mounted, or a bucket that was emptied, looks like a left tree without a file;
    the queue deletes nothing on its word (`transfers.prune`).
    """
    deleted = _deleted(plan)
    if not deleted or not _has_no_files(plan):
        return None
    return (
        f"The left side has no files at all, and {_files(deleted)} on the right would be deleted: "
        "check that it is the right folder, and that its disk is there. A mirror never empties the "
        "right; delete there by hand if that is what you want."
    )


def refusal(plan: MirrorPlan) -> str | None:
    """Why `plan` is not run without a person's word, as a sentence with its numbers; None: it is.

    Of fewer than ten files on the right, only the deletion of all asks. What was moved is not
    deleted, and folders are not counted.
    """
    deleted = _deleted(plan)
    if not deleted:
        return None
    most = plan.wish.most_deleted
    total = max(plan.right_files, deleted)
    if most >= 1 or (total < _FEW and deleted < total) or deleted <= most * total:
        return None
    return (
        f"{deleted:,} of the {_files(total)} on the right would be deleted, which is more than "
        f"{_percent(most)} of them."
    )


def _deleted(plan: MirrorPlan) -> int:
    moved = {
        step.moved_from.relative
        for step in plan.steps
        if step.moved_from is not None and step.action is Action.RIGHT
    }
    deletes = (step.pair for step in plan.steps if step.action is Action.DELETE_RIGHT)
    return sum(counts_as_file(pair, pair.right) and pair.relative not in moved for pair in deletes)


def _has_no_files(plan: MirrorPlan) -> bool:
    return not plan.same and not any(
        counts_as_file(step.pair, step.pair.left) for step in plan.steps
    )


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _percent(share: float) -> str:
    return f"{round(share * 100, 1):g} %"
