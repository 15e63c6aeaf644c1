"""Op.PRUNE: something of a target goes, because its source has it no longer. Any doubt keeps it.

That the rest of its mirror succeeded is the queue's business (`completion`). Here both ends are
looked at once more, right before: that it is not at the source must be seen, in a tree that is
there itself, and what stands at the target must be what was compared.
"""

from __future__ import annotations

from providers.base import Entry, Kind, Place, Provider
from providers.errors import (
    AlreadyExists,
    InvalidName,
    NotEmpty,
    NotFound,
    ProviderError,
    Unsupported,
    WrongKind,
)
from providers.extras import Trash
from providers.records import replace
from providers.text import printable
from transfers.altered import altered
from transfers.conflict import other_names
from transfers.model import TRASH, Job, JobState
from transfers.prepare import stat_or_none
from transfers.run import MADE, Run, WritableProvider, is_top, make_folder


class NotSeenMissing(ProviderError):
    """Nobody could say whether a file is missing there: the tree it belongs to is not."""

    what = "this is not there as it was when the two trees were compared, so nothing is deleted"
    advice = "Look whether its disk is mounted, then retry or compare again."


class _Kept(Exception):
    """It stays, for this reason."""


def prune(run: Run) -> Job:
    """DONE or SKIPPED. Raises ProviderError: nothing was removed, then, or nobody knows."""
    job, target = run.job, run.target()
    if not job.within or not job.source_within:
        raise InvalidName(job.target.path, "it is not said which trees were compared")
    kept = "the source has it again" if _has_it(run.source(), job) else ""
    there = _look(run, target)
    if there is None:
        return altered(job, state=JobState.DONE, reason="")
    try:
        _refuse(kept or _why_kept(job, there, target))
        return _removed(run, target, there)
    except _Kept as why:
        return altered(job, state=JobState.SKIPPED, reason=f"not deleted: {why}")


def gone_already(run: Run) -> Job | None:
    """The job as done, when it was cancelled after its target had gone. Raises ProviderError."""
    if stat_or_none(run.target(), run.job.target.path) is not None:
        return None
    return replace(run.job, state=JobState.DONE, reason="")


def _refuse(reason: str) -> None:
    if reason:
        raise _Kept(reason)


# The source --------------------------------------------------------------------------------------


def _has_it(source: Provider, job: Job) -> bool:
    """Whether something stands at the source. Raises ProviderError when that cannot be told."""
    if stat_or_none(source, job.source.path) is not None:
        return True
    _need_tree(source, job.source.path, job.source_within)
    return False


def _need_tree(source: Provider, path: str, top: str) -> None:
    """See that the tree is there which `path` is missing from.

    Where a disk is not mounted, or a bucket was emptied, everything looks deleted: an empty
    directory stands where the disk was. So the nearest one above that is there has to be below the
    `top` that was compared, or the top has to have something in it; and so does a link, which may
    lead to such a disk. Who emptied a whole tree on purpose empties its mirror by hand.
    """
    if not _is_below(source, path, top):
        raise InvalidName(path, "it is not in the folder that was compared")
    here = path
    while here != top:
        here = source.parent(here)
        there = None if here == top else stat_or_none(source, here)
        if there is not None:
            if there.kind is Kind.LINK:
                break
            return
    _need_filled(source, here)


def _need_filled(source: Provider, directory: str) -> None:
    try:
        for page in source.list_dir(directory):
            if page:
                return
    except NotFound as error:
        raise NotSeenMissing(directory) from error
    raise NotSeenMissing(directory, "nothing is in it any more, so nothing is deleted elsewhere")


# The target --------------------------------------------------------------------------------------


def _look(run: Run, target: WritableProvider) -> Entry | None:
    """What is to be removed; None: it is gone. Raises WrongKind for a link on the way to it."""
    refuse_links(run, run.job.target)
    return stat_or_none(target, run.job.target.path)


def refuse_links(run: Run, place: Place) -> None:
    """Raise WrongKind where a link, or no directory, lies between `Job.within` and `place`, which
    is below it (faults.md D3).

    Each time, where looking costs no network; else once, as it is done for a copy's target.
    """
    target, within = run.target(), run.job.within
    if not _is_below(target, place.path, within):
        raise InvalidName(place.path, "it is not in the folder that was chosen")
    seen = []
    here = target.parent(place.path)
    while here != within:
        known = (Place(place.endpoint, here), within)
        if not target.caps.near and known in run.known_directories:
            break
        there = stat_or_none(target, here)
        if there is not None:
            if there.kind is not Kind.DIR:
                raise WrongKind(here, "a link or a file stands where a directory was")
            seen.append(known)
        here = target.parent(here)
    run.known_directories.update(seen)


def _why_kept(job: Job, there: Entry, target: Provider) -> str:
    """Why what stands there is not removed; "": it may be."""
    if is_top(target, job.target.path):
        return f"a {target.caps.tops} is removed by hand only"
    if job.agreed is None and there.kind is not Kind.DIR:
        return "it is no folder, and nothing tells whether it changed since it was compared"
    if job.agreed is not None and (there.kind is Kind.DIR or there.version != job.agreed):
        return "it changed since it was compared"
    return ""


def _removed(run: Run, target: WritableProvider, there: Entry) -> Job:
    """The job as done; an empty directory is not worth keeping. Raises _Kept, ProviderError."""
    job, reason = run.job, ""
    try:
        if there.kind is Kind.DIR or not job.keep:
            run.control.touches()
            target.delete(job.target.path)
        elif job.keep == TRASH:
            run.control.touches()
            _throw_away(target, job.target.path)
        else:
            reason = _set_aside(run, target)
    except NotEmpty as error:
        raise _Kept("it is not empty") from error
    except NotFound:
        if stat_or_none(target, job.target.path) is not None:
            raise
    if there.kind is Kind.DIR:
        run.known_directories.difference_update({(job.target, job.within), (job.target, MADE)})
    return altered(job, state=JobState.DONE, reason=reason)


def _throw_away(target: WritableProvider, path: str) -> None:
    if isinstance(target, Trash):
        try:
            target.throw_away(path)
        except Unsupported as error:
            raise _Kept(error.what) from error
    elif target.caps.recycles:
        target.delete(path)
    else:
        raise _Kept("this place has no trash")


def _set_aside(run: Run, target: WritableProvider) -> str:
    """Rename it to `Job.keep`, or to the next name that is free; says under which then."""
    job = run.job
    folder, name = target.parent(job.keep), target.name(job.keep)
    within = job.within if _is_below(target, job.keep, job.within) else ""
    make_folder(run, Place(job.target.endpoint, folder), within)
    run.control.touches()
    for other in (name, *other_names(name)):
        path = target.join(folder, other)
        try:
            target.rename(job.target.path, path, within=within)
            return "" if other == name else f"kept as {printable(path)}"
        except AlreadyExists:
            continue
        except Unsupported as error:
            raise _Kept(error.what) from error
    raise AlreadyExists(job.keep, "10,000 of it exist already")


def _is_below(target: Provider, path: str, within: str) -> bool:
    while (above := target.parent(path)) != path:
        if above == within:
            return True
        path = above
    return False
