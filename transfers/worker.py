"""One job's way, operation by operation: what a run does from preparing to done."""

from __future__ import annotations

from collections.abc import Callable

from providers.base import Kind
from providers.errors import NotEmpty, NotFound, ProviderError, RangeIgnored
from providers.records import replace
from transfers.batch import is_small
from transfers.commit import (
    finish_move,
    named,
    named_already,
    proven,
    settle,
    source_kept,
    was_committing,
)
from transfers.control import Stop, Stopped
from transfers.keeping import given_mode
from transfers.leftovers import clean_up, doubt
from transfers.linking import link, linked_already
from transfers.model import OF_LINKS, Job, JobState, Op
from transfers.opening import let_go
from transfers.prepare import prepare, renamed_already
from transfers.prune import gone_already, prune
from transfers.renaming import rename
from transfers.run import Run, is_top, make_folder, writable
from transfers.transfer import transfer


def bring(run: Run) -> Job:
    """Carry the job as far as it goes without the journal: DONE, SKIPPED or PARKED, its end; or
    COMMITTING, which is to be journaled before `give_name`.

    Raises ProviderError when something went wrong (the caller judges), Stopped when it was told
    to stop.
    """
    if run.job.cancelling:
        raise Stopped(Stop.CANCEL)
    try:
        return _OPERATIONS[run.job.op](run)
    finally:
        let_go(run)


def prove_gathered(run: Run) -> Job:
    """Carry on as `bring` does with a job whose bytes were to be stored together with others: what
    was not goes the usual way, from the beginning. Raises as `bring` does."""
    if run.seen is not None:
        return proven(run)
    forget_gathered(run)
    return bring(run)


def forget_gathered(run: Run) -> None:
    """Nothing is known of what was to be stored together with others: it goes alone from here."""
    run.gathering, run.gathered, run.control.checkpoint = None, False, None
    run.job = replace(run.job, state=JobState.PREPARING, sent=0, prefix="", digest="")


def give_name(run: Run, told: str) -> Job:
    """Carry the job to its end, COMMITTING as journaled. Raises as `bring` does.

    `told`: the digest that a person had given when it was proven.
    """
    return finish_move(run, named(run, told))


def cancelled(run: Run) -> Job:
    """The job after a cancel: what it left is removed, or spoken of. What has its name is done."""
    unsure = ""
    try:
        if run.job.op is Op.PRUNE:
            return gone_already(run) or replace(run.job, state=JobState.CANCELLED, reason="")
        if run.job.op in OF_LINKS and (made := linked_already(run)) is not None:
            return made
        named = run.job if run.job.committed else named_already(run)
        if named is not None:
            moved = run.job.op is Op.MOVE
            return source_kept(named, "it was cancelled") if moved else named
        if (renamed := renamed_already(run)) is not None:
            return renamed
    except (ProviderError, Stopped):
        unsure = doubt(run.job)  # removing what lies there is tried all the same
    note = clean_up(run)
    return replace(run.job, state=JobState.CANCELLED, reason=(unsure + note).removesuffix("; "))


def _copy(run: Run) -> Job:
    if was_committing(run) and (settled := settle(run)) is not None:
        return settled
    job = _transferred(run)
    if job.state is not JobState.VERIFYING or run.gathered:
        return job
    return proven(run)


def _transferred(run: Run) -> Job:
    """The job with every byte across (VERIFYING), or at its end before that."""
    job = prepare(run)
    if job.state is not JobState.TRANSFERRING:
        return job
    if is_small(job.size):
        run.tell(job)
    else:
        run.report(job)  # the upload is journaled before a byte is in it
    try:
        transfer(run)
    except RangeIgnored:
        if run.one_stream:
            raise
        run.one_stream = True
        run.control.checkpoint = None
        return _transferred(run)
    return run.job


def _make_directory(run: Run) -> Job:
    place, within = run.job.target, run.job.within
    run.known_directories.discard((place, within))
    make_folder(run, place, within)
    return replace(run.job, state=JobState.DONE, reason=given_mode(run))


def _remove_directory(run: Run) -> Job:
    """The emptied source directory of a move; one that is not empty is kept, and so is what only a
    person removes."""
    path, source = run.job.source.path, run.source()
    if is_top(source, path):
        reason = f"kept: a {source.caps.tops} is removed by hand only (F8)"
        return replace(run.job, state=JobState.SKIPPED, reason=reason)
    try:
        source = writable(source, run.job.source)
        if source.stat(path).kind is not Kind.DIR:
            reason = "kept: something else has taken its place"
            return replace(run.job, state=JobState.SKIPPED, reason=reason)
        run.control.touches()
        source.delete(path)
    except NotEmpty:
        return replace(run.job, state=JobState.SKIPPED, reason="kept: it is not empty")
    except NotFound:
        pass
    return replace(run.job, state=JobState.DONE, reason="")


def _note(run: Run) -> Job:
    return replace(run.job, state=JobState.SKIPPED)


_OPERATIONS: dict[Op, Callable[[Run], Job]] = {
    Op.COPY: _copy,
    Op.MOVE: _copy,
    Op.MAKE_DIR: _make_directory,
    Op.REMOVE_DIR: _remove_directory,
    Op.NOTE: _note,
    Op.PRUNE: prune,
    Op.RENAME: rename,
    Op.LINK: link,
    Op.MOVE_LINK: link,
}
