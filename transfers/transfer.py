"""Every missing part across: by the place itself, as one stream, or several parts at once."""

from __future__ import annotations

from providers.base import Body, Entry, Provider, Sealing
from providers.errors import SourceChanged
from transfers.altered import altered
from transfers.beside import Following, StoredAlike
from transfers.cutting import (
    PART_SECONDS,
    cut_anywhere,
    part_size,
    useful_streams,
)
from transfers.digests import taken
from transfers.model import Job, JobState, Verify
from transfers.opening import reading
from transfers.parallel import Parallel
from transfers.progress import Progress
from transfers.run import Run, WritableProvider
from transfers.server_copy import copied_there
from transfers.stated import claims_of
from transfers.stream import Stream


def transfer(run: Run) -> None:
    """Bring across what is missing, with the digest of what was read; ends in VERIFYING.

    Raises ProviderError, Stopped; `run.control.checkpoint` then tells how far it came.
    """
    source = run.source()
    job = copied_there(run) or _sent(run, source, run.target())
    now = run.sealed or source.stat(job.source.path)
    require_unchanged(now, run.job)
    run.claims = tuple(claims_of(source, now, job.verify, taken(run)))
    run.tell(job)


def _sent(run: Run, source: Provider, target: WritableProvider) -> Job:
    """The job with all its bytes at the destination, sent through here."""
    progress = Progress(run)
    streams = _streams(run, source, target, progress)
    stored = _stored_alike(run, target, progress)
    with run.control.moves():
        if streams > 1:
            Parallel(run, source, target, progress, streams, stored).work()
        else:
            _one_after_the_other(run, source, target, progress, stored)
    reached = progress.reached
    run.stored_alike = stored is not None and stored.proves(reached.offset)
    sent = {"size": reached.offset, "digest": reached.prefix}
    return altered(run.job, state=JobState.VERIFYING, reason="", **sent)


def _stored_alike(run: Run, target: WritableProvider, progress: Progress) -> StoredAlike | None:
    """What compares the stored bytes while more come; None where that would prove nothing."""
    start = progress.reached
    if run.kept is not None:
        return None
    staged = target.staged(start.upload)
    wanted = target.caps.near and run.job.verify is not Verify.SIZE and not start.offset
    if not wanted or staged is None:
        return None
    return StoredAlike(target, staged, run.control.check)


def _streams(run: Run, source: Provider, target: Provider, progress: Progress) -> int:
    start = progress.reached
    left = (start.size or 0) - start.offset
    useful = useful_streams(source, target, start.size, left)
    if useful < 2 or run.one_stream or start.version is None:
        return 1  # without a version, parts of two files could be put together
    return min(useful, run.widener(run.job.id, useful))


def _one_after_the_other(
    run: Run,
    source: Provider,
    target: WritableProvider,
    progress: Progress,
    stored: StoredAlike | None,
) -> None:
    start, path = progress.reached, run.job.source.path
    hasher, run.sealed = progress.hasher(), None
    most = part_size(source, target, start.size)
    seconds = PART_SECONDS if cut_anywhere(target) and run.kept is None else None
    with (
        reading(run, start.offset, start.version) as reader,
        Following(hasher, stored, start.offset) as following,
    ):
        stream = Stream(reader, following, run.control, run.limiter, run.clock)
        while not stream.at_end():
            run.control.check()
            before, body = stream.taken, stream.part(most, seconds)
            at = progress.reached.offset
            if run.kept is None:
                receipt = target.put_part(start.upload, progress.number, at, body)
            else:
                receipt = _keep(run.kept, body, run.job)
            progress.stored(stream.taken - before, receipt, hasher)
        if not start.offset and isinstance(reader, Sealing) and reader.sealed:
            run.sealed = reader.entry
    size, moved = start.size, progress.reached.offset
    if size is not None and moved != size:
        raise SourceChanged(path, f"{size} bytes were expected, {moved} came")


def _keep(kept: bytearray, body: Body, job: Job) -> str:
    """Take over the bytes at once: a reader may fill the same memory again for the next one."""
    for chunk in body:
        kept += chunk
        if job.size is not None and len(kept) > job.size:
            raise SourceChanged(job.source.path, "the file holds more than its size says")
    return ""


def require_unchanged(now: Entry, job: Job) -> None:
    """Raise SourceChanged when the source is no longer what `job` was prepared for."""
    if now.version != job.source_version or (job.size is not None and now.size != job.size):
        raise SourceChanged(job.source.path)
