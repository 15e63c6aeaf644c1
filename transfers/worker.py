"""The only code that moves bytes: one job from preparing to done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from providers.base import Entry, Kind, Provider, Reader
from providers.errors import (
    AlreadyExists,
    AuthRequired,
    ConnectionLost,
    NotEmpty,
    NotFound,
    ProviderError,
    SourceChanged,
    TargetChanged,
    Throttled,
    UploadExpired,
)
from transfers.control import Checkpoint, Stop, Stopped
from transfers.model import Job, JobState, Op, Proof, ProofWord
from transfers.prepare import part_size, prepare
from transfers.retry import Mismatch
from transfers.run import Run, WritableProvider, ensure_directory, writable
from transfers.stream import Stream
from transfers.verify import digest_of, prove

if TYPE_CHECKING:
    from hashlib import _Hash

_CLOCKS_DIFFER = 86_400.0  # seconds, at the most


def work(run: Run) -> Job:
    """Carry the job as far as it goes and return it as it ended: DONE, SKIPPED or PARKED.

    Raises ProviderError when something went wrong (the caller judges), Stopped when it was told
    to pause or quit. A cancel is cleaned up here and ends as CANCELLED.
    """
    try:
        if run.job.cancelling:
            raise Stopped(Stop.CANCEL)
        return _OPERATIONS[run.job.op](run)
    except Stopped as stopped:
        if stopped.why is not Stop.CANCEL:
            raise
        note = clean_up(run)
        return replace(run.job, state=JobState.CANCELLED, reason=note)


def clean_up(run: Run) -> str:
    """Remove what an unfinished upload left; returns what could not be removed, or ""."""
    if run.job.upload is None:
        return ""
    try:
        run.target().abort(run.job.upload)
    except ProviderError as error:
        return f"its unfinished bytes may be left behind: {error}"
    run.job = replace(run.job, upload=None)
    run.control.checkpoint = None
    return ""


def _copy(run: Run) -> Job:
    if run.job.proof is not None and run.job.upload is not None:
        return _settle(run)
    job = prepare(run)
    if job.state is not JobState.TRANSFERRING:
        return job
    run.report(job)  # the upload is journaled before a byte is in it
    _transfer(run)
    return _finish_move(run, _commit(run))


def _transfer(run: Run) -> None:
    """Move every missing part, with the digest of what was read; ends in VERIFYING."""
    job, source, target = run.job, run.source(), run.target()
    upload = job.upload or ""
    state = run.control.checkpoint or Checkpoint(
        upload, job.source_version, job.size, part_size(target, job.size), (), 0, hashlib.sha256()
    )
    run.control.gauge.moved = run.control.gauge.resumed = state.offset
    path = job.source.path
    with source.read(path, offset=state.offset, version=job.source_version) as reader:
        hasher = _move_parts(run, target, reader, state)
    _require_unchanged(source.stat(path), job)
    moved = run.control.gauge.moved
    run.tell(replace(job, state=JobState.VERIFYING, size=moved, digest=hasher))


def _move_parts(run: Run, target: WritableProvider, reader: Reader, state: Checkpoint) -> str:
    """Put what `reader` gives into the upload, part by part; returns the SHA-256 of the file."""
    hasher = state.hasher.copy()
    stream = Stream(reader, hasher, run.control, run.limiter)
    receipts = list(state.receipts)
    while not stream.at_end():
        run.control.check()
        index = len(receipts)
        receipts.append(copy_part(target, state, index, stream))
        run.control.checkpoint = _reached(state, receipts, stream, hasher)
    size, moved = state.size, state.offset + stream.taken
    if size is not None and moved != size:
        raise SourceChanged(run.job.source.path, f"{size} bytes were expected, {moved} came")
    run.control.checkpoint = _reached(state, receipts, stream, hasher)
    return hasher.hexdigest()


def _reached(start: Checkpoint, receipts: list[str], stream: Stream, hasher: _Hash) -> Checkpoint:
    moved = start.offset + stream.taken
    return replace(start, receipts=tuple(receipts), offset=moved, hasher=hasher.copy())


def copy_part(target: WritableProvider, state: Checkpoint, index: int, stream: Stream) -> str:
    """One part across: the only place where bytes move. Returns its receipt."""
    offset = index * state.part_size
    return target.put_part(state.upload, index, offset, stream.part(state.part_size))


def _commit(run: Run) -> Job:
    """Prove what was stored, then give it its name. Raises Mismatch, TargetChanged."""
    job, target = run.job, run.target()
    upload = job.upload or ""
    staged = target.staged(upload)
    proof = _prove(run, staged) if staged is not None else None
    run.control.check()  # the last moment at which nothing has changed for anybody
    job = run.report(replace(job, state=JobState.COMMITTING, proof=proof))
    receipts = run.control.checkpoint.receipts if run.control.checkpoint else ()
    try:
        entry = target.finish(upload, receipts, replacing=job.replacing)
    except AlreadyExists as error:
        raise TargetChanged(error.path, "something appeared there meanwhile") from error
    if proof is None:
        proof = _prove(run, entry.path)
    return replace(job, proof=proof)


def _prove(run: Run, path: str) -> Proof:
    job, target = run.job, run.target()
    proof = prove(target, path, job.size or 0, job.digest, job.verify, run.control.check)
    if proof.word is ProofWord.MISMATCH:
        if target.staged(job.upload or "") is not None:
            target.abort(job.upload or "")
        run.report(replace(job, upload=None, proof=proof))
        run.control.checkpoint = None
        raise Mismatch(job.target.path)
    return proof


def _settle(run: Run) -> Job:
    """The last run ended while the name was being given: look what happened (faults.md A6).

    `finish` answers a repeated call with the entry; what stands there is proven again.
    """
    job, target = run.job, run.target()
    upload = job.upload or ""
    receipts, staged = _still_staged(target, upload)
    proof = None if staged is None else _look_again(run, staged)
    if proof is not None and proof.word is ProofWord.MISMATCH:
        run.report(replace(job, proof=None))
        return _copy(run)
    try:
        entry = target.finish(upload, receipts, replacing=job.replacing)
    except (AlreadyExists, NotFound, TargetChanged, UploadExpired) as error:
        if job.committed:
            return _source_kept(job, error)
        run.report(replace(job, proof=None))
        return _copy(run)
    proof = proof or _look_again(run, entry.path)
    if proof.word is ProofWord.MISMATCH:
        raise TargetChanged(job.target.path, "it changed while its copy was being finished")
    return _finish_move(run, replace(job, proof=proof))


def _still_staged(target: WritableProvider, upload: str) -> tuple[tuple[str, ...], str | None]:
    """The receipts a place still has, in order, and where the unfinished bytes stand.

    An upload that is gone may be one that got its name: `finish` knows.
    """
    try:
        parts = target.parts(upload) or {}
    except UploadExpired:
        return (), None
    return tuple(parts[index] for index in sorted(parts)), target.staged(upload)


def _look_again(run: Run, path: str) -> Proof:
    """What can be proven now: a crash over there may have cost bytes that were acknowledged."""
    job, check = run.job, run.control.check
    return prove(run.target(), path, job.size or 0, job.digest, job.verify, check)


def _finish_move(run: Run, job: Job) -> Job:
    """After the commit. The source of a move goes only once that is durable, and only unchanged."""
    done = replace(job, state=JobState.DONE, upload=None, reason="")
    if job.op is not Op.MOVE:
        return done
    job = run.report(replace(job, committed=True))
    try:
        source = writable(run.source(), job.source)
        _require_unchanged(source.stat(job.source.path), job)
        _require_same_content(run, source, job)
        source.delete(job.source.path)
    except NotFound:
        return done
    except (AuthRequired, ConnectionLost, Throttled):
        raise  # the next run goes on here
    except ProviderError as error:
        return _source_kept(job, error)
    return done


def _source_kept(job: Job, error: ProviderError) -> Job:
    reason = f"copied and proven, but the source was kept: {error}"
    return replace(job, state=JobState.DONE, upload=None, reason=reason)


def _require_same_content(run: Run, source: Provider, job: Job) -> None:
    """Where a version may miss a change, digest a source once more before it is deleted.

    A version in whole seconds misses a change within the second that the file was last modified
    in; long after that second nothing can be missed, however far the two clocks are apart.
    """
    old = job.modified is not None and (job.started or 0.0) - job.modified > _CLOCKS_DIFFER
    if source.caps.exact_versions or old:
        return
    if digest_of(source, job.source.path, run.control.check) != job.digest:
        raise SourceChanged(job.source.path, "its content is no longer what was copied")


def _require_unchanged(now: Entry, job: Job) -> None:
    if now.version != job.source_version or (job.size is not None and now.size != job.size):
        raise SourceChanged(job.source.path)


def _make_directory(run: Run) -> Job:
    run.known_directories.discard(run.job.target)
    try:
        ensure_directory(run.target(), run.job.target, run.known_directories)
    except NotFound:  # one above it was removed since it was seen
        run.known_directories.clear()
        ensure_directory(run.target(), run.job.target, run.known_directories)
    return replace(run.job, state=JobState.DONE, reason="")


def _remove_directory(run: Run) -> Job:
    """The emptied source directory of a move; one that is not empty is kept."""
    path = run.job.source.path
    try:
        source = writable(run.source(), run.job.source)
        if source.stat(path).kind is not Kind.DIR:
            reason = "kept: something else has taken its place"
            return replace(run.job, state=JobState.SKIPPED, reason=reason)
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
}
