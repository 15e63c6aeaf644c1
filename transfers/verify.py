"""What was proven about a copy, and how. No word stronger than what was earned."""

from __future__ import annotations

from providers.base import Digester, Entry, Provider, Rewriter
from providers.errors import Denied, NotFound, SourceChanged, Unsupported
from providers.records import replace
from transfers.digests import ALGORITHM, digests_of
from transfers.model import Op, Proof, ProofWord, Verify
from transfers.reread import digested
from transfers.run import Run

STORED = "digest of the stored file"
COMPARED = "read back and compared while it was stored"
READ_BACK = "read back"
REWRITTEN = "its place changes such files as it stores them"
_TOLD = "as its place says"


def prove(run: Run, path: str, level: Verify) -> Proof:
    """Compare what stands at `path` of the destination with the job's size and digest, as read at
    the source.

    The proof is MISMATCH when they differ, CHANGED_BY_SERVER where the place itself may have done
    that (`Rewriter`); raising is the caller's part. Raises ProviderError when
    the destination cannot be looked at (NOT_PROVEN where that is how the place is:
    `Capabilities.shows_stored`), Stopped.
    """
    target = run.target()
    try:
        stored = _seen(run, path) or target.stat(path)
    except (Denied, NotFound, Unsupported):
        if target.caps.shows_stored:
            raise
        return Proof(ProofWord.NOT_PROVEN, how="its place does not show what it stored")
    proof = _held_against(run, stored, level)
    if proof.word is ProofWord.MISMATCH and _rewritten(target, stored):
        return replace(proof, word=ProofWord.CHANGED_BY_SERVER, how=REWRITTEN)
    return proof


def _seen(run: Run, path: str) -> Entry | None:
    """What stands at `path`, where it was looked at when all of it was stored."""
    return run.seen.entry if run.seen is not None and run.seen.entry.path == path else None


def _rewritten(place: Provider, stored: Entry) -> bool:
    return isinstance(place, Rewriter) and place.rewrites(stored)


def _held_against(run: Run, stored: Entry, level: Verify) -> Proof:
    """`stored` against what was read at the source."""
    target, size = run.target(), run.job.size or 0
    if stored.size is not None and stored.size != size:
        return Proof(ProofWord.MISMATCH, "size", str(size), str(stored.size), "size")
    proof = _by_digests(run, stored, level) if run.job.digest else None
    if proof is not None:
        return proof
    if stored.size is None:
        return _read_back(run, stored)
    how = f"size; {target.caps.unstated}" if target.caps.unstated else "size"
    return Proof(ProofWord.SIZE_ONLY, "size", str(size), str(size), how)


def digest_of(run: Run, place: Provider, path: str) -> str:
    """The SHA-256 of what stands at `path` now: made by the place, or of the bytes read back."""
    made = made_there(place, path)
    return digested(run, place, path, ALGORITHM) if made is None else made


def _by_digests(run: Run, stored: Entry, level: Verify) -> Proof | None:
    """The strongest proof by digests that `level` pays for; None for none.

    A digest that differs is only believed after a read-back: a server's shell may see another
    tree than its SFTP side does (chroot), and what a server says of a file may be of an older one.
    Its word can confirm but not condemn.
    """
    target, digest = run.target(), run.job.digest
    if level is Verify.SIZE:
        return None
    if target.caps.near:
        return _read_back(run, stored, STORED)
    if run.seen is not None and stored is run.seen.entry and (back := run.seen.sha256):
        return _same(back, READ_BACK) if back == digest else _read_back(run, stored)
    if (made := made_there(target, stored.path)) is not None:
        return _same(made, STORED) if made == digest else _read_back(run, stored)
    if level is Verify.STRONG:
        return _read_back(run, stored)
    for algorithm, made in digests_of(run).items():
        told = told_there(stored, algorithm) if made else None
        if told is not None and told != made:
            return _read_back(run, stored)
        if told is not None:
            return Proof(ProofWord.SERVER_DIGEST, algorithm, made, told, _TOLD)
    return None


def vouched(run: Run, stored: Entry) -> Proof | None:
    """The proof in what its place said when it stored the file: a digest that agrees, and its size.

    None where it said less, or something else: then it is looked at. With AUTO only, and not for a
    move: what it said of the bytes that came is enough as long as the source is kept. Nor for what
    its place may change after it said so (`Rewriter`).
    """
    usual = run.job.verify is Verify.AUTO and run.job.op is not Op.MOVE
    if not usual or run.doubtful or stored.size != run.job.size:
        return None
    if _rewritten(run.target(), stored):
        return None
    for algorithm, made in digests_of(run).items():
        if made and told_there(stored, algorithm) == made:
            return Proof(ProofWord.SERVER_DIGEST, algorithm, made, made, _TOLD)
    return None


def made_there(place: Provider, path: str) -> str | None:
    """The digest that a place makes of the bytes it holds; None where it makes none."""
    if place.caps.near or ALGORITHM not in place.caps.digests or not isinstance(place, Digester):
        return None
    try:
        return place.digest(path, ALGORITHM)
    except Unsupported:
        return None


def told_there(entry: Entry, algorithm: str) -> str | None:
    """The digest that a place says a file of its has; None where it says none."""
    told = entry.digests.get(algorithm)
    return None if told is None else told.lower()


def _same(digest: str, how: str) -> Proof:
    return Proof(ProofWord.SHA256, ALGORITHM, digest, digest, how)


def _read_back(run: Run, stored: Entry, how: str = READ_BACK) -> Proof:
    try:
        found = digested(run, run.target(), stored.path, ALGORITHM)
    except SourceChanged:
        ended = f"{how}, and it ended early"
        return Proof(ProofWord.MISMATCH, ALGORITHM, run.job.digest, "", ended)
    if found == run.job.digest:
        return _same(found, how)
    return Proof(ProofWord.MISMATCH, ALGORITHM, run.job.digest, found, how)
