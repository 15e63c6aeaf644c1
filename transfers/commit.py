"""The proof, the name, and then the source of a move: each step settled by looking, not by memory.

faults.md 5, invariants 1, 3, 6 and 7.
"""

from __future__ import annotations

from contextlib import suppress

from providers.base import ANY_VERSION, Entry, Kind, Provider, Rewriter
from providers.errors import (
    AlreadyExists,
    AuthRequired,
    ConnectionLost,
    Doubtful,
    NotFound,
    ProviderError,
    SourceChanged,
    TargetChanged,
    Throttled,
    UploadExpired,
)
from providers.records import replace
from transfers.altered import altered
from transfers.digests import ALGORITHM, taken
from transfers.keeping import not_kept
from transfers.leftovers import discard
from transfers.model import Job, JobState, Op, Proof, ProofWord, Verify
from transfers.prepare import stat_or_none
from transfers.retry import Mismatch
from transfers.run import Run, WritableProvider, writable
from transfers.stated import DOUBTED, EXPECTED, STATED, claims_of, expected, held_against
from transfers.transfer import require_unchanged
from transfers.verify import COMPARED, digest_of, prove, vouched

_UNPROVEN = frozenset({ProofWord.NOT_PROVEN, ProofWord.CHANGED_BY_SERVER})
"""What a move does not give up its source for."""

_CHANGED = "it changed while its copy was being finished"
_CLOCKS_DIFFER = 86_400.0  # seconds, at the most


def proven(run: Run) -> Job:
    """The job with the proof of what was stored, as far as there is one before it has its name.

    It is COMMITTING: to be journaled before `named`. Raises Mismatch.
    """
    staged = run.target().staged(run.job.upload or "")
    proof = _prove(run, staged) if staged is not None else None
    return altered(run.job, state=JobState.COMMITTING, proof=proof)


def named(run: Run, told: str) -> Job:
    """Give what was stored its name. Raises Mismatch, TargetChanged.

    `told`: the digest that a person had given when it was proven.
    """
    job, target = run.job, run.target()
    upload, proof = job.upload or "", job.proof
    if job.expected != told and (staged := target.staged(upload)) is not None:
        proof = _prove(run, staged)  # a person was faster
    receipts = run.control.checkpoint.receipts if run.control.checkpoint else ()
    try:
        entry = _finished(run, upload, receipts)
        if proof is not None:
            _refuse_another(run, entry)
    except AlreadyExists as error:
        _unsettled(run)
        raise TargetChanged(error.path, "something appeared there meanwhile") from error
    except TargetChanged:
        _unsettled(run)
        raise
    if proof is None:
        # What an answer said may be untrue: this looks like the file that was to be replaced.
        run.doubtful |= entry.version is not None and entry.version == job.replacing
        proof = _prove_named(run, entry)
    return altered(job, proof=proof, reason=not_kept(run, entry))


def _finished(run: Run, upload: str, receipts: tuple[str, ...], *, again: bool = False) -> Entry:
    """As `Writer.finish`; what its place doubts itself is read back for its proof."""
    target, told = run.target(), None if again else run.told
    run.told = None
    if isinstance(told, ProviderError):
        raise told
    if told is not None:
        return told
    try:
        return target.finish(upload, receipts, replacing=run.job.replacing, again=again)
    except Doubtful:
        run.doubtful = True
        return target.stat(run.job.target.path)


def _refuse_another(run: Run, entry: Entry) -> None:
    """Raise TargetChanged where what has the name cannot be what was proven before it got it."""
    target = run.target()
    if isinstance(target, Rewriter) and target.rewrites(entry):
        return
    if entry.kind is not Kind.FILE or entry.size not in (None, run.job.size):
        raise TargetChanged(entry.path, _CHANGED)


def _unsettled(run: Run) -> None:
    """Nothing got its name: the next attempt looks at both ends again, from the beginning."""
    job = run.job
    sent = 0 if job.sent == job.size else job.sent  # as in `was_committing`
    run.report(replace(job, proof=None, digest="", sent=sent))


def _prove(run: Run, staged: str) -> Proof:
    """The proof for what has no name yet; what differs is removed."""
    proof = _as_stated(run, staged)
    if proof.word is ProofWord.MISMATCH:
        run.report(replace(discard(run, run.job), proof=proof))
        raise _mismatch(run.job.target.path, proof)
    return proof


def _prove_named(run: Run, entry: Entry) -> Proof:
    """The proof for what got its name first, where a place allows no other order.

    What differs stays: it may be all there is by now. The next attempt may replace it.
    """
    proof = _held(run, vouched(run, entry) or _as_stated(run, entry.path), entry.path)
    if proof.word is ProofWord.MISMATCH:
        raise _spoilt(run, proof, entry)
    return proof


def _spoilt(run: Run, proof: Proof, entry: Entry) -> Mismatch:
    """The error for what has its name and is not what it should be."""
    run.clean = True
    run.control.checkpoint = None
    job = replace(run.job, upload=None, sent=0, prefix="", digest="")
    run.report(replace(job, proof=proof, replacing=entry.version))
    return _mismatch(run.job.target.path, proof)


def _mismatch(path: str, proof: Proof) -> Mismatch:
    if proof.how == EXPECTED:
        what = f"the bytes that came do not have the {proof.algorithm} that was given"
        return Mismatch(path, what, advice="Compare the digest and the address.")
    if proof.how in (STATED, DOUBTED):
        what = f"the bytes that came are not those whose {proof.algorithm} the source states"
        advice = "Its digests may be of another version: --verify size copies it all the same."
        return Mismatch(path, what, advice=advice)
    return Mismatch(path)


def _as_stated(run: Run, path: str) -> Proof:
    return _held(run, _compared(run, path) or _look(run, path), path)


def _held(run: Run, proof: Proof, path: str) -> Proof:
    """`proof`, held against what the source says of its file and what a person was told."""
    if run.claims is None:
        run.claims = ()
        with suppress(NotFound):  # the source of a move that is over but for saying so
            source = run.source()
            entry = source.stat(run.job.source.path)
            run.claims = tuple(claims_of(source, entry, run.job.verify, taken(run)))
    return held_against(run, proof, (*run.claims, *expected(run.job.expected)), path)


def _compared(run: Run, path: str) -> Proof | None:
    """The proof that was made while the bytes moved, where there is one."""
    digest = run.job.digest
    if not run.stored_alike or not digest or run.target().stat(path).size != run.job.size:
        return None
    return Proof(ProofWord.SHA256, ALGORITHM, digest, digest, COMPARED)


def _look(run: Run, path: str, level: Verify | None = None) -> Proof:
    """The proof that was asked for. A move gives up its source: it is not content with a size
    unless a person was."""
    level = Verify.STRONG if run.doubtful else level or run.job.verify
    proof = prove(run, path, level)
    if proof.word is ProofWord.SIZE_ONLY and run.job.op is Op.MOVE and level is Verify.AUTO:
        return prove(run, path, Verify.STRONG)
    return proof


def _look_at_named(run: Run, entry: Entry) -> Proof:
    """The proof for what stands there, its unfinished bytes gone. What looks just like the file
    that was to be replaced may be that one: sizes alone would take it for the copy. Nor does a
    move give up its source for a size."""
    strong = _doubtful(run.job, entry) or run.job.op is Op.MOVE
    return _look(run, entry.path, Verify.STRONG if strong else None)


def _doubtful(job: Job, entry: Entry) -> bool:
    """Whether `entry` may be the file that was to be replaced."""
    return job.replacing is not None and job.replacing in (ANY_VERSION, entry.version)


def was_committing(run: Run) -> bool:
    """Whether an earlier attempt ended where the name may have been given already."""
    job = run.job
    if job.upload is None:
        return False
    if job.proof is not None:
        return True
    # What its place copied itself was read by nobody, and has no digest. Else the last part is not
    # among what was sent.
    copied_there = job.op is Op.COPY and 0 < job.sent == job.size
    return (job.digest != "" or copied_there) and run.target().staged(job.upload) is None


def settle(run: Run) -> Job | None:
    """An attempt ended while the name was being given: look what happened (faults.md A6, A8).

    `finish` answers a repeated call with the entry; what stands there is proven again. None:
    nothing got its name, and the copy goes on or begins anew.
    """
    job = run.report(run.job)  # with what a person was told meanwhile
    target, upload = run.target(), job.upload or ""
    receipts, staged = _still_staged(run, target, upload)
    proof = None if staged is None else _held(run, _look(run, staged), staged)
    if proof is not None and proof.word is ProofWord.MISMATCH:
        # A crash over there may have cost bytes that were acknowledged.
        run.control.checkpoint = None
        run.job = replace(job, sent=0, prefix="")
        _unsettled(run)
        return None
    try:
        entry = _finished(run, upload, receipts, again=True)
        if proof is not None:
            _refuse_another(run, entry)
    except (AlreadyExists, NotFound, TargetChanged, UploadExpired) as error:
        if job.committed:
            return source_kept(job, error)
        ours = _ours(run) if staged is None else None
        if ours is None:
            _unsettled(run)
            return None
        entry, proof = ours
    else:
        if proof is None and _doubtful(job, entry) and not job.digest:
            _unsettled(run)
            return None
        proof = proof or _look_at_named(run, entry)
    proof = _held(run, proof, entry.path)
    told = proof.how in (STATED, DOUBTED, EXPECTED)
    if proof.word is ProofWord.MISMATCH and told and not job.committed:
        raise _spoilt(run, proof, entry)
    if proof.word is ProofWord.MISMATCH:
        changed = TargetChanged(job.target.path, _CHANGED)
        if job.committed:
            return source_kept(job, changed)
        _unsettled(run)
        raise changed
    return finish_move(run, replace(job, proof=proof, reason=not_kept(run, entry)))


def named_already(run: Run) -> Job | None:
    """The job as done, when it was cancelled after the name had been given; None: it had not been.

    Only looks: what has no name yet does not get it.
    """
    job, target = run.job, run.target()
    upload = job.upload or ""
    if not was_committing(run) or _unnamed(run, target, upload):
        return None
    try:
        entry = _finished(run, upload, (), again=True)
    except (AlreadyExists, NotFound, TargetChanged, UploadExpired):
        return None
    known = None if run.doubtful else job.proof
    proof = _held(run, known or _look(run, entry.path, Verify.SIZE), entry.path)
    if proof.word is ProofWord.MISMATCH:
        return None
    if entry.version == job.replacing and _look_at_named(run, entry).word is ProofWord.MISMATCH:
        return None
    run.clean = True
    return replace(job, state=JobState.DONE, upload=None, proof=proof, reason="")


def _unnamed(run: Run, target: WritableProvider, upload: str) -> bool:
    """Whether the unfinished bytes stand under their own name only."""
    try:
        listed, staged = target.parts(upload), target.staged(upload)
    except UploadExpired:
        return False
    unfinished = None if staged is None else stat_or_none(target, staged)
    there = stat_or_none(target, run.job.target.path)
    if unfinished is None:
        return listed is not None
    return there is None or there.version is None or there.version != unfinished.version


def _still_staged(
    run: Run, target: WritableProvider, upload: str
) -> tuple[tuple[str, ...], str | None]:
    """The receipts, in order, and where the unfinished bytes stand.

    An upload that is gone may be one that got its name: `finish` knows.
    """
    kept = run.control.checkpoint
    receipts = kept.receipts if kept is not None and kept.offset == kept.size else ()
    try:
        parts = target.parts(upload)
    except UploadExpired:
        return receipts, None
    if parts is not None:
        receipts = tuple(parts[number] for number in sorted(parts))
    return receipts, target.staged(upload)


def _ours(run: Run) -> tuple[Entry, Proof] | None:
    """What stands there, and the proof that it is what this job sent, where a place no longer knows
    (it keeps no times, say). Read back in full: sizes alone would take a stranger's file for it."""
    there = stat_or_none(run.target(), run.job.target.path)
    if there is None or there.kind is not Kind.FILE:
        return None
    proof = _look(run, there.path, Verify.STRONG)
    return (there, proof) if proof.word is ProofWord.SHA256 else None


def finish_move(run: Run, job: Job) -> Job:
    """After the commit. The source of a move goes only once that is durable, and only unchanged.

    The `reason` of `job` is what there is to say of the copy.
    """
    done = altered(job, state=JobState.DONE, upload=None, begun=False)
    if job.op is not Op.MOVE:
        return done
    if job.proof is not None and job.proof.word in _UNPROVEN:
        return source_kept(job, job.proof.how, "copied")
    job = run.report(replace(job, committed=True))
    try:
        source = writable(run.source(), job.source)
        require_unchanged(source.stat(job.source.path), job)
        _require_same_content(run, source, job)
        source.delete(job.source.path)
    except NotFound:
        return done
    except (AuthRequired, ConnectionLost, Throttled):
        raise  # the next run goes on here
    except ProviderError as error:
        return source_kept(job, error)
    return done


def source_kept(job: Job, why: object, how_far: str = "copied and proven") -> Job:
    reason = f"{how_far}, but the source was kept: {why}"
    return replace(job, state=JobState.DONE, upload=None, reason=reason)


def _require_same_content(run: Run, source: Provider, job: Job) -> None:
    """Where a version may miss a change, digest a source once more before it is deleted.

    A version in whole seconds misses a change within the second that the file was last modified
    in; long after that second nothing can be missed, however far the two clocks are apart.
    """
    old = job.modified is not None and (job.started or 0.0) - job.modified > _CLOCKS_DIFFER
    if job.source_version is not None and (source.caps.exact_versions or old):
        return
    if digest_of(run, source, job.source.path) != job.digest:
        raise SourceChanged(job.source.path, "its content is no longer what was copied")
