"""Whether an upload is gone on with: only behind bytes that are proven to be the source's.

The source must be the one that was read (its version), and what the destination holds must be what
was sent: faults.md 5, invariant 5 and "resume validators". Anything missing: from the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from providers.base import Entry, Kind, Provider
from providers.errors import (
    Denied,
    NotFound,
    RangeIgnored,
    SourceChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.records import replace
from transfers.control import Checkpoint
from transfers.digests import Digests, digests_for
from transfers.model import Job
from transfers.reread import chunks
from transfers.run import Run

TAIL = 1 << 20  # bytes read back where reading everything would cost a second transfer


class FromTheStart(Exception):
    """The text says why, for a person."""


def resumed(run: Run, job: Job, checkpoint: Checkpoint) -> Checkpoint:
    """`checkpoint`, good to go on behind: its hasher has taken in its bytes.

    `job` has the source as it is now. Raises FromTheStart, ProviderError when an end cannot be
    asked, Stopped.
    """
    if checkpoint.upload != job.upload:
        raise FromTheStart("its unfinished upload is another one")
    if checkpoint.version is None or job.source_version is None:
        raise FromTheStart("its place does not tell whether the source has changed")
    if checkpoint.version != job.source_version:
        raise FromTheStart("the source has changed since")
    with _staged_errors():
        staged = _need_held(run, checkpoint)
    if checkpoint.hasher is not None and (staged is None or staged.size is not None):
        # What cut the last attempt off may have been a crash over there.
        sure = run.target().caps.near and run.source().caps.exact_versions
        if staged is not None and checkpoint.offset and not sure:
            _need_same_tail(run, job.source.path, staged, checkpoint)
        return checkpoint
    return replace(checkpoint, hasher=_proven(run, job, checkpoint, staged))


def _need_held(run: Run, checkpoint: Checkpoint) -> Entry | None:
    """The unfinished file, which is long enough; None where only a list of parts can be had.

    After a crash over there, a part behind missing bytes would leave a hole.
    """
    target = run.target()
    listed = target.parts(checkpoint.upload)
    if listed is not None and not _same_receipts(listed, checkpoint.receipts):
        raise FromTheStart("the destination does not hold the parts that were sent")
    path = target.staged(checkpoint.upload)
    if path is None:
        if listed is None and checkpoint.hasher is None:
            raise FromTheStart("the destination cannot show what it holds")
        return None
    staged = target.stat(path)
    if staged.kind is not Kind.FILE:
        raise FromTheStart("something else stands where its unfinished bytes were")
    if staged.size is not None and staged.size < checkpoint.offset:
        raise FromTheStart("the destination lost some of what was sent")
    return staged


def _same_receipts(listed: Mapping[int, str], receipts: Sequence[str]) -> bool:
    return all(listed.get(number) == receipt for number, receipt in enumerate(receipts))


def _proven(run: Run, job: Job, checkpoint: Checkpoint, staged: Entry | None) -> Digests:
    source, target, path = run.source(), run.target(), job.source.path
    if staged is not None and target.caps.near:
        with _staged_errors():
            hasher = _digest(run, target, staged.path, checkpoint)
        if hasher.hexdigest() != checkpoint.prefix:
            raise FromTheStart("the unfinished bytes are not those that were sent")
        if source.caps.exact_versions:
            return hasher
    else:
        with _source_errors():
            hasher = _digest(run, source, path, checkpoint, checkpoint.version)
        if hasher.hexdigest() != checkpoint.prefix:
            raise FromTheStart("the source is no longer what was sent of it")
    if staged is not None:
        _need_same_tail(run, path, staged, checkpoint)
    return hasher


def _need_same_tail(run: Run, path: str, staged: Entry, checkpoint: Checkpoint) -> None:
    """A version in whole seconds may miss a change of the source, and no digest of the
    destination's prefix may be at hand: the last of it is compared byte by byte."""
    with _staged_errors():
        there = _tail(run, run.target(), staged.path, checkpoint)
    with _source_errors():
        here = _tail(run, run.source(), path, checkpoint, checkpoint.version)
    if here != there:
        raise FromTheStart("the end of the unfinished bytes is not what the source has there")


def _digest(
    run: Run, place: Provider, path: str, checkpoint: Checkpoint, version: str | None = None
) -> Digests:
    digests = digests_for(run)
    for chunk in chunks(run, place, path, length=checkpoint.offset, version=version):
        digests.update(chunk)
    return digests


def _tail(
    run: Run, place: Provider, path: str, checkpoint: Checkpoint, version: str | None = None
) -> bytes:
    length = min(TAIL, checkpoint.offset)
    start = checkpoint.offset - length
    tail = bytearray()
    for chunk in chunks(run, place, path, offset=start, length=length, version=version):
        tail += chunk
    return bytes(tail)


@contextmanager
def _staged_errors() -> Iterator[None]:
    """What the destination says when the unfinished bytes are not there to be looked at."""
    try:
        yield
    except (NotFound, UploadExpired, SourceChanged) as error:
        raise FromTheStart("its unfinished bytes are gone, in part or all of them") from error
    except (WrongKind, Denied, Unsupported, RangeIgnored) as error:
        raise FromTheStart("its unfinished bytes cannot be read") from error


@contextmanager
def _source_errors() -> Iterator[None]:
    try:
        yield
    except SourceChanged as error:
        raise FromTheStart("the source has changed since") from error
    except RangeIgnored as error:
        raise FromTheStart("a part of the source cannot be read again on its own") from error
