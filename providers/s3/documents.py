"""What a service answers in XML, read as it comes and within bounds (faults.md C10, C17). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element

from providers.base import Buffer
from providers.records import dataclass, field, replace
from providers.text import from_bytes
from providers.web.xml import BadXml, records

_SPACES = (
    "",
    "{http://s3.amazonaws.com/doc/2006-03-01/}",
    "{https://s3.amazonaws.com/doc/2006-03-01/}",
    "{http://doc.s3.amazonaws.com/2006-03-01}",
)
# The first is Amazon's; rclone and moto call theirs otherwise.
_INITIATED = ("InitiateMultipartUploadResult", "InitiateMultipartUpload")
_PARTS = ("ListPartsResult", "ListPartsResponse")
_CHECKSUMS = ("crc64nvme", "sha256")
_MOST = 8 << 20  # bytes of one answer: 1,000 keys of 1,024 bytes, percent-encoded, are 4 MiB


@dataclass(frozen=True, slots=True)
class Fault:
    """An <Error>. `region`: where the bucket is, when it says so; `storage_class`: of an object
    that is not to be read."""

    code: str = ""
    message: str = ""
    region: str = ""
    storage_class: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A key that was not removed, and why."""

    key: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Object:
    key: str
    size: int | None
    modified: float | None
    etag: str


@dataclass(frozen=True, slots=True)
class Version:
    """What a key has been. `deleted`: it only says that the object was deleted."""

    object: Object
    id: str
    current: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """An upload in parts that has not been completed."""

    key: str
    upload: str
    began: float | None = None


@dataclass(frozen=True, slots=True)
class StoredPart:
    number: int
    etag: str
    told: Mapping[str, str]  # its checksums that are told, in base64: {"sha256": "…"}
    size: int | None = None


@dataclass(slots=True)
class Page:
    """One answer of several. `more`: what to ask for the next one with; empty at the end."""

    objects: list[Object] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    parts: list[StoredPart] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)


def buckets(chunks: Iterable[Buffer]) -> Iterator[tuple[str, float | None]]:
    """Names, and when each was made. Raises BadXml."""
    for element in _records(chunks, "ListAllMyBucketsResult", ("Bucket",)):
        yield _text(element, "Name"), time_of(_text(element, "CreationDate"))


def listing(chunks: Iterable[Buffer]) -> Page:
    """ListObjectsV2. Raises BadXml."""
    page = Page()
    facts: dict[str, str] = {}
    named = ("Contents", "CommonPrefixes", "EncodingType", "IsTruncated", "NextContinuationToken")
    for element in _records(chunks, "ListBucketResult", named):
        kind = _local(element)
        if kind == "Contents":
            page.objects.append(_object(element))
        elif kind == "CommonPrefixes":
            page.folders.append(_text(element, "Prefix"))
        else:
            facts[kind] = element.text or ""
    if facts.get("EncodingType", "") == "url":
        page.objects = [
            Object(decoded(each.key), each.size, each.modified, each.etag) for each in page.objects
        ]
        page.folders = [decoded(each) for each in page.folders]
    if facts.get("IsTruncated", "").strip() == "true":
        page.more = _next("continuation-token", facts.get("NextContinuationToken", ""))
    return page


def versions(chunks: Iterable[Buffer]) -> Page:
    """ListObjectVersions. Raises BadXml."""
    page = Page()
    facts: dict[str, str] = {}
    kinds = ("Version", "DeleteMarker")
    named = (*kinds, "EncodingType", "IsTruncated", "NextKeyMarker", "NextVersionIdMarker")
    for element in _records(chunks, "ListVersionsResult", named):
        if _local(element) in kinds:
            page.versions.append(_version(element))
        else:
            facts[_local(element)] = element.text or ""
    encoded = facts.get("EncodingType", "") == "url"
    if encoded:
        page.versions = [
            replace(each, object=replace(each.object, key=decoded(each.object.key)))
            for each in page.versions
        ]
    if facts.get("IsTruncated", "").strip() == "true":
        marker = facts.get("NextKeyMarker", "")
        page.more = _next("key-marker", decoded(marker) if encoded else marker)
        if facts.get("NextVersionIdMarker"):
            page.more["version-id-marker"] = facts["NextVersionIdMarker"]
    return page


def uploads(chunks: Iterable[Buffer]) -> Page:
    """ListMultipartUploads. Raises BadXml."""
    page = Page()
    facts: dict[str, str] = {}
    named = ("Upload", "EncodingType", "IsTruncated", "NextKeyMarker", "NextUploadIdMarker")
    for element in _records(chunks, "ListMultipartUploadsResult", named):
        if _local(element) == "Upload":
            began = time_of(_text(element, "Initiated"))
            page.pending.append(Pending(_text(element, "Key"), _text(element, "UploadId"), began))
        else:
            facts[_local(element)] = element.text or ""
    encoded = facts.get("EncodingType", "") == "url"
    if encoded:
        page.pending = [replace(each, key=decoded(each.key)) for each in page.pending]
    if facts.get("IsTruncated", "").strip() == "true":
        marker = facts.get("NextKeyMarker", "")
        page.more = _next("key-marker", decoded(marker) if encoded else marker)
        page.more["upload-id-marker"] = facts.get("NextUploadIdMarker", "")
    return page


def parts(chunks: Iterable[Buffer]) -> Page:
    """ListParts. Raises BadXml."""
    page = Page()
    facts: dict[str, str] = {}
    named = ("Part", "IsTruncated", "NextPartNumberMarker")
    for element in _records(chunks, _PARTS, named):
        if _local(element) == "Part":
            number = _text(element, "PartNumber")
            if not (number.isascii() and number.isdecimal() and len(number) <= 5):
                raise BadXml("a part in it has no number that a part can have")
            etag = quoted_etag(_text(element, "ETag"))
            told = {name: _text(element, _checksum(name)) for name in _CHECKSUMS}
            page.parts.append(StoredPart(int(number), etag, told, _size(element)))
        else:
            facts[_local(element)] = element.text or ""
    if facts.get("IsTruncated", "").strip() == "true":
        page.more = _next("part-number-marker", facts.get("NextPartNumberMarker", ""))
    return page


def upload_id(chunks: Iterable[Buffer]) -> tuple[str, bool]:
    """The answer to CreateMultipartUpload, and whether a part may be sent twice.

    `rclone serve s3` takes none a second time; only what it calls its answer tells it from others.
    Raises BadXml.
    """
    for element in _records(chunks, _INITIATED, _INITIATED):
        upload = _text(element, "UploadId")
        if upload:
            return upload, _local(element) == _INITIATED[0]
    raise BadXml("it does not name the upload")


def completed(chunks: Iterable[Buffer]) -> Fault | None:
    """The answer to CompleteMultipartUpload: None is success.

    It may come with status 200 and be an error all the same (faults.md C14). Raises BadXml.
    """
    roots = ("CompleteMultipartUploadResult", "Error")
    found = [*_records(chunks, roots, roots)]
    if not found:
        raise BadXml("it is empty")
    return _fault(found[0]) if _local(found[0]) == "Error" else None


def copied(chunks: Iterable[Buffer]) -> tuple[str, Fault | None]:
    """The answer to CopyObject and UploadPartCopy: the ETag of what was stored, or why nothing was.

    It may come with status 200 and be an error all the same (faults.md C14). Raises BadXml.
    """
    roots = ("CopyObjectResult", "CopyPartResult", "Error")
    for element in _records(chunks, roots, roots):
        if _local(element) == "Error":
            return "", _fault(element)
        etag = quoted_etag(_text(element, "ETag"))
        if etag:
            return etag, None
    raise BadXml("it does not say what was copied")


def fault(chunks: Iterable[Buffer]) -> Fault:
    """An <Error>; an empty one for anything else: a proxy may have answered."""
    try:
        for element in _records(chunks, "Error", ("Error",)):
            return _fault(element)
    except BadXml:
        pass
    return Fault()


def tags(chunks: Iterable[Buffer]) -> list[tuple[str, str]]:
    """GetObjectTagging, GetBucketTagging. Raises BadXml."""
    found = _records(chunks, "Tagging", ("Tag",))
    return [(_text(element, "Key"), _text(element, "Value")) for element in found]


def facts(chunks: Iterable[Buffer], roots: tuple[str, ...]) -> list[tuple[str, str]]:
    """The elements of a small document that have none in them: names and texts. Raises BadXml."""
    return [
        (_local(element), (element.text or "").strip())
        for whole in _records(chunks, roots, roots)
        for element in whole.iter()
        if not len(element)
    ]


def complete(receipts: Iterable[tuple[int, str, str]], algorithm: str) -> bytes:
    """The body of CompleteMultipartUpload, of (number, ETag, checksum in base64 or ""), which
    go without their checksums where `algorithm` is ""."""
    root = ['<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">']
    name = _checksum(algorithm)
    for number, etag, checksum in receipts:
        told = f"<{name}>{_escaped(checksum)}</{name}>" if checksum and algorithm else ""
        root.append(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{_escaped(etag)}</ETag>{told}</Part>"
        )
    return "".join([*root, "</CompleteMultipartUpload>"]).encode("utf-8")


def located(region: str) -> bytes:
    """The body of CreateBucket outside of Amazon's usual region."""
    root = '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    where = f"<LocationConstraint>{_escaped(region)}</LocationConstraint>"
    return f"{root}{where}</CreateBucketConfiguration>".encode()


def delete(names: Iterable[str]) -> bytes:
    """The body of DeleteObjects, of keys that `is_plain`; only what fails is told in the answer."""
    root = ['<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>']
    root += (f"<Object><Key>{_escaped(name)}</Key></Object>" for name in names)
    return "".join([*root, "</Delete>"]).encode("utf-8")


def is_plain(key: str) -> bool:
    """Whether XML holds `key`, and nobody who reads it takes it for another.

    It has no control characters but some, and says a line feed where a carriage return was (XML
    1.0, 2.2 and 2.11); readers may leave out space at the ends.
    """
    return key.isprintable() and key.strip() == key


def kept(chunks: Iterable[Buffer]) -> list[Kept]:
    """The answer to DeleteObjects: what was not removed. Raises BadXml, also for an <Error>."""
    named = ("Error", "Deleted")
    found = _records(chunks, ("DeleteResult", "DeleteObjectsResponse"), named)
    return [Kept(_text(e, "Key"), _fault(e)) for e in found if _local(e) == "Error"]


def _checksum(algorithm: str) -> str:
    """What its element is called."""
    return f"Checksum{algorithm.upper()}"


def decoded(text: str) -> str:
    """A key of an answer with `encoding-type=url`: percent-encoded, a space as "+"."""
    return from_bytes(unquote_to_bytes(text.replace("+", " ")))


def quoted_etag(text: str) -> str:
    """With its quotes, which some services leave out in XML; "" for none."""
    text = text.strip()
    return text if not text or text.startswith('"') else f'"{text}"'


def time_of(text: str) -> float | None:
    """Unix seconds of an ISO 8601 time."""
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None


def _records(
    chunks: Iterable[Buffer], root: str | tuple[str, ...], names: tuple[str, ...]
) -> Iterator[Element]:
    roots = (root,) if isinstance(root, str) else root
    return records(chunks, _spelled(roots), _spelled(names), limit=_MOST)


def _spelled(names: Iterable[str]) -> frozenset[str]:
    return frozenset(space + name for name in names for space in _SPACES)


def _object(element: Element) -> Object:
    return Object(
        _text(element, "Key"),
        _size(element),
        time_of(_text(element, "LastModified")),
        quoted_etag(_text(element, "ETag")),
    )


def _version(element: Element) -> Version:
    """Where a bucket has never had versions, what is in it is called "null"."""
    version = _text(element, "VersionId") or "null"
    current = _text(element, "IsLatest").strip() == "true"
    return Version(_object(element), version, current, _local(element) == "DeleteMarker")


def _size(element: Element) -> int | None:
    size = _text(element, "Size").strip()
    return int(size) if size.isascii() and size.isdecimal() and len(size) < 19 else None


def _fault(element: Element) -> Fault:
    told = ("Code", "Message", "Region", "StorageClass")
    return Fault(*(_text(element, name) for name in told))


def _next(name: str, value: str) -> dict[str, str]:
    if not value:
        raise BadXml("it says that there is more, and not how to ask for it")
    return {name: value}


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
