"""What others say the file's digest is, held against the bytes that came.

A web server may state one in a header, a file beside it may (RFC 9530, `SHA256SUMS`), and a person
may have been told one. Bytes that arrived and were stored alike are proven to be *those* only by
that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from providers.base import Entry, Provider, Publisher, Rewriter
from providers.offering import may_be
from providers.records import replace
from transfers.digests import ALGORITHM, digests_of
from transfers.model import Op, Proof, ProofWord, Verify
from transfers.reread import digested
from transfers.run import Claim, Run
from transfers.typed_digest import parse_digest

STATED = "stated by the source"
EXPECTED = "the digest that was given"
"""`Claim.whose`, and `Proof.how` of a mismatch with it."""

DOUBTED = "stated by a source that changes such files"
"""`Claim.whose` where bytes and digest may differ without harm (`Rewriter`)."""

_AGREED = {
    STATED: "the source states the same",
    DOUBTED: "the source states the same",
    EXPECTED: "a person gave the same",
}
_WEAKER = ("sha512", "sha384", "sha1", "md5")  # the first that a source states is used


def claims_of(
    source: Provider, entry: Entry, level: Verify, taken: Iterable[str] = ()
) -> Iterator[Claim]:
    """What the source, or a file beside it, says of its file. With SIZE nobody wants to know.

    Of several digests one that costs nothing, as those that were `taken` as the bytes passed, else
    the strongest. Raises ProviderError.
    """
    if level is Verify.SIZE:
        return
    beside: Mapping[str, str] = {}
    if may_be(type(source), Publisher) and isinstance(source, Publisher):
        beside = source.published(entry)
    doubted = False
    if may_be(type(source), Rewriter) and isinstance(source, Rewriter):
        doubted = source.rewrites(entry)
    said: list[Claim] = []
    for stated, whose in ((entry.digests, DOUBTED if doubted else STATED), (beside, STATED)):
        for algorithm in (ALGORITHM, *taken, *_WEAKER):
            if algorithm in stated:
                said.append(Claim(algorithm, stated[algorithm].lower(), whose))
                break
    yield from dict.fromkeys(said)  # both may say the same


def expected(job_expected: str) -> Iterator[Claim]:
    """What a person was told, as `Job.expected` has it."""
    if job_expected:
        yield Claim(*parse_digest(job_expected), EXPECTED)


def held_against(run: Run, proof: Proof, claims: Iterable[Claim], path: str) -> Proof:
    """`proof` of what stands at `path` of the destination, with `claims` taken into account.

    What contradicts one is MISMATCH; but one that is doubted is only told of, unless a move would
    give up its source. Raises ProviderError when the destination cannot be read.
    """
    for claim in claims:
        if proof.word is ProofWord.MISMATCH:
            return proof
        found = _found(run, claim, path)
        if found and found != claim.value:
            if claim.whose == DOUBTED and run.job.op is not Op.MOVE:
                note = f"the source states another {claim.algorithm}, as it changes such files"
                proof = replace(proof, how=f"{proof.how}; {note}" if proof.how else note)
                continue
            return Proof(ProofWord.MISMATCH, claim.algorithm, claim.value, found, claim.whose)
        if found:
            note = f"{_AGREED[claim.whose]} {claim.algorithm}"
            proof = replace(proof, how=f"{proof.how}; {note}" if proof.how else note)
    return proof


def _found(run: Run, claim: Claim, path: str) -> str:
    """The digest of the file that came; "" where it would cost a transfer nobody asked for."""
    made = digests_of(run).get(claim.algorithm)
    if made or claim.algorithm not in (ALGORITHM, *_WEAKER):
        return made or ""
    if claim.whose != EXPECTED and not run.target().caps.near:
        return ""
    return digested(run, run.target(), path, claim.algorithm)
