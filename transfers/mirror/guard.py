"""When a mirror would delete so much that a person has to say yes first. Pure."""

from __future__ import annotations

from providers.base import Entry, Kind
from transfers.mirror.model import Action, MirrorPlan

_FEW = 10  # files on the right, below which a share says little: one of two is a half


def refusal(plan: MirrorPlan) -> str | None:
    """Why `plan` is not run without a person's word, as a sentence with its numbers; None: it is.

    A left tree without a file asks whatever `most_deleted` says: a disk that is not mounted looks
    like that. Of fewer than ten files on the right, only the deletion of all asks. What was moved
    is not deleted, and folders are not counted.
    """
    deleted = _deleted(plan)
    if not deleted:
        return None
    if _has_no_files(plan):
        return (
            f"The left side has no files at all, and {_files(deleted)} on the right would be "
            "deleted: check that it is the right folder, and that its disk is there."
        )
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
    return sum(_is_file(pair.right) and pair.relative not in moved for pair in deletes)


def _has_no_files(plan: MirrorPlan) -> bool:
    return not plan.same and not any(_is_file(step.pair.left) for step in plan.steps)


def _is_file(entry: Entry | None) -> bool:
    return entry is not None and entry.kind is Kind.FILE


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _percent(share: float) -> str:
    return f"{round(share * 100, 1):g} %"
