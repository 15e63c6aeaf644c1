"""What the source itself says its file's digest is, held against the bytes that came.

A web server may state one in a header, or a file beside it may (RFC 9530, `SHA256SUMS`). Bytes that
arrived and were stored alike are proven to be *those* only by that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from providers.base import Digester, Provider
from providers.errors import Unsupported
from transfers.model import Proof, ProofWord, Verify
from transfers.verify import ALGORITHM

STATED = "stated by the source"
"""`Proof.how` of a mismatch with the source's own word."""

_WEAKER = ("sha512", "sha384", "sha1", "md5")  # the first that both sides have is used


def held_against(
    proof: Proof, stated: Mapping[str, str], digest: str, target: Provider, path: str, level: Verify
) -> Proof:
    """`proof` of what stands at `path`, with what the source stated taken into account.

    `digest` is the SHA-256 of the bytes as they came. What contradicts the source is MISMATCH.
    Raises ProviderError when the destination cannot be looked at.
    """
    if proof.word is ProofWord.MISMATCH:
        return proof
    algorithm, found = _found(stated, digest, target, path, level)
    if not algorithm:
        return proof
    if found != stated[algorithm].lower():
        return Proof(ProofWord.MISMATCH, algorithm, stated[algorithm], found, STATED)
    note = f"the source states the same {algorithm}"
    return replace(proof, how=f"{proof.how}; {note}" if proof.how else note)


def _found(
    stated: Mapping[str, str], digest: str, target: Provider, path: str, level: Verify
) -> tuple[str, str]:
    """The algorithm that tells most at no second transfer, and what it gives; "" for none."""
    if ALGORITHM in stated:
        return ALGORITHM, digest
    if level is Verify.SIZE or not target.caps.near or not isinstance(target, Digester):
        return "", ""
    for algorithm in _WEAKER:
        if algorithm in stated and algorithm in target.caps.digests:
            try:
                return algorithm, target.digest(path, algorithm)
            except Unsupported:
                continue
    return "", ""
