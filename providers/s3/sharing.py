"""Addresses that open an object for whoever has them."""

from __future__ import annotations

from providers.errors import Unsupported, WrongKind
from providers.extras import Link
from providers.s3 import keys, look
from providers.s3.session import Session

LONGEST = 7 * 24 * 3600
"""Seconds: what a signature (SigV4) may be good for. One with temporary keys ends with them, and
says so where nobody knows when that is."""

_SEALED = "x-amz-server-side-encryption-customer-algorithm"


def share(session: Session, path: str, seconds: float) -> Link:
    """As `Sharer.share`, also of a revision. Nothing is kept: it cannot be taken back.

    The object is looked at before: who signs is not asked whether it is there, or may be read.
    """
    told = None if keys.is_folder(path) else look.headers_of(session, path)
    if told is None:
        look.look(session, path)
        raise WrongKind(path, "only a file has an address that others can open")
    if _SEALED in told:
        what = "it is encrypted with a key of one's own: no address opens it without that key"
        raise Unsupported(path, what, advice="Copy it, and send the copy.")
    signed = session.presigned(path, max(1, min(LONGEST, int(seconds))))
    if signed is None:
        raise Unsupported(
            path,
            "this site has no keys to sign an address with",
            advice="What may be read without keys is open to others at its usual address.",
        )
    return Link(*signed)
