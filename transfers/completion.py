"""How far each batch is: what a mirror deletes waits for all the rest of it to succeed. Pure."""

from __future__ import annotations

from collections import Counter

from transfers.model import AFTERWARDS, FINISHED, SAME, SAME_LINK, Job, JobState, Op


class Completion:
    """Jobs by batch, removals and deletions aside: what is unfinished, and what did not succeed."""

    def __init__(self) -> None:
        self._left: Counter[int] = Counter()
        self._missed: Counter[int] = Counter()
        self._files: Counter[int] = Counter()  # deletions of files that are unfinished

    def note(self, before: Job | None, after: Job | None) -> None:
        """Take in a job's new state. None: it was not there, or no longer is."""
        job = after or before
        if job is None:
            return
        was_left = before is not None and before.state not in FINISHED
        is_left = after is not None and after.state not in FINISHED
        changed = is_left - was_left
        if job.op not in AFTERWARDS:
            self._left[job.batch] += changed
            self._missed[job.batch] += is_missed(after) - is_missed(before)
        elif job.op is Op.PRUNE and job.agreed is not None:
            self._files[job.batch] += changed

    def is_over(self, batch: int) -> bool:
        """Whether nothing but removals and deletions is left of it."""
        return not self._left[batch]

    def missed(self, batch: int) -> int:
        """How many of its jobs ended, and not well."""
        return self._missed[batch]

    def may_prune(self, batch: int) -> bool:
        return not self._left[batch] and not self._missed[batch]

    def files_are_pruned(self, batch: int) -> bool:
        """Whether no deletion of a file is left: directories come after them."""
        return not self._files[batch]


def is_missed(job: Job | None) -> bool:
    """Whether it ended and what it was for is not there: failed, cancelled, left alone.

    What a plan left out was never to be copied, for whatever reason, and whoever made the plan saw
    to it that nothing goes on its account. What is there already is as good as copied.
    """
    if job is None or job.op in AFTERWARDS or job.op is Op.NOTE or job.state not in FINISHED:
        return False
    if job.state is JobState.DONE:
        return False
    return not (job.state is JobState.SKIPPED and job.reason in (SAME, SAME_LINK))


def not_pruned(missed: int) -> str:
    """Why something is not deleted, for a person."""
    many = "1 copy" if missed == 1 else f"{missed:,} copies"
    return f"not deleted: {many} of this mirror did not succeed"
