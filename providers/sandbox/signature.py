"""Signatures of requests to buckets (AWS Signature Version 4), made by hand and checked. Pure.

Another implementation than the client's, which signs with botocore: so each is tested by the other.
Source: AWS, "Authenticating Requests: Using the Authorization Header".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, unquote_to_bytes

from providers.records import dataclass, replace

UNSIGNED = "UNSIGNED-PAYLOAD"
_SKEW = 15 * 60  # seconds that a clock may be off
_METHOD = "AWS4-HMAC-SHA256"
_GIVEN = re.compile(
    rf"{_METHOD}\s+Credential=(?P<key>[^/]+)/(?P<scope>\d{{8}}/[^/]+/s3/aws4_request),\s*"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_SEALED = re.compile(rf"[0-9a-f]{{64}}|{UNSIGNED}")
_MUST_BE_SIGNED = ("host", "content-md5")


class BadSignature(Exception):
    """`code`: as Amazon names the reason; the text is a sentence."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: `path` and `query` percent-encoded, names of headers in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


def check(asked: Asked, key_id: str, secret: str, now: float) -> str:
    """What the signature says of the body: its SHA-256 in hex, or UNSIGNED.

    `now`: Unix seconds. Raises BadSignature.
    """
    if "X-Amz-Signature=" in asked.query:
        _check_link(asked, key_id, secret, now)
        return UNSIGNED
    match = _GIVEN.fullmatch(asked.headers.get("authorization", "").strip())
    if match is None:
        raise BadSignature("AccessDenied", "only signed requests are answered")
    if not hmac.compare_digest(match["key"].encode(), key_id.encode()):
        raise BadSignature("InvalidAccessKeyId", "there is no such access key")
    date = _date(asked.headers.get("x-amz-date", ""), now)
    if match["scope"][:8] != date[:8]:
        raise BadSignature("AuthorizationHeaderMalformed", "the day is not that of x-amz-date")
    names = match["headers"].split(";")
    _need_signed(asked, names)
    sealed = asked.headers.get("x-amz-content-sha256", "")
    if not _SEALED.fullmatch(sealed):
        raise BadSignature("NotImplemented", "a body is signed as a whole here, or not at all")
    right = signature(asked, names, sealed, date, match["scope"], secret)
    if not hmac.compare_digest(right, match["signature"]):
        raise BadSignature("SignatureDoesNotMatch", "the signature is not of this request")
    return sealed


def signature(
    asked: Asked, names: list[str], sealed: str, date: str, scope: str, secret: str
) -> str:
    """The one that belongs to the request, in hex. `names`: of the headers that it is over."""
    request = "\n".join(
        (
            asked.method,
            quote(unquote_to_bytes(asked.path), safe="/-_.~"),
            _canonical_query(asked.query),
            *(f"{name}:{' '.join(asked.headers.get(name, '').split())}" for name in names),
            "",
            ";".join(names),
            sealed,
        )
    )
    hashed = hashlib.sha256(request.encode("latin-1")).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return _hmac(key, "\n".join((_METHOD, date, scope, hashed))).hex()


def _check_link(asked: Asked, key_id: str, secret: str, now: float) -> None:
    """An address that was signed for others, for some time; only for reading."""
    pairs = [part.partition("=")[::2] for part in asked.query.split("&")]
    told = {name: unquote_to_bytes(value).decode("latin-1") for name, value in pairs}
    key, _, scope = told.get("X-Amz-Credential", "").partition("/")
    date, seconds = told.get("X-Amz-Date", ""), told.get("X-Amz-Expires", "")
    if asked.method not in {"GET", "HEAD"} or not seconds.isdecimal():
        raise BadSignature("AccessDenied", "this address is not for that")
    if not hmac.compare_digest(key.encode(), key_id.encode()):
        raise BadSignature("InvalidAccessKeyId", "there is no such access key")
    if not -_SKEW <= now - _seconds(date) <= int(seconds):
        raise BadSignature("AccessDenied", "the time of this address is over")
    query = "&".join(f"{name}={value}" for name, value in pairs if name != "X-Amz-Signature")
    bare = replace(asked, query=query)
    names = told.get("X-Amz-SignedHeaders", "").split(";")
    right = signature(bare, names, UNSIGNED, date, scope, secret)
    if "host" not in names or not hmac.compare_digest(right, told["X-Amz-Signature"]):
        raise BadSignature("SignatureDoesNotMatch", "the signature is not of this address")


def _date(text: str, now: float) -> str:
    if abs(_seconds(text) - now) > _SKEW:
        raise BadSignature("RequestTimeTooSkewed", "the two clocks are too far apart")
    return text


def _seconds(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise BadSignature("AccessDenied", "its date is missing, or is none") from None


def _need_signed(asked: Asked, names: list[str]) -> None:
    needed = {n for n in asked.headers if n in _MUST_BE_SIGNED or n.startswith("x-amz-")}
    if names != sorted(names) or not needed <= {*names} or "host" not in names:
        raise BadSignature("AccessDenied", "there are headers that were not signed")


def _canonical_query(query: str) -> str:
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    again = ((_again(name), _again(value)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in sorted(again))


def _again(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="-_.~")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("utf-8"), hashlib.sha256).digest()
