"""What an earlier mirror between the same two trees left in the queue: gone on with, or retired.

A copy, a link or a folder that is unfinished is wanted still, and goes on. What an old plan would
delete or rename, and what met something else than it expected, never acts again: the trees are
compared anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from providers.access import Access
from providers.base import Place
from providers.private_file import write_private
from providers.records import dataclass
from transfers.journal_error import JournalError
from transfers.mirror.model import Side
from transfers.model import (
    Cancel,
    Clear,
    Job,
    JobState,
    NewJob,
    Op,
    ParkReason,
    Pause,
    Resume,
    Row,
)
from transfers.queue_api import Queue
from tui.headless.carry_out import let_in, pause
from tui.headless.follow import follow
from tui.headless.queue import wait_for_clean_up
from tui.headless.reach import Reached, reach, seen
from tui.headless.report import Report
from tui.inside import is_below
from tui.overview import all_rows
from tui.settings import Home

_WANTED = frozenset({Op.COPY, Op.LINK, Op.MAKE_DIR})
_OF_MIRRORS = _WANTED | {Op.PRUNE, Op.RENAME}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two trees, and the batch of the last mirror between them as far as it is known (0: not)."""

    left: Side
    right: Side
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """The jobs of a pair: `wanted` go on, `old` never act again, `over` are only on the list."""

    wanted: tuple[Job, ...]
    old: tuple[Job, ...]
    over: tuple[Job, ...]

    def __bool__(self) -> bool:
        return bool(self.wanted or self.old or self.over)


def left_by(rows: Iterable[Row], pair: Pair) -> Left:
    """What is in the queue of earlier mirrors of `pair`, in that direction; pure.

    Finished jobs of its last batch are among it, and every one that failed.
    """
    wanted, old, over = [], [], []
    for row in rows:
        job = row.job
        if not _is_of(job, pair) or job.cancelling:
            continue
        if job.finished:
            over += [job] if job.batch == pair.batch or job.state is JobState.FAILED else []
        elif job.op in _WANTED and job.park is not ParkReason.CONFLICT:
            wanted.append(job)
        else:
            old.append(job)
    return Left(tuple(wanted), tuple(old), tuple(over))


def finish_earlier(home: Home, access: Access, pair: Pair) -> None:
    """See to it that nothing of earlier mirrors of `pair` is under way, or ever will be.

    Raises QueueInUse, JournalError, KeyboardInterrupt.
    """
    _, rows, _ = seen(home, access)
    if not left_by(rows, pair):
        return
    with reach(home, access, serve=True) as reached:
        found = left_by(all_rows(reached.queue), pair)
        _retire(reached.queue, found)
        if found.wanted:
            _go_on(reached, access, found.wanted)
            again = left_by(all_rows(reached.queue), pair)
            _retire(reached.queue, Left((), (*again.wanted, *again.old), again.over))


def delete_no_more(queue: Queue, batch: int) -> None:
    """Where something of a mirror waits for a person, its deletions do, too: they are cancelled, or
    they would happen when nobody thinks of them. The next mirror sees to them."""
    rows = all_rows(queue)
    left = [r.job for r in rows if r.job.batch == batch and not r.job.finished]
    if prunes := [job for job in left if job.op is Op.PRUNE]:
        queue.send(Cancel(_ids(prunes)))


def remember(path: Path, batch: int) -> None:
    """Keep the batch of a mirror that begins, for the next one. Raises JournalError."""
    try:
        write_private(path, f"{batch}\n".encode())
    except OSError as error:
        why = error.strerror or "no reason given"
        raise JournalError(f"The mirror's notes {path} cannot be written ({why}).") from error


def remembered(path: Path) -> int:
    """0 where nothing was, or nothing that can be read: old rows stay on the list, then."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _is_of(job: Job, pair: Pair) -> bool:
    """Jobs of its last batch are, wherever a link that was followed may have led for them; others
    are by their addresses: a mirror that was killed may have had no time to note its batch."""
    if not _is_in(job.target, pair.right):
        return False
    if job.batch == pair.batch:
        return True
    source = pair.right if job.op is Op.RENAME else pair.left
    return job.op in _OF_MIRRORS and _is_in(job.source, source)


def _is_in(place: Place, side: Side) -> bool:
    """A tree's own top counts, too: notes are about it."""
    if place.endpoint != side.place.endpoint:
        return False
    return place == side.place or is_below(side.provider, place.path, side.place.path)


def _retire(queue: Queue, found: Left) -> None:
    """Unfinished bytes of what is cancelled are removed before the trees are compared."""
    cleaned: tuple[int, ...] = ()
    if found.old:
        cleaned = queue.send(Cancel(_ids(found.old)))
    if found.over:
        cleaned += queue.send(Clear(_ids(found.over)))
    wait_for_clean_up(queue, cleaned)


def _go_on(reached: Reached, access: Access, jobs: Sequence[Job]) -> None:
    queue, ids = reached.queue, _ids(jobs)
    if reached.shared:
        let_in(queue, access, [p.endpoint for job in jobs for p in (job.source, job.target)])
    else:
        queue.send(Pause(ids))  # what was queued already would be left alone here
    queue.send(Resume(ids))
    try:
        follow(reached, {job.id: _as_new(job) for job in jobs}, _Silent(as_json=False))
    except KeyboardInterrupt:
        if reached.shared:
            pause(queue, ids)
        raise


class _Silent(Report):
    """How these end is seen when the trees are compared."""

    def job(self, job: Job) -> None:
        self.count(job)


def _as_new(job: Job) -> NewJob:
    return NewJob(job.op, job.source, job.target)


def _ids(jobs: Sequence[Job]) -> tuple[int, ...]:
    return tuple(job.id for job in jobs)
