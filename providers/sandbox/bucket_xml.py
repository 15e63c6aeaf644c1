"""What a service of buckets says and is told in XML. Pure."""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from providers.sandbox.bucket_store import Fault, Part, Stored, Upload
from providers.text import from_bytes

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_MOST = 1000  # keys, parts or uploads in one answer


def document(root: str, *inside: str) -> bytes:
    return f"{_HEAD}<{root} {_SPACE}>{''.join(inside)}</{root}>".encode()


def tags(**texts: str | int) -> str:
    return "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in texts.items())


def fault(code: str, why: str) -> bytes:
    return f"{_HEAD}<Error>{tags(Code=code, Message=why)}</Error>".encode()


def when(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".000Z"


def buckets(found: Iterable[tuple[str, float]]) -> bytes:
    each = (f"<Bucket>{tags(Name=name, CreationDate=when(made))}</Bucket>" for name, made in found)
    return document("ListAllMyBucketsResult", "<Buckets>", *each, "</Buckets>")


class Query:
    """What was asked of a list; values are bytes. Raises Fault for what is none."""

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self._values = values
        self.encoded = values.get("encoding-type") == b"url"

    def raw(self, name: str) -> bytes:
        return self._values.get(name, b"")

    def count(self, name: str, most: int = _MOST) -> int:
        text = self._values.get(name, b"%d" % most)
        if not text.isdigit():
            raise Fault(400, "InvalidArgument", f"{name} is no number")
        return min(most, int(text))

    def shown(self, key: bytes) -> str:
        """A key as the answer has it."""
        return quote_plus(key, safe="/") if self.encoded else key.decode("utf-8", "replace")

    @property
    def after(self) -> bytes:
        token = self._values.get("continuation-token")
        if token is None:
            return self.raw("start-after")
        try:
            return urlsafe_b64decode(token)
        except ValueError:
            raise Fault(400, "InvalidArgument", "there is no such page") from None


def listing(name: str, query: Query, below: Iterable[tuple[bytes, Stored]]) -> bytes:
    """ListObjectsV2 of `below`, which has the prefix and begins after what was shown."""
    prefix, most, after = query.raw("prefix"), query.count("max-keys"), query.after
    shown: list[tuple[bytes, Stored | None]] = []
    more = False
    for key, stored in below:
        folder = _folder(key, prefix, query.raw("delimiter"))
        if folder is not None and (folder == after or (shown and shown[-1][0] == folder)):
            continue
        if len(shown) >= most:
            more = most > 0
            break
        shown.append((key, stored) if folder is None else (folder, None))
    facts = tags(Name=name, Prefix=query.shown(prefix), KeyCount=len(shown), MaxKeys=most)
    if query.encoded:
        facts += tags(EncodingType="url")
    facts += tags(IsTruncated="true" if more else "false")
    if more:
        facts += tags(NextContinuationToken=urlsafe_b64encode(shown[-1][0]).decode("ascii"))
    return document("ListBucketResult", facts, *(_listed(query, *each) for each in shown))


def _folder(key: bytes, prefix: bytes, delimiter: bytes) -> bytes | None:
    """What stands for all keys that begin like this one; None: it stands for itself."""
    name, found, _ = key[len(prefix) :].partition(delimiter or b"\0")
    return prefix + name + found if delimiter and found else None


def _listed(query: Query, key: bytes, stored: Stored | None) -> str:
    if stored is None:
        return f"<CommonPrefixes>{tags(Prefix=query.shown(key))}</CommonPrefixes>"
    told = tags(
        Key=query.shown(key),
        LastModified=when(stored.modified),
        ETag=stored.etag,
        Size=stored.content.size,
        StorageClass="STANDARD",
    )
    return f"<Contents>{told}</Contents>"


def uploads(name: str, query: Query, found: Iterable[Upload]) -> bytes:
    """ListMultipartUploads of `found`, in the order of keys and numbers."""
    mark, number = query.raw("key-marker"), query.raw("upload-id-marker").decode("latin-1")
    left = [each for each in found if (each.key, each.number) > (mark, number or "~")]
    page = left[: query.count("max-uploads")]
    facts = tags(Bucket=name, IsTruncated="true" if len(left) > len(page) else "false")
    if query.encoded:
        facts += tags(EncodingType="url")
    if page and len(left) > len(page):
        last = page[-1]
        facts += tags(NextKeyMarker=query.shown(last.key), NextUploadIdMarker=last.number)
    told = (
        tags(Key=query.shown(each.key), UploadId=each.number, Initiated=when(each.begun))
        for each in page
    )
    return document(
        "ListMultipartUploadsResult", facts, *(f"<Upload>{each}</Upload>" for each in told)
    )


def parts(query: Query, found: Iterable[tuple[int, Part]]) -> bytes:
    """ListParts of `found`, in the order of numbers."""
    left = [each for each in found if each[0] > query.count("part-number-marker", 10_000)]
    if not query.raw("part-number-marker"):
        left = [*found]
    page = left[: query.count("max-parts")]
    facts = tags(IsTruncated="true" if len(left) > len(page) else "false")
    if page and len(left) > len(page):
        facts += tags(NextPartNumberMarker=page[-1][0])
    return document("ListPartsResult", facts, *(_part(*each) for each in page))


def _part(number: int, part: Part) -> str:
    told = tags(
        PartNumber=number,
        LastModified=when(part.modified),
        ETag=f'"{part.content.md5}"',
        Size=part.content.size,
    )
    if part.told:
        told += tags(ChecksumSHA256=part.told)
    return f"<Part>{told}</Part>"


# What is told to the service ---------------------------------------------------------------------


def asked_parts(body: bytes) -> list[tuple[int, str, str]]:
    """CompleteMultipartUpload: number, ETag and SHA-256 ("" where it is not told) of each part."""
    return [
        (_number(_text(part, "PartNumber")), _text(part, "ETag"), _text(part, "ChecksumSHA256"))
        for part in _elements(body, "Part")
    ]


def asked_keys(body: bytes) -> list[bytes]:
    """DeleteObjects."""
    return [_text(each, "Key").encode("utf-8") for each in _elements(body, "Object")]


def removed(keys: Iterable[bytes]) -> bytes:
    told = (f"<Deleted>{tags(Key=from_bytes(key))}</Deleted>" for key in keys)
    return document("DeleteResult", *told)


def _elements(body: bytes, name: str) -> Iterator[ElementTree.Element]:
    try:
        if b"<!" in body:
            raise ElementTree.ParseError
        yield from ElementTree.fromstring(body).iterfind(f"{{*}}{name}")
    except ElementTree.ParseError:
        raise Fault(400, "MalformedXML", "this is not the XML that was asked for") from None


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""


def _number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise Fault(400, "InvalidArgument", "a part has a number from 1 to 10,000")
    return int(text)
