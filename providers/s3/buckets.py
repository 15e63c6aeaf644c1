"""Buckets, made and removed. One is removed only when nothing is in it."""

from __future__ import annotations

import re

from providers.errors import AlreadyExists, Denied, InvalidName, NotEmpty, NotFound, ProviderError
from providers.s3 import documents, keys, look
from providers.s3.faults import problem
from providers.s3.session import Answer, Session
from providers.s3.signing import USUAL_REGION
from providers.text import printable

_RULES = (
    (re.compile(r".{3,63}"), "has 3 to 63 characters"),
    (re.compile(r"[a-z0-9.-]*"), "has small letters, digits, dots and dashes only"),
    (re.compile(r"[a-z0-9].*[a-z0-9]"), "begins and ends with a letter or digit"),
    (re.compile(r"(?!.*\.\.).*"), "has no two dots side by side"),
    (re.compile(r"(?!\d+(\.\d+){3}$).*"), "does not look like an IP address"),
)
_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_TAKEN = "Names of buckets are shared by everybody: choose another."
_EMPTY_FIRST = "Open it and delete what is in it first."


def make(session: Session, path: str) -> None:
    """Raises AlreadyExists, InvalidName naming the rule, Denied."""
    bucket, _ = keys.split(path)
    broken = broken_rule(bucket, amazon=session.certain)
    if broken:
        raise InvalidName(path, f"the name of a bucket {broken}", advice="Choose another name.")
    _need_none(session, path)
    region = session.region()
    body = documents.located(region) if session.certain and region != USUAL_REGION else b""
    with session.send("PUT", bucket, path=path, body=body) as answer:
        if answer.status != 200:
            raise _not_made(answer, path)


def remove(session: Session, path: str) -> None:
    """Raises NotEmpty, NotFound, Denied. Looked at first: not every service refuses a full one."""
    bucket, _ = keys.split(path)
    if any(look.keys_below(session, path)):
        raise NotEmpty(path, "the bucket is not empty", advice=_EMPTY_FIRST)
    with session.send("DELETE", bucket, path=path) as answer:
        if answer.status not in {200, 204}:
            raise _not_removed(answer, path)


def broken_rule(name: str, *, amazon: bool) -> str:
    """What a bucket's name does that `name` does not, as Amazon's naming rules have it; "" for
    none. Others may have buckets of other names; few programs could use them."""
    for rule, told in _RULES:
        if not rule.fullmatch(name):
            return told
    if amazon and (name.startswith(_STARTS) or name.endswith(_ENDS)):
        return "has no beginning or end that Amazon uses itself (xn--, -s3alias …)"
    return ""


def _need_none(session: Session, path: str) -> None:
    """In its usual region Amazon says yes to who makes a bucket again that is his."""
    try:
        look.look(session, path)
    except NotFound:
        return
    raise AlreadyExists(path, "there is a bucket of this name", advice=_TAKEN)


def _not_made(answer: Answer, path: str) -> ProviderError:
    code = answer.fault.code
    if code in {"BucketAlreadyExists", "BucketAlreadyOwnedByYou"}:
        return AlreadyExists(path, "there is a bucket of this name", advice=_TAKEN)
    if code == "InvalidBucketName":
        return InvalidName(path, "the service takes no bucket of this name", advice="")
    if code == "TooManyBuckets":
        what = "these keys may have no more buckets"
        return Denied(path, what, advice="Remove one, or ask the service for more.")
    if code == "IllegalLocationConstraintException":
        what = f"the service makes no bucket from here ({printable(answer.fault.message[:200])})"
        return Denied(path, what, advice="Set the site's region to where it is to be.")
    return problem(answer, path, "making a bucket")


def _not_removed(answer: Answer, path: str) -> ProviderError:
    if answer.fault.code == "BucketNotEmpty":
        what = "the bucket shows nothing, and is not empty: older versions count as well"
        return NotEmpty(path, what, advice="Delete those first, or let a lifecycle rule do it.")
    if answer.status == 404:
        return NotFound(path, "there is no such bucket")
    return problem(answer, path, "removing the bucket")
