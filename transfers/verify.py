"""What was proven about a copy, and how. No word stronger than what was earned."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from providers.base import Digester, Entry, Provider
from providers.errors import Denied, NotFound, SourceChanged, Unsupported
from transfers.model import Proof, ProofWord, Verify

ALGORITHM = "sha256"
STORED = "digest of the stored file"


def prove(
    target: Provider,
    path: str,
    size: int,
    digest: str,
    level: Verify,
    check: Callable[[], None] = lambda: None,
) -> Proof:
    """Compare what stands at `path` with `size` bytes of SHA-256 `digest`, as read at the source.

    `check` is called while bytes are read back and may raise to stop that. The proof is MISMATCH
    when they differ; raising is the caller's part. Raises ProviderError when the destination
    cannot be looked at; NOT_PROVEN where that is how the place is (`Capabilities.shows_stored`).
    """
    try:
        stored = target.stat(path)
    except (Denied, NotFound, Unsupported):
        if target.caps.shows_stored:
            raise
        return Proof(ProofWord.NOT_PROVEN, how="its place does not show what it stored")
    if stored.size is not None and stored.size != size:
        return Proof(ProofWord.MISMATCH, "size", str(size), str(stored.size), "size")
    if level is not Verify.SIZE:
        found = _digest(target, stored, digest, check) or (
            _read_back(target, stored, check) if level is Verify.STRONG else None
        )
        if found is not None:
            return _compare(digest, *found)
    if stored.size is None:
        return _compare(digest, *_read_back(target, stored, check))
    return Proof(ProofWord.SIZE_ONLY, "size", str(size), str(size), "size")


def digest_of(place: Provider, path: str, check: Callable[[], None]) -> str:
    """The SHA-256 of what stands at `path` now: the place's own, or of the bytes read back."""
    if ALGORITHM in place.caps.digests and isinstance(place, Digester):
        try:
            return place.digest(path, ALGORITHM)
        except Unsupported:
            pass
    return _read_back(place, place.stat(path), check)[0]


def _compare(digest: str, stored: str, how: str) -> Proof:
    word = ProofWord.SHA256 if stored == digest else ProofWord.MISMATCH
    return Proof(word, ALGORITHM, digest, stored, how)


def _digest(
    target: Provider, stored: Entry, expected: str, check: Callable[[], None]
) -> tuple[str, str] | None:
    """The place's own digest, and how it was learnt; None where it has none to give.

    A digest that differs is only believed after a read-back: a server's shell may see another
    tree than its SFTP side does (chroot), so its word can confirm but not condemn.
    """
    if ALGORITHM not in target.caps.digests or not isinstance(target, Digester):
        return None
    try:
        found = target.digest(stored.path, ALGORITHM)
    except Unsupported:
        return None
    if found != expected:
        return _read_back(target, stored, check)
    return found, STORED


def _read_back(target: Provider, stored: Entry, check: Callable[[], None]) -> tuple[str, str]:
    sha256 = hashlib.sha256()
    try:
        with target.read(stored.path) as reader:
            for chunk in reader.chunks():
                check()
                sha256.update(chunk)
    except SourceChanged:
        return "", "read back, and it ended early"
    return sha256.hexdigest(), "read back"
