"""Before the first byte: look at both ends, settle conflicts, make room for the upload."""

from __future__ import annotations

import unicodedata

from providers.base import ANY_VERSION, Discerning, Entry, Kind, Place, Provider
from providers.errors import AlreadyExists, InvalidName, NoSpace, NotFound, Unsupported, WrongKind
from providers.records import replace
from providers.text import printable
from transfers.altered import altered
from transfers.batch import is_small
from transfers.conflict import Act, Decision, decide, other_names
from transfers.control import Stop, Stopped
from transfers.cutting import part_size
from transfers.leftovers import asked_for_rename, clean_up, discard
from transfers.model import RENAMED, Conflict, Job, JobState, Op, ParkReason, ProofWord
from transfers.opening import look
from transfers.resume import FromTheStart, resumed
from transfers.run import MADE, Run, make_folder

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
        entry = look(run)
    except NotFound:
        if not renamed_before(run.job, target):
            raise
        return replace(discard(run, run.job), state=JobState.DONE, reason=RENAMED)
    if entry.kind is not Kind.FILE:
        raise WrongKind(entry.path, f"is not a regular file but {_KINDS[entry.kind]}")
    job = _looked_at(run.job, entry)
    _leave_to_others(run, job)
    existing = None if _fresh(run, target) else stat_or_none(target, job.target.path)
    if half_renamed(job, source, existing):
        run.control.touches()
        target.delete(job.source.path)
        return replace(discard(run, job), state=JobState.DONE, reason=RENAMED)
    decision = decided(job, entry, existing, target.name(job.target.path))
    if decision.act is Act.SKIP:
        return replace(discard(run, job), state=JobState.SKIPPED, reason=decision.reason)
    refuse_same_file(job, source, target, entry, existing)
    if decision.act is Act.ASK and existing is not None:
        run.conflict = Conflict(entry, existing)
        parked = replace(job, state=JobState.PARKED, park=ParkReason.CONFLICT)
        reason = decision.reason or "the destination exists"
        return replace(parked, agreed=existing.version, reason=reason)
    if decision.act is Act.REFUSE:
        raise WrongKind(job.target.path, decision.reason, advice="Rename one of the two.")
    if decision.act is Act.RENAME:
        run.control.touches()
        # What lies under the name it had is found by that name only.
        job = discard(run, job)
        free = free_name(target, job.target)
        job = run.report(replace(job, target=free, replacing=None))
    return _ready(run, job, decision.replacing)


def _fresh(run: Run, target: Provider) -> bool:
    """Whether the file's directory was made by this queue, so that nothing is in it but its own.

    Whoever put something there since is noticed when the file gets its name (AlreadyExists); then
    the job looks.
    """
    folder = Place(run.job.target.endpoint, target.parent(run.job.target.path))
    noticed = not (run.alone or target.caps.in_place)
    return noticed and (folder, MADE) in run.known_directories


def _leave_to_others(run: Run, job: Job) -> None:
    """What turns out not to be small goes back to the queue: others wait for it to end."""
    if not (run.alone or is_small(job.size)):
        run.job = job
        raise Stopped(Stop.YIELD)


def _looked_at(job: Job, entry: Entry) -> Job:
    """`job` with the source as it is now. What was sent of another one counts for nothing."""
    if entry.version is None or entry.version != job.source_version:
        job = altered(job, sent=0, prefix="", digest="")
    return altered(
        job,
        size=entry.size,
        source_version=entry.version,
        modified=entry.modified,
        mode=entry.mode,
    )


def decided(job: Job, entry: Entry, existing: Entry | None, name: str) -> Decision:
    """What the policy says, but for what changed since a person or an attempt looked (D5).

    `name`: how the destination is to be called. What is there in other letters may be another
    file's copy, made a moment ago: "Read.txt" and "read.txt" are one where letter case does not
    count, and two moves would leave one file of two.
    """
    if existing is not None and _spoilt_by_us(job, existing):
        return Decision(Act.WRITE, replacing=existing.version)
    decision = decide(job.policy, entry, existing)
    if decision.act is not Act.WRITE or existing is None:
        return decision
    seen = job.replacing if job.agreed is None else job.agreed
    known = seen not in (None, ANY_VERSION)
    if known and seen != existing.version:
        return Decision(Act.ASK)
    if not known and _in_other_letters(existing.name, name):
        return Decision(Act.ASK, reason=f"the destination exists, as “{printable(existing.name)}”")
    return decision


def _in_other_letters(one: str, other: str) -> bool:
    return _folded(one) == _folded(other) and _composed(one) != _composed(other)


def _spoilt_by_us(job: Job, existing: Entry) -> bool:
    """Whether `existing` is this job's own copy, which differed when it had its name already."""
    differed = job.proof is not None and job.proof.word is ProofWord.MISMATCH
    return differed and existing.version is not None and existing.version == job.replacing


def _ready(run: Run, job: Job, replacing: str | None) -> Job:
    target = run.target()
    folder = Place(job.target.endpoint, target.parent(job.target.path))
    if run.full(folder.endpoint, folder.path):
        run.job = job  # its size decides when it is tried again
        raise NoSpace(job.target.path)
    make_folder(run, folder, job.within)
    if job.op is Op.MOVE and replacing is None and _renamed(run, job):
        return replace(discard(run, job), state=JobState.DONE, reason=RENAMED)
    job = altered(job, replacing=replacing)
    checkpoint, why = run.control.checkpoint, ""
    # With nothing stored there is nothing to gain, and a session that was given up may still write
    # into what it has open: bytes that are the same, but its time would be of then.
    if checkpoint is not None and checkpoint.offset:
        try:
            run.control.checkpoint = resumed(run, job, checkpoint)
            return replace(job, state=JobState.TRANSFERRING, digest="", proof=None, reason="")
        except FromTheStart as reason:
            why = f"sent again from the start: {reason}"
    return altered(_begun(run, job, folder), state=JobState.TRANSFERRING, reason=why)


def _begun(run: Run, job: Job, folder: Place) -> Job:
    """`job` with a new upload. The last one is gone from the journal before, with its parts: a
    token may look the same again."""
    if job.upload is not None:
        job = run.report(discard(run, job))
    run.control.checkpoint = None
    run.control.touches()
    run.clean = False
    try:
        upload = _upload(run, job)
    except NotFound:  # the folder was removed since it was seen
        run.known_directories.clear()
        make_folder(run, folder, job.within)
        upload = _upload(run, job)
    if job.replacing is not None and upload is not None:
        _refuse_alias(run, job, upload)
    return altered(job, upload=upload, sent=0, prefix="", digest="", proof=None)


def _upload(run: Run, job: Job) -> str | None:
    """Its token; None: it is begun when it is stored."""
    run.kept = bytearray() if run.together and _goes_with_others(job) else None
    if run.kept is not None:
        return None
    return run.target().begin(
        job.target.path,
        job.size,
        key=job.key,
        part_size=part_size(run.source(), run.target(), job.size),
        modified=job.modified if job.carry.times else None,
        mode=job.mode if job.carry.mode else None,
        within=job.within,
    )


def _goes_with_others(job: Job) -> bool:
    """Whether its bytes may be kept back for a while. Not within one place: that may copy the file
    by itself, into an upload that it has."""
    within = job.source.endpoint == job.target.endpoint
    return job.replacing is None and is_small(job.size) and not within


def _refuse_alias(run: Run, job: Job, upload: str) -> None:
    """Refuse to replace the source itself, reached by another address: a move would lose it.

    Two endpoints may be one tree (a server and this computer, one server under two names). Where no
    unfinished file can be seen, a move leaves alone what looks like its source.
    """
    if not named_alike(run, job):
        return
    staged = run.target().staged(upload)
    if staged is None:
        _refuse_alike(job, run.target())
    elif stat_or_none(run.source(), beside_source(run, job, staged)) is not None:
        raise _same_file(job.source.path)


def named_alike(run: Run, job: Job) -> bool:
    """Whether the source and what is replaced may be one file, as far as their names tell."""
    source, target = run.source(), run.target()
    name, other = source.name(job.source.path), target.name(job.target.path)
    return _folded(name) == _folded(other)


def beside_source(run: Run, job: Job, staged: str) -> str:
    """Where the unfinished file at `staged` is seen if its folder is the source's: its name is
    nobody else's. Raises InvalidName."""
    source = run.source()
    return source.join(source.parent(job.source.path), run.target().name(staged))


def _refuse_alike(job: Job, target: Provider) -> None:
    """Two sites may be one bucket. Within one endpoint that was settled (`refuse_same_file`)."""
    within = job.source.endpoint == job.target.endpoint
    if within or job.op is not Op.MOVE or job.replacing not in (ANY_VERSION, job.source_version):
        return
    there = stat_or_none(target, job.target.path)
    if there is not None and (there.version, there.size) == (job.source_version, job.size):
        raise _same_file(job.source.path)


def stat_or_none(provider: Provider, path: str) -> Entry | None:
    try:
        return provider.stat(path)
    except NotFound:
        return None


def refuse_same_file(
    job: Job, source: Provider, target: Provider, entry: Entry, existing: Entry | None
) -> None:
    """Copying a file onto itself destroys it elsewhere (termscp #421); a move would lose it (D6).

    Within one endpoint an equal version is the same file, a hard link or an alias of it, or
    cannot be told from it, unless its place tells them apart: what is doubtful is not written.
    """
    if job.source.endpoint != job.target.endpoint or existing is None:
        return
    same_path = source.resolve(job.source.path) == target.resolve(job.target.path)
    alike = entry.version is not None and entry.version == existing.version
    if same_path or (alike and not _told_apart(target, job)):
        raise _same_file(entry.path)


def _told_apart(place: Provider, job: Job) -> bool:
    """Whether source and destination, both in `place`, are never one file."""
    return isinstance(place, Discerning) and place.distinct(job.source.path, job.target.path)


def _folded(name: str) -> str:
    """Equal for names that some disk takes for the same."""
    return _composed(name).casefold()


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _same_file(path: str) -> InvalidName:
    return InvalidName(
        path,
        "source and destination are the same file, or cannot be told apart",
        advice="Choose another folder or name.",
    )


def _renamed(run: Run, job: Job) -> bool:
    """Whether a move within one place was done by giving the file its new name.

    Journaled before as the only thing that may stand there then: a place may link the new name
    first and remove the old one after that.
    """
    if job.source.endpoint != job.target.endpoint:
        return False
    run.control.touches()
    run.report(replace(job, replacing=job.source_version, proof=None))
    clean, run.clean = run.clean, False  # until its outcome is known, a cancel has to look
    try:
        run.target().rename(job.source.path, job.target.path, within=job.within)
    except (Unsupported, AlreadyExists):
        run.clean = clean
        return False
    run.clean = clean
    return True


def renamed_already(run: Run) -> Job | None:
    """The job as done, when it was cancelled after the rename was asked for; None: it had not
    been carried out. One that a crash cut in two is carried out to its end."""
    job = run.job
    if not asked_for_rename(job):
        return None
    target = run.target()
    if stat_or_none(target, job.source.path) is not None:
        if not half_renamed(job, target, stat_or_none(target, job.target.path)):
            return None
        target.delete(job.source.path)
    elif not renamed_before(job, target):
        return None
    clean_up(run)
    return replace(run.job, state=JobState.DONE, reason=RENAMED)


def in_other_letters(job: Job) -> bool:
    """Whether both of its addresses are one where letter case does not count."""
    return _folded(job.source.path) == _folded(job.target.path)


def half_renamed(job: Job, source: Provider, existing: Entry | None) -> bool:
    """Whether a crash came between the two halves of this job's rename: both names are the file.

    Nothing else makes a job replace what has its source's own version (`refuse_same_file`).
    """
    return (
        asked_for_rename(job)
        and not (job.op is Op.RENAME and in_other_letters(job))
        and source.caps.exact_versions
        and existing is not None
        and existing.version == job.source_version
        and not _told_apart(source, job)
    )


def renamed_before(job: Job, target: Provider) -> bool:
    """Whether the source is gone because an earlier run renamed it, its answer lost (A8)."""
    if not asked_for_rename(job):
        return False
    there = stat_or_none(target, job.target.path)
    return there is not None and there.version is not None and there.version == job.source_version


def free_name(target: Provider, place: Place) -> Place:
    folder, name = target.parent(place.path), target.name(place.path)
    for other in other_names(name):
        path = target.join(folder, other)
        if stat_or_none(target, path) is None:
            return Place(place.endpoint, path)
    raise AlreadyExists(place.path, "10,000 copies of it exist already")
