"""Before the first byte: look at both ends, settle conflicts, make room for the upload."""

from __future__ import annotations

from dataclasses import replace

from providers.base import Entry, Kind, Place, Provider
from providers.errors import AlreadyExists, InvalidName, NotFound, Unsupported, WrongKind
from transfers.conflict import Act, Decision, decide, other_names
from transfers.control import Checkpoint
from transfers.model import Conflict, Job, JobState, Op, ParkReason
from transfers.run import Run, WritableProvider, ensure_directory

_RENAMED = "renamed in place, nothing was copied"
LARGEST_PART = 64 * 1024 * 1024  # bytes: what is re-sent at most after a loss


_KINDS = {
    Kind.DIR: "a directory",
    Kind.LINK: "a link",
    Kind.OTHER: "a device, a pipe or a socket",
    Kind.FILE: "a file",
}


def prepare(run: Run) -> Job:
    """The job ready to transfer (TRANSFERRING, its upload begun), or at its end (SKIPPED, DONE).

    A conflict for a person leaves it PARKED with `run.conflict` set. Raises ProviderError.
    """
    source, target = run.source(), run.target()
    try:
        entry = source.stat(run.job.source.path)
    except NotFound:
        if not _renamed_before(run.job, target):
            raise
        return replace(run.job, state=JobState.DONE, upload=None, reason=_RENAMED)
    if entry.kind is not Kind.FILE:
        raise WrongKind(entry.path, f"is not a regular file but {_KINDS[entry.kind]}")
    job = replace(
        run.job,
        size=entry.size,
        source_version=entry.version,
        modified=entry.modified,
        mode=entry.mode,
    )
    existing = stat_or_none(target, job.target.path)
    decision = _agreed(job, existing, decide(job.policy, entry, existing))
    if decision.act is Act.SKIP:
        _discard(job, target)
        return replace(job, state=JobState.SKIPPED, upload=None, reason=decision.reason)
    _refuse_same_file(job, source, target, entry, existing)
    if decision.act is Act.ASK and existing is not None:
        run.conflict = Conflict(entry, existing)
        parked = replace(job, state=JobState.PARKED, park=ParkReason.CONFLICT)
        return replace(parked, agreed=existing.version, reason="the destination exists")
    if decision.act is Act.REFUSE:
        raise WrongKind(job.target.path, decision.reason, advice="Rename one of the two.")
    if decision.act is Act.RENAME:
        job = run.report(replace(job, target=_free_name(target, job.target)))
    return _begin(run, job, decision.replacing)


def _agreed(job: Job, existing: Entry | None, decision: Decision) -> Decision:
    """Ask again when what would be replaced is not what the person was shown (faults.md D5)."""
    if decision.act is not Act.WRITE or existing is None or job.agreed is None:
        return decision
    return decision if job.agreed == existing.version else Decision(Act.ASK)


def _begin(run: Run, job: Job, replacing: str | None) -> Job:
    target = run.target()
    folder = Place(job.target.endpoint, target.parent(job.target.path))
    _make_folder(run, folder)
    if job.op is Op.MOVE and replacing is None and _renamed(job, target):
        _discard(job, target)
        return replace(job, state=JobState.DONE, upload=None, reason=_RENAMED)
    checkpoint = run.control.checkpoint
    if (
        checkpoint is not None
        and checkpoint.version == job.source_version
        and checkpoint.upload == job.upload
        and _still_holds(target, checkpoint)
    ):
        return replace(job, state=JobState.TRANSFERRING, replacing=replacing)
    run.control.checkpoint = None
    _discard(job, target)
    try:
        upload = _upload(target, job)
    except NotFound:  # the folder was removed since it was seen
        run.known_directories.clear()
        _make_folder(run, folder)
        upload = _upload(target, job)
    return replace(
        job, state=JobState.TRANSFERRING, upload=upload, replacing=replacing, digest="", proof=None
    )


def _still_holds(target: WritableProvider, checkpoint: Checkpoint) -> bool:
    """Whether the place has what it acknowledged: after a crash there, the next part would leave
    a hole (faults.md 5)."""
    staged = target.staged(checkpoint.upload)
    found = None if staged is None else stat_or_none(target, staged)
    if staged is None or (found is not None and found.size is None):
        return True
    return found is not None and (found.size or 0) >= checkpoint.offset


def _make_folder(run: Run, folder: Place) -> None:
    try:
        ensure_directory(run.target(), folder, run.known_directories)
    except NotFound:  # one above it was removed since it was seen
        run.known_directories.clear()
        ensure_directory(run.target(), folder, run.known_directories)


def _discard(job: Job, target: WritableProvider) -> None:
    """Remove what an earlier attempt left unfinished and nobody will use."""
    if job.upload:
        target.abort(job.upload)


def _upload(target: WritableProvider, job: Job) -> str:
    return target.begin(
        job.target.path,
        job.size,
        key=job.key,
        part_size=part_size(target, job.size),
        modified=job.modified,
        mode=job.mode,
    )


def part_size(target: Provider, size: int | None) -> int:
    """Bytes of each part but the last: as large as a loss may cost, or as the place demands."""
    parts = target.caps.parts
    if parts is None:
        return LARGEST_PART
    wanted = max(parts.min_size, min(parts.max_size, LARGEST_PART))
    if parts.max_count is not None and size is not None:
        wanted = max(wanted, -(-size // parts.max_count))
    return -(-wanted // parts.multiple_of) * parts.multiple_of


def stat_or_none(provider: Provider, path: str) -> Entry | None:
    try:
        return provider.stat(path)
    except NotFound:
        return None


def _refuse_same_file(
    job: Job, source: Provider, target: Provider, entry: Entry, existing: Entry | None
) -> None:
    """Copying a file onto itself destroys it elsewhere (termscp #421); a move would lose it (D6).

    Within one endpoint an equal version is the same file, a hard link or an alias of it, or
    cannot be told from it: what is doubtful is not written.
    """
    if job.source.endpoint != job.target.endpoint or existing is None:
        return
    same_path = source.resolve(job.source.path) == target.resolve(job.target.path)
    alike = entry.version is not None and entry.version == existing.version
    if same_path or alike:
        raise InvalidName(
            entry.path,
            "source and destination are the same file, or cannot be told apart",
            advice="Choose another folder or name.",
        )


def _renamed(job: Job, target: WritableProvider) -> bool:
    """Whether a move within one place was done by giving the file its new name."""
    if job.source.endpoint != job.target.endpoint:
        return False
    try:
        target.rename(job.source.path, job.target.path)
    except (Unsupported, AlreadyExists):
        return False
    return True


def _renamed_before(job: Job, target: Provider) -> bool:
    """Whether the source is gone because an earlier run renamed it, its answer lost (A8)."""
    if job.op is not Op.MOVE or job.source.endpoint != job.target.endpoint:
        return False
    there = stat_or_none(target, job.target.path)
    return there is not None and there.version is not None and there.version == job.source_version


def _free_name(target: Provider, place: Place) -> Place:
    folder, name = target.parent(place.path), target.name(place.path)
    for other in other_names(name):
        path = target.join(folder, other)
        if stat_or_none(target, path) is None:
            return Place(place.endpoint, path)
    raise AlreadyExists(place.path, "10,000 copies of it exist already")
