"""Op.LINK: a symbolic link of the same text as that at the source, whatever it leads to.

It is never followed: what it leads to may be another file there, or nothing. That one is about to
be made is journaled with the digest of its text, so that after a crash or a lost answer the job
knows its own link from one that somebody else made (faults.md A8).
"""

from __future__ import annotations

import hashlib

from providers.base import Entry, Kind, Place
from providers.errors import (
    AlreadyExists,
    AuthRequired,
    ConnectionLost,
    NotFound,
    ProviderError,
    SourceChanged,
    TargetChanged,
    Throttled,
    Unsupported,
    WrongKind,
)
from providers.extras import Linker
from providers.records import replace
from providers.text import printable, to_bytes
from transfers.altered import altered
from transfers.commit import source_kept
from transfers.conflict import Act, Decision
from transfers.leftovers import clean_up, discard
from transfers.links import NO_LINKS
from transfers.model import SAME_LINK, Conflict, Job, JobState, Op, ParkReason
from transfers.prepare import decided, free_name, refuse_same_file, stat_or_none
from transfers.run import Run, make_folder, writable


def link(run: Run) -> Job:
    """DONE, SKIPPED or PARKED. Raises ProviderError."""
    source, target = run.source(), run.target()
    entry = stat_or_none(source, run.job.source.path)
    if entry is None and run.job.committed:
        return _done(run)
    if entry is None:
        raise NotFound(run.job.source.path)
    text = _text(entry)
    existing = stat_or_none(target, run.job.target.path)
    refuse_same_file(run.job, source, target, entry, existing)
    if _leads(existing, text):
        ours = run.job.digest == _digest(text)
        return _made(run, text) if ours else _ended(run, JobState.SKIPPED, SAME_LINK)
    decision = _decided(run, entry, existing)
    if decision.act is Act.SKIP:
        return _ended(run, JobState.SKIPPED, decision.reason)
    if decision.act is Act.ASK and existing is not None:
        return _asked(run, entry, existing, decision)
    if decision.act is Act.REFUSE:
        raise WrongKind(run.job.target.path, decision.reason, advice="Rename one of the two.")
    if decision.act is Act.RENAME:
        job = discard(run, run.job)  # what lies under the name it had is found by that name only
        run.report(replace(job, target=free_name(target, job.target), replacing=None))
    if not _make(run, text, decision.replacing):
        return _ended(run, JobState.SKIPPED, NO_LINKS)
    return _made(run, text)


def linked_already(run: Run) -> Job | None:
    """The job as done, when it was cancelled after its link had been made; None: it had not been.

    Only looks. Raises ProviderError.
    """
    job = run.job
    there = stat_or_none(run.target(), job.target.path)
    text = None if there is None or there.kind is not Kind.LINK else there.target
    if not job.digest or text is None or _digest(text) != job.digest:
        return None
    clean_up(run)
    done = replace(run.job, state=JobState.DONE, digest="", reason="")
    return source_kept(done, "it was cancelled", "made") if job.op is Op.MOVE_LINK else done


def _text(entry: Entry) -> str:
    """Where the link at the source leads, in its own words."""
    path = entry.path
    if entry.kind is not Kind.LINK:
        raise WrongKind(path, "was a link when this was planned, and is none")
    if not entry.target:
        raise Unsupported(path, "this place does not say where the link leads")
    return entry.target


def _digest(text: str) -> str:
    return hashlib.sha256(to_bytes(text)).hexdigest()


def _leads(there: Entry | None, text: str) -> bool:
    return there is not None and there.kind is Kind.LINK and there.target == text


def _decided(run: Run, entry: Entry, existing: Entry | None) -> Decision:
    """What the policy says. A swap that was cut off leaves nothing where the old file stood."""
    job = run.job
    if existing is None and job.digest and job.replacing is not None:
        return Decision(Act.WRITE, replacing=job.replacing)
    return decided(job, entry, existing, run.target().name(job.target.path))


def _asked(run: Run, entry: Entry, existing: Entry, decision: Decision) -> Job:
    run.conflict = Conflict(entry, existing)
    parked = altered(run.job, state=JobState.PARKED, park=ParkReason.CONFLICT, digest="")
    reason = decision.reason or "the destination exists"
    return altered(parked, agreed=existing.version, reason=reason)


def _make(run: Run, text: str, replacing: str | None) -> bool:
    """False: this very server makes none, though others of its kind do."""
    target, path, within = run.target(), run.job.target.path, run.job.within
    if not isinstance(target, Linker):
        raise Unsupported(path, "this place has no links", advice="Copy what it leads to instead.")
    make_folder(run, Place(run.job.target.endpoint, target.parent(path)), within)
    run.control.touches()
    changes = {"state": JobState.COMMITTING, "digest": _digest(text), "replacing": replacing}
    job = run.report(altered(run.job, **changes))
    try:
        if replacing is None:
            target.make_link(path, text, within=within)
        else:
            run.clean = False
            target.replace_link(path, text, key=job.key, replacing=replacing, within=within)
    except AlreadyExists as error:
        run.report(replace(run.job, digest=""))
        raise TargetChanged(path, "something appeared there meanwhile") from error
    except TargetChanged:
        run.report(replace(run.job, digest=""))
        raise
    except Unsupported:
        return False
    return True


def _made(run: Run, text: str) -> Job:
    """The link is there, as it is read back; then the source of a move goes."""
    path = run.job.target.path
    if not _leads(run.target().stat(path), text):
        raise Unsupported(
            path,
            "the link that was made does not lead where the source's does",
            advice="Compare the two: this place may change what a link says.",
        )
    if run.job.op is not Op.MOVE_LINK:
        return _done(run)
    run.report(replace(run.job, committed=True))
    try:
        source = writable(run.source(), run.job.source)
        if not _leads(source.stat(run.job.source.path), text):
            raise SourceChanged(run.job.source.path, "it is no longer the link that was copied")
        source.delete(run.job.source.path)
    except NotFound:
        return _done(run)
    except (AuthRequired, ConnectionLost, Throttled):
        raise  # the next run goes on here
    except ProviderError as error:
        return source_kept(_done(run), error, "made")
    return _done(run)


def _done(run: Run) -> Job:
    try:
        return _ended(run, JobState.DONE, "")
    except AlreadyExists as kept:  # a crash cut a swap in two, and nobody knows whose link it is
        return altered(run.job, state=JobState.DONE, digest="", reason=printable(str(kept)))


def _ended(run: Run, state: JobState, reason: str) -> Job:
    """The job at its end; nothing unfinished of it is left."""
    job = run.job if run.clean else discard(run, run.job)
    return altered(job, state=state, digest="", reason=reason)
