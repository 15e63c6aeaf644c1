"""The listing of a public bucket: S3's ListBucketResult, which others write too.

Keys are relative to the bucket; the page's `Prefix` names the folder. A page without a delimiter
lists what is below too: then the first part of a key is a folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from providers.base import Kind
from providers.errors import Unsupported
from providers.http.listing.address import Folder, Found, NotAListing
from providers.http.listing.shapes import exact
from providers.http.listing.times import seconds
from providers.http.paths import unquote_segment
from providers.http.xml import BadXml, records

_SPACES = (
    "",
    "{http://s3.amazonaws.com/doc/2006-03-01/}",
    "{http://doc.s3.amazonaws.com/2006-03-01}",
)
_FIELDS = ("Contents", "CommonPrefixes", "Prefix", "EncodingType", "IsTruncated")
_ROOTS = frozenset(space + "ListBucketResult" for space in _SPACES)
_NAMES = frozenset(space + name for space in _SPACES for name in _FIELDS)


@dataclass(slots=True)
class _Bucket:
    """A page as it is: keys whole, with what was said of each."""

    facts: dict[str, str] = field(default_factory=dict)
    keys: list[Found] = field(default_factory=list)


def read(page: bytes, folder: Folder) -> Iterator[Found]:
    """What a bucket's page says.

    Raises NotAListing when it is no such page, or one of another folder; Unsupported when the
    server lists only the first of the keys: the rest would be missed.
    """
    try:
        bucket = _bucket(page)
    except BadXml:
        raise NotAListing from None
    if bucket.facts.get("IsTruncated", "").strip() == "true":
        raise Unsupported(
            "/" + "/".join(folder.names),
            "the server lists only the first part of this bucket",
            advice="Give the address of a single file.",
        )
    encoded = bucket.facts.get("EncodingType", "") == "url"
    prefix = _plain(bucket.facts.get("Prefix", ""), encoded)
    parts = [part for part in prefix.split("/") if part]
    if parts and folder.names[-len(parts) :] != parts:
        raise NotAListing
    yield from _children(bucket.keys, prefix, encoded)


def _bucket(page: bytes) -> _Bucket:
    bucket = _Bucket()
    for element in records([page], _ROOTS, _NAMES):
        kind = element.tag.rpartition("}")[2]
        if kind == "Contents":
            size, time = exact(_text(element, "Size")), seconds(_text(element, "LastModified"))
            bucket.keys.append(Found(_text(element, "Key"), Kind.FILE, size, time))
        elif kind == "CommonPrefixes":
            bucket.keys.append(Found(_text(element, "Prefix"), Kind.DIR))
        else:
            bucket.facts[kind] = element.text or ""
    return bucket


def _children(keys: list[Found], prefix: str, encoded: bool) -> Iterator[Found]:
    """The names one level below `prefix`; the folder's own marker is none of them."""
    for found in keys:
        key = _plain(found.name, encoded)
        name, below, _ = key.removeprefix(prefix).partition("/")
        if key == prefix or not key.startswith(prefix):
            continue
        yield Found(name, Kind.DIR) if below else found._replace(name=name)


def _plain(text: str, encoded: bool) -> str:
    """A key as it is; with `encoding-type=url` it is percent-encoded, a space as "+"."""
    return unquote_segment(text.replace("+", " ")) if encoded else text


def _text(element: Element, name: str) -> str:
    """The text of the child of that name, in whatever namespace."""
    return element.findtext(f"{{*}}{name}") or ""
