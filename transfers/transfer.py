"""Every missing part across: as one stream, or several parts at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from providers.base import Entry, Provider
from providers.errors import SourceChanged
from transfers.beside import Digesting, ReadBehind
from transfers.cutting import (
    LARGEST_PART,
    PART_SECONDS,
    cut_anywhere,
    part_size,
    useful_streams,
)
from transfers.model import Job, JobState, Verify
from transfers.parallel import Parallel
from transfers.progress import Progress
from transfers.run import Run, WritableProvider
from transfers.stated import claims_of
from transfers.stream import Stream
from transfers.verify import ALGORITHM


def transfer(run: Run) -> None:
    """Move what is missing, with the digest of what was read; ends in VERIFYING.

    Raises ProviderError, Stopped; `run.control.checkpoint` then tells how far it came.
    """
    source, target, progress = run.source(), run.target(), Progress(run)
    streams = _streams(run, source, target, progress)
    with run.control.moves(), _read_behind(run, target, progress) as behind:
        if streams > 1:
            Parallel(run, source, target, progress, streams).work()
        else:
            _one_after_the_other(run, source, target, progress)
        run.stored_digest = behind.digest(progress.reached.offset) if behind else ""
    now = source.stat(run.job.source.path)
    require_unchanged(now, run.job)
    run.claims = tuple(claims_of(source, now, run.job.verify))
    reached = progress.reached
    job = replace(run.job, state=JobState.VERIFYING, reason="")
    run.tell(replace(job, size=reached.offset, digest=reached.prefix))


@contextmanager
def _read_behind(
    run: Run, target: WritableProvider, progress: Progress
) -> Iterator[ReadBehind | None]:
    """What digests the stored bytes while more come; None where that gains nothing."""
    start, caps = progress.reached, target.caps
    staged = target.staged(start.upload)
    wanted = caps.near and ALGORITHM in caps.digests and run.job.verify is not Verify.SIZE
    if not wanted or staged is None or start.offset or (start.size or 0) <= LARGEST_PART:
        yield None
        return
    with ReadBehind(target, staged, run.control.check) as behind:
        progress.followed_by(behind)
        yield behind


def _streams(run: Run, source: Provider, target: Provider, progress: Progress) -> int:
    start = progress.reached
    left = (start.size or 0) - start.offset
    useful = useful_streams(source, target, start.size, left)
    if useful < 2 or run.one_stream or start.version is None:
        return 1  # without a version, parts of two files could be put together
    return min(useful, run.widener(run.job.id, useful))


def _one_after_the_other(
    run: Run, source: Provider, target: WritableProvider, progress: Progress
) -> None:
    start, path = progress.reached, run.job.source.path
    hasher = progress.hasher()
    most = part_size(source, target, start.size)
    seconds = PART_SECONDS if cut_anywhere(target) else None
    with (
        source.read(path, offset=start.offset, version=start.version) as reader,
        Digesting(hasher) as digesting,
    ):
        stream = Stream(reader, digesting, run.control, run.limiter, run.clock)
        while not stream.at_end():
            run.control.check()
            before, body = stream.taken, stream.part(most, seconds)
            at = progress.reached.offset
            receipt = target.put_part(start.upload, progress.number, at, body)
            progress.stored(stream.taken - before, receipt, hasher)
    size, moved = start.size, progress.reached.offset
    if size is not None and moved != size:
        raise SourceChanged(path, f"{size} bytes were expected, {moved} came")


def require_unchanged(now: Entry, job: Job) -> None:
    """Raise SourceChanged when the source is no longer what `job` was prepared for."""
    if now.version != job.source_version or (job.size is not None and now.size != job.size):
        raise SourceChanged(job.source.path)
