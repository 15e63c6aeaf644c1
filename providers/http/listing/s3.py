"""The listing of a public bucket: S3's ListBucketResult, which others write too.

Keys are relative to the bucket; the page's `Prefix` names the folder. A page without a delimiter
lists what is below too: then the first part of a key is a folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from providers.base import Kind
from providers.errors import Unsupported
from providers.http.listing.address import Folder, Found, NotAListing
from providers.http.listing.shapes import exact
from providers.http.listing.times import seconds
from providers.http.paths import unquote_segment
from providers.records import dataclass
from providers.web.xml import BadXml, records

_SPACES = (
    "",
    "{http://s3.amazonaws.com/doc/2006-03-01/}",
    "{http://doc.s3.amazonaws.com/2006-03-01}",
)
_FACTS = ("Prefix", "EncodingType", "IsTruncated", "NextContinuationToken")
_FIELDS = ("Contents", "CommonPrefixes", *_FACTS)
_ROOTS = frozenset(space + "ListBucketResult" for space in _SPACES)
_NAMES = frozenset(space + name for space in _SPACES for name in _FIELDS)
_MOST_KEYS = 50_000  # in one answer; Amazon gives 1,000


@dataclass(slots=True)
class Part:
    """An answer about a bucket. `prefix` begins every key in it; `keys` are whole."""

    prefix: str
    keys: list[Found]
    encoded: bool
    truncated: bool  # there are more keys than these
    token: str  # leads to the next part (ListObjectsV2); "" for none

    def found(self) -> Iterator[Found]:
        """The names one level below the prefix; the folder's own marker is none of them."""
        return _children(self.keys, self.prefix, self.encoded)


def is_page(page: bytes) -> bool:
    """Whether `page` looks like an answer about a bucket."""
    return page.startswith((b"<?xml", b"<ListBucketResult")) and b"<ListBucketResult" in page[:1024]


def part_of(page: bytes) -> Part:
    """What a bucket's page says.

    Raises NotAListing when it is no such page, or has more keys than any service sends at once.
    """
    facts: dict[str, str] = {}
    keys: list[Found] = []
    try:
        for element in records([page], _ROOTS, _NAMES):
            kind = element.tag.rpartition("}")[2]
            if kind == "Contents":
                size, time = exact(_text(element, "Size")), seconds(_text(element, "LastModified"))
                keys.append(Found(_text(element, "Key"), Kind.FILE, size, time))
            elif kind == "CommonPrefixes":
                keys.append(Found(_text(element, "Prefix"), Kind.DIR))
            else:
                facts[kind] = element.text or ""
            if len(keys) > _MOST_KEYS:
                raise NotAListing
    except BadXml:
        raise NotAListing from None
    encoded = facts.get("EncodingType") == "url"
    return Part(
        prefix=_plain(facts.get("Prefix", ""), encoded),
        keys=keys,
        encoded=encoded,
        truncated=facts.get("IsTruncated", "").strip() == "true",
        token=facts.get("NextContinuationToken", ""),
    )


def read(page: bytes, folder: Folder) -> Iterator[Found]:
    """What a bucket's page says of `folder`.

    Raises NotAListing when it is no such page, or one of another folder; Unsupported when the
    server lists only the first of the keys: the rest would be missed.
    """
    part = part_of(page)
    if part.truncated:
        raise Unsupported(
            "/" + "/".join(folder.names),
            "the server lists only the first part of this bucket",
            advice="Give the address of a single file.",
        )
    parts = [name for name in part.prefix.split("/") if name]
    if parts and folder.names[-len(parts) :] != parts:
        raise NotAListing
    return part.found()


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
