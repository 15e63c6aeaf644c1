"""Addresses that open an object for whoever has them."""

from __future__ import annotations

from providers.base import Kind
from providers.errors import Unsupported, WrongKind
from providers.extras import Link
from providers.s3 import look
from providers.s3.session import Session

LONGEST = 7 * 24 * 3600
"""Seconds: what a signature (SigV4) may be good for. One with temporary keys ends with them."""


def share(session: Session, path: str, seconds: float) -> Link:
    """As `Sharer.share`, also of a revision. Nothing is kept: it cannot be taken back.

    The object is looked at before: who signs is not asked whether it is there, or may be read.
    """
    if look.look(session, path).kind is not Kind.FILE:
        raise WrongKind(path, "only a file has an address that others can open")
    signed = session.presigned(path, max(1, min(LONGEST, int(seconds))))
    if signed is None:
        raise Unsupported(
            path,
            "this site has no keys to sign an address with",
            advice="What may be read without keys is open to others at its usual address.",
        )
    url, until = signed
    return Link(url, until)
