"""What answers say in their headers, read strictly: a value that is doubtful says nothing. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime

from providers.records import dataclass

YOUNG = 60.0
"""Seconds: a Last-Modified this close to Date may miss a change (RFC 9110, 8.8.2.2)."""

_ETAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_CONTENT_RANGE = re.compile(r"bytes\s+(?:(\d{1,19})-(\d{1,19})|\*)/(\d{1,19}|\*)", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,19}")
_SIZES = {"md5": 16, "sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
_CHECK_SIZES = {"crc32": 4, "crc32c": 4, "crc64nvme": 8}
_FIELD_NAMES = {  # RFC 9530 and RFC 3230 names, lower case
    "sha-256": "sha256",
    "sha-384": "sha384",
    "sha-512": "sha512",
    "sha": "sha1",
    "md5": "md5",
}


class BadHeader(ValueError):
    """The answer cannot be what it says; the text names the header."""


@dataclass(frozen=True, slots=True)
class ContentRange:
    """Bytes `first` to `last` (both included) of `total`; `first` None: none of them (416)."""

    first: int | None
    last: int | None
    total: int | None


def content_range(value: str | None) -> ContentRange | None:
    """What a Content-Range says; None when there is none. Raises BadHeader."""
    if value is None:
        return None
    match = _CONTENT_RANGE.fullmatch(value.strip())
    if match is None:
        raise BadHeader("Content-Range")
    first, last, total = match.groups()
    size = None if total == "*" else int(total)
    if first is None:
        return ContentRange(None, None, size)
    found = ContentRange(int(first), int(last), size)
    if int(last) < int(first) or (size is not None and int(last) >= size):
        raise BadHeader("Content-Range")
    return found


def content_length(values: Iterable[str]) -> int | None:
    """The one length that all Content-Length headers agree on. Raises BadHeader (RFC 9112, 6.3)."""
    lengths = {part.strip() for value in values for part in value.split(",")}
    if not lengths:
        return None
    only = lengths.pop()
    if lengths or not _DIGITS.fullmatch(only):
        raise BadHeader("Content-Length")
    return int(only)


def http_date(value: str | None) -> float | None:
    """Unix seconds; None for none, or one that is no date."""
    if not value:
        return None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError, OSError, IndexError, TypeError):
        return None


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait from `now` (Unix seconds); None when it does not say."""
    if value is None:
        return None
    if _DIGITS.fullmatch(value.strip()):
        return float(value)
    at = http_date(value)
    return None if at is None else max(0.0, at - now)


def strong_etag(value: str | None) -> str | None:
    """The tag with its quotes when it is strong: the same tag means the same bytes."""
    if value is None:
        return None
    value = value.strip()
    return value if _ETAG.fullmatch(value) and len(value) > 2 else None


def version_of(headers: Mapping[str, str], size: int | None) -> str | None:
    """A file's version: its strong ETag, or "lm:<epoch>:<size>" when Last-Modified is clearly older
    than Date (faults.md 5, resume validators); None when nothing can be relied upon."""
    etag = strong_etag(headers.get("ETag"))
    if etag is not None:
        return etag
    if headers.get("ETag") is not None or size is None:
        return None  # a weak tag says that bytes may differ while it stays
    modified, date = http_date(headers.get("Last-Modified")), http_date(headers.get("Date"))
    if modified is None or date is None or date - modified < YOUNG:
        return None
    return f"lm:{modified:.0f}:{size}"


def digests_of(headers: Mapping[str, str], *, whole: bool = True) -> dict[str, str]:
    """The digests of the whole file that the headers state: {"sha256": "…hex"}.

    `whole`: the body is the file itself; headers about the body (Content-Digest, Content-MD5) are
    about a part of it otherwise. Checksums of parts put together are left out.
    """
    found: dict[str, str] = {}
    if whole:
        _add(found, "md5", headers.get("Content-MD5"))
        found |= _structured(headers.get("Content-Digest"))
    found |= _amazon(headers) | _google(headers) | _owncloud(headers.get("OC-Checksum"))
    found |= _instance(headers.get("Digest")) | _structured(headers.get("Repr-Digest"))
    return found


def _structured(value: str | None) -> dict[str, str]:
    """RFC 9530: `sha-256=:base64:, sha-512=:base64:`."""
    found: dict[str, str] = {}
    for item in (value or "").split(","):
        name, _, text = item.strip().partition("=")
        text = text.partition(";")[0].strip()
        if len(text) > 2 and text.startswith(":") and text.endswith(":"):
            _add(found, _FIELD_NAMES.get(name.strip().lower(), ""), text[1:-1])
    return found


def _instance(value: str | None) -> dict[str, str]:
    """RFC 3230: `SHA-256=base64,MD5=base64`."""
    found: dict[str, str] = {}
    for item in (value or "").split(","):
        name, _, text = item.strip().partition("=")
        _add(found, _FIELD_NAMES.get(name.strip().lower(), ""), text)
    return found


def _google(headers: Mapping[str, str]) -> dict[str, str]:
    """Of what is stored: a file stored compressed and sent decompressed has other bytes."""
    if headers.get("x-goog-stored-content-encoding", "identity") != "identity":
        return {}
    found: dict[str, str] = {}
    for item in headers.get("x-goog-hash", "").split(","):
        name, _, text = item.strip().partition("=")
        _add(found, name.lower(), text)
    return found


def _amazon(headers: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if headers.get("x-amz-checksum-type", "FULL_OBJECT").upper() == "FULL_OBJECT":
        for name in ("sha256", "sha1", "crc32", "crc32c", "crc64nvme"):
            _add(found, name, headers.get(f"x-amz-checksum-{name}"))
    etag = (strong_etag(headers.get("ETag")) or "").strip('"')
    encrypted = headers.get("x-amz-server-side-encryption", "AES256") != "AES256"
    customer = "x-amz-server-side-encryption-customer-algorithm" in headers
    if headers.get("Server") == "AmazonS3" and not encrypted and not customer:
        _add_hex(found, "md5", etag)  # Amazon's own word for single uploads; "-3" at the end else
    return found


def _owncloud(value: str | None) -> dict[str, str]:
    """`SHA1:hex MD5:hex`, as ownCloud and Nextcloud send it."""
    found: dict[str, str] = {}
    for item in re.split(r"[\s,]+", value or ""):
        name, _, text = item.partition(":")
        _add_hex(found, name.lower(), text.lower())
    return found


def _add(found: dict[str, str], name: str, text: str | None) -> None:
    size = _SIZES.get(name) or _CHECK_SIZES.get(name)
    if text is None or size is None:
        return
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        return
    if len(raw) == size:
        found[name] = raw.hex()


def _add_hex(found: dict[str, str], name: str, text: str) -> None:
    if name in _SIZES and re.fullmatch(r"[0-9a-f]+", text) and len(text) == 2 * _SIZES[name]:
        found[name] = text
