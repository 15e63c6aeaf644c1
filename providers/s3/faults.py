"""What a service's refusal means, as the error it is. Pure."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from providers.errors import (
    ConnectionLost,
    Denied,
    InvalidName,
    NoSpace,
    NotFound,
    ProviderError,
    SourceChanged,
    TargetChanged,
    Throttled,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.s3.documents import Fault
from providers.text import printable
from providers.web.headers import retry_after

REFUSED_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch"})
EXPIRED = frozenset({"ExpiredToken", "TokenRefreshRequired"})
NO_USE_TO_ASK = frozenset({"RequestTimeTooSkewed", "InvalidToken"})
"""Codes that every other request would be answered with as well."""
_SLOW_DOWN = frozenset({"SlowDown", "Throttling", "RequestLimitExceeded", "TooManyRequests"})
_BUSY = frozenset(
    {"InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted"}
    | {"ConditionalRequestConflict", "BadDigest", "XAmzContentSHA256Mismatch"}
)
DELETED = "x-amz-delete-marker"
_MESSAGE = 200  # characters of a server's own words that are shown


class Answer(Protocol):
    """The part of a `session.Answer` that is judged."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def fault(self) -> Fault: ...
    @property
    def endpoint(self) -> str: ...


def problem(answer: Answer, path: str, doing: str) -> ProviderError:
    """The error that an answer other than success is. `doing` ends the sentence: "reading it"."""
    if answer.status == 405 and answer.headers.get(DELETED, "").strip() == "true":
        what = "this version only says that the file was deleted, and holds nothing to read"
        advice = "Choose an earlier one. Deleting this one takes the deletion back."
        return WrongKind(path, what, advice=advice)
    return by_code(answer.fault, answer.status, answer.headers, path, doing, answer.endpoint)


def by_code(
    fault: Fault, status: int, headers: Mapping[str, str], path: str, doing: str, endpoint: str
) -> ProviderError:
    """As `problem`, for an <Error> that may have come with any status (faults.md C14)."""
    code = fault.code
    if code in _SLOW_DOWN or status == 429 or (status == 503 and not code):
        wait = retry_after(headers.get("Retry-After"), time.time())
        what = "the service asked to slow down"
        return Throttled(path, what, retry_after=wait, endpoint=endpoint)
    said = f"the service answered {status} to {doing}"
    if code:
        said = f"{said} ({printable(code)}{_words(fault)})"
    if code in _BUSY or (status >= 500 and not {code, status} & {"NotImplemented", *_STATUSES}):
        return ConnectionLost(path, said, advice="It is tried again; the fault is the service's.")
    known = _CODES.get(code) or _STATUSES.get(status)
    if known is None:
        return Denied(path, said, advice="Look at the address and at what the service allows.")
    kind, what, advice = known
    kept = printable(fault.storage_class) or "Glacier"
    return kind(path, what.format(said=said, kept=kept) or None, advice=advice)


def _words(fault: Fault) -> str:
    words = printable(fault.message).strip().rstrip(".")
    return f": {words[:_MESSAGE]}" if words else ""


_Known = tuple[type[ProviderError], str, str | None]
_NOT_ALLOWED: _Known = (
    Denied,
    "{said}: these keys may not do that",
    "Ask the bucket's owner, or use keys (a profile) that may.",
)
_CODES: dict[str, _Known] = {
    "AccessDenied": _NOT_ALLOWED,
    "AllAccessDisabled": _NOT_ALLOWED,
    "NoSuchKey": (NotFound, "", None),
    "NoSuchBucket": (NotFound, "there is no such bucket", "Check its name, and the region."),
    "NoSuchUpload": (UploadExpired, "", None),
    "PreconditionFailed": (TargetChanged, "", None),
    "RequestTimeTooSkewed": (
        Denied,
        "this computer's clock is more than 15 minutes off, and the service refuses what it signs",
        "Set the clock (and its time zone), then retry.",
    ),
    "ExpiredToken": (
        Denied,
        "the session of these AWS keys has expired",
        "Sign in again (“aws sso login”), or get new temporary keys.",
    ),
    "InvalidToken": (
        Denied,
        "the session token of these AWS keys is refused",
        "Sign in again, or get new temporary keys.",
    ),
    "InvalidAccessKeyId": (
        Denied,
        "the service does not know this access key",
        "Check the access key ID, and that it is for this service.",
    ),
    "SignatureDoesNotMatch": (
        Denied,
        "the secret key does not fit the access key",
        "Give the secret key again; a site's region may be wrong as well.",
    ),
    "AuthorizationHeaderMalformed": (Denied, "{said}", "Set the site's region."),
    "InvalidObjectState": (
        Denied,
        "it is archived ({kept}) and has to be restored before it can be read",
        "Restore it first (“aws s3api restore-object”, or the service's console), then retry.",
    ),
    "EntityTooLarge": (NoSpace, "the service takes no object that large", ""),
    "QuotaExceeded": (NoSpace, "the bucket's quota is used up", None),
    "XMinioStorageFull": (NoSpace, "the service's disks are full", None),
    "XMinioInvalidObjectName": (InvalidName, "this service stores no such key", None),
    "KeyTooLongError": (InvalidName, "the key is longer than the service takes", None),
    "NotImplemented": (Unsupported, "{said}: this service cannot do that", ""),
}
_STATUSES: dict[int, _Known] = {
    401: _NOT_ALLOWED,
    403: _NOT_ALLOWED,
    404: (NotFound, "", None),
    405: (Unsupported, "{said}: this service cannot do that", ""),
    408: (ConnectionLost, "{said}", None),
    409: (ConnectionLost, "{said}: something else changes it at the same time", None),
    412: (TargetChanged, "", None),
    416: (SourceChanged, "the object is shorter than it was", None),
    501: (Unsupported, "{said}: this service cannot do that", ""),
    507: (NoSpace, "{said}", None),
}
