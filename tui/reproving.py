"""One file of a receipt, looked at and read again: whether it is still what was proven."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import StrEnum

from providers.base import Entry, Kind, Provider
from providers.errors import NotFound, ProviderError, SourceChanged
from providers.records import dataclass
from transfers.digests import ALGORITHM
from transfers.verify import made_there
from tui.receipt_reading import Claim


class Found(StrEnum):
    """How a file is, against its receipt."""

    SAME = "same"  # its bytes have the digest
    SIZE_ONLY = "size only"  # it is there with the size: the receipt knows no digest
    UNKNOWN = "not known"  # the receipt has nothing to hold it against
    DIFFERENT = "different"
    MISSING = "missing"
    UNREADABLE = "unreadable"  # it could not be looked at, or read to its end


WRONG = frozenset({Found.DIFFERENT, Found.MISSING, Found.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Outcome:
    """`why`: half a sentence, safe for a terminal. `read`: bytes that were digested."""

    claim: Claim
    found: Found
    why: str = ""
    read: int = 0


class GivenUp(Exception):
    """Nobody waits for the answer any more."""


def prove_anew(claim: Claim, place: Provider, stopped: Callable[[], bool]) -> Outcome:
    """Hold the file against what its receipt says. Writes nothing, follows no link.

    Raises GivenUp, and ConnectionLost, Throttled and what a person must answer.
    """
    if claim.why_not:
        return Outcome(claim, Found.UNKNOWN, claim.why_not)
    entry = place.stat(claim.place.path)
    if entry.kind is not Kind.FILE:
        return Outcome(claim, Found.DIFFERENT, f"it is no file any more, but a {entry.kind}")
    if None not in (claim.size, entry.size) and claim.size != entry.size:
        return Outcome(claim, Found.DIFFERENT, f"{entry.size:,} bytes, not {claim.size:,}")
    if not claim.sha256:
        known = claim.size is not None and entry.size is not None
        return Outcome(claim, Found.SIZE_ONLY if known else Found.UNKNOWN, "no digest is known")
    return _by_digest(claim, entry, place, stopped)


def _by_digest(claim: Claim, entry: Entry, place: Provider, stopped: Callable[[], bool]) -> Outcome:
    """A digest that the server makes can confirm, but not condemn: its shell may see another tree
    than its files are in."""
    if made_there(place, entry.path) == claim.sha256:
        return Outcome(claim, Found.SAME, "digest made there", entry.size or 0)
    hasher, read = hashlib.new(ALGORITHM), 0
    with place.read(entry.path, version=entry.version) as reader:
        for chunk in reader.chunks():
            if stopped():
                raise GivenUp
            hasher.update(chunk)
            read += len(chunk)
    if hasher.hexdigest() == claim.sha256:
        return Outcome(claim, Found.SAME, "read", read)
    return Outcome(claim, Found.DIFFERENT, "its SHA-256 is another", read)


def failed(claim: Claim, error: ProviderError) -> Outcome:
    """What it means for a file that this was raised."""
    if isinstance(error, NotFound):
        return Outcome(claim, Found.MISSING, "it is not there")
    if isinstance(error, SourceChanged):
        return Outcome(claim, Found.UNREADABLE, "it changed while it was read")
    return Outcome(claim, Found.UNREADABLE, error.what)
