"""Op.RENAME: another name within one place, never over anything."""

from __future__ import annotations

from providers.base import Entry, Kind
from providers.errors import AlreadyExists, NotFound, ProviderError, Unsupported
from providers.records import replace
from transfers.altered import altered
from transfers.leftovers import asked_for_rename
from transfers.model import RENAMED, Conflict, Job, JobState, ParkReason, Policy
from transfers.prepare import half_renamed, in_other_letters, renamed_before, stat_or_none
from transfers.prune import refuse_links
from transfers.run import Run, WritableProvider, make_folder

_TAKEN = "the destination exists"


class NotRenamed(ProviderError):
    """It keeps its name: a mirror sends the file again, then."""

    what = "it was not renamed"
    advice = "Compare again: the next mirror sends it under its new name."


def rename(run: Run) -> Job:
    """DONE, SKIPPED or PARKED. Raises ProviderError: it has its old name, then, or nobody knows.

    What a crash or a lost answer left is recognised by what was journaled before (faults.md A8).
    """
    job, place = run.job, run.target()
    if job.source.endpoint != job.target.endpoint:
        raise NotRenamed(job.source.path, "it cannot be renamed into another place")
    if job.within:
        refuse_links(run, job.source)
    there = stat_or_none(place, job.source.path)
    if there is None:
        if not _was_renamed(job, place):
            raise NotFound(job.source.path)
        return _done(job)
    existing = stat_or_none(place, job.target.path)
    if half_renamed(job, place, existing):
        run.control.touches()
        place.delete(job.source.path)
        return _done(job)
    if there.version is None or there.version != job.source_version:
        raise NotRenamed(job.source.path, "it changed since it was compared")
    if existing is not None and not _is_itself(job, there, existing):
        return _in_the_way(run, there, existing)
    return _renamed(run, place)


def _renamed(run: Run, place: WritableProvider) -> Job:
    job = run.job
    make_folder(run, replace(job.target, path=place.parent(job.target.path)), job.within)
    run.control.touches()
    job = run.report(altered(job, replacing=job.source_version))
    try:
        place.rename(job.source.path, job.target.path, within=job.within)
    except Unsupported as error:
        raise NotRenamed(job.source.path, "this place cannot rename it") from error
    except AlreadyExists as error:
        raise NotRenamed(job.target.path, "something appeared there meanwhile") from error
    return _done(job)


def _in_the_way(run: Run, there: Entry, existing: Entry) -> Job:
    """What the policy says: a person is asked, or it is left alone. Nothing is replaced."""
    job = run.job
    if job.policy is Policy.ASK:
        run.conflict = Conflict(there, existing)
        parked = altered(job, state=JobState.PARKED, park=ParkReason.CONFLICT, reason=_TAKEN)
        return altered(parked, agreed=existing.version)
    if job.policy is Policy.SKIP:
        return altered(job, state=JobState.SKIPPED, reason=_TAKEN)
    what = "something stands at its new name, and a rename replaces nothing"
    raise NotRenamed(job.target.path, what)


def _is_itself(job: Job, there: Entry, existing: Entry) -> bool:
    """Whether only letters of its name change, where case does not count."""
    return in_other_letters(job) and there.version == existing.version


def _was_renamed(job: Job, place: WritableProvider) -> bool:
    """Whether it is gone because an earlier run renamed it. A place may give it another version
    by that: its size tells, then."""
    if renamed_before(job, place):
        return True
    there = stat_or_none(place, job.target.path)
    if there is None or there.kind is not Kind.FILE or there.size is None:
        return False
    return asked_for_rename(job) and there.size == job.size


def _done(job: Job) -> Job:
    return altered(job, state=JobState.DONE, reason=RENAMED)
