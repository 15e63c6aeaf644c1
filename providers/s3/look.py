"""What stands at an address, and what is in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import md5

from providers.base import Entry, Kind
from providers.errors import (
    ConnectionLost,
    Denied,
    NotEmpty,
    NotFound,
    ProviderError,
    Unsupported,
    WrongKind,
)
from providers.records import dataclass
from providers.s3 import documents, keys
from providers.s3.checksums import CRC64
from providers.s3.documents import Object, Page
from providers.s3.faults import problem
from providers.s3.lists import Turns
from providers.s3.session import Session
from providers.web.headers import content_length, digests_of, http_date
from providers.web.message import Headers
from providers.web.xml import BadXml

MTIME = "x-amz-meta-mtime"
"""Unix seconds with a fraction, as rclone keeps them too."""

WRITTEN = "x-amz-meta-sha256"
"""In hex, of what was stored by one request: its uploader's word."""

_MOST_ENTRIES = 10_000_000
_SECONDS = re.compile(r"-?\d{1,12}(\.\d{1,12})?")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_OF_PARTS = re.compile(r'-\d+"$')  # at the end of an ETag
_ADDED_UP = frozenset({"crc32", "crc32c", "crc64nvme"})
_CHECKSUM = "x-amz-checksum-"
_SUMS = {"x-amz-checksum-mode": "ENABLED"}
_LOOKING = "looking at it"
_LISTING = "listing it"


@dataclass(frozen=True, slots=True)
class Described(Entry):
    """An object, with the SHA-256 that its metadata has; "" for none."""

    written: str = ""


def look(session: Session, path: str) -> Entry:
    """The object or folder at `path`. Raises NotFound, Denied."""
    bucket, key, revision = keys.exact(path)
    if not bucket:
        return Entry(path, "", Kind.DIR)
    if not key:
        return _bucket(session, path, bucket)
    if not keys.is_folder(path):
        entry = head(session, path)
        if entry is not None:
            return entry
    if revision or not _anything(session, path):
        raise NotFound(path)
    return Entry(path, keys.name(path), Kind.DIR)


def head(session: Session, path: str) -> Described | None:
    """The object at `path`; None where there is none, or nobody may know."""
    answered = headers_of(session, path)
    return None if answered is None else entry_of(session, answered, path)


def headers_of(session: Session, path: str) -> Mapping[str, str] | None:
    """As `head`, what the service says of it."""
    bucket, key, revision = keys.exact(path)
    with session.send("HEAD", bucket, key, path=path, query=revision, headers=_SUMS) as answer:
        if answer.status == 200:
            return answer.headers
        if answer.status == 404:
            return None
        # Without the right to list, what is missing is called forbidden: a folder may be seen.
        if answer.status == 403 and not revision and _anything_to_see(session, path):
            return None
        raise problem(answer, path, _LOOKING)


def entry_of(
    session: Session, headers: Mapping[str, str], path: str, size: int | None = None
) -> Described:
    """The object that an answer is about; `size` where its length is that of a part.

    An ETag is taken for an MD5 where Amazon itself says so: others answer in its name.
    """
    if size is None:
        size = content_length([headers["Content-Length"]] if "Content-Length" in headers else [])
    kept = headers.get(MTIME, "")
    modified = float(kept) if _SECONDS.fullmatch(kept) else http_date(headers.get("Last-Modified"))
    version = documents.quoted_etag(headers.get("ETag", "")) or None
    written = headers.get(WRITTEN, "").strip()
    return Described(
        path,
        keys.name(path),
        Kind.FILE,
        size=size,
        modified=modified,
        version=version,
        digests=_stated(session, headers, version),
        written=written.lower() if _SHA256.fullmatch(written) else "",
    )


def written(session: Session, entry: Entry) -> dict[str, str]:
    """The digest in the metadata of an object. It proves nothing of what a service has stored."""
    found = entry if isinstance(entry, Described) else head(session, entry.path)
    return {"sha256": found.written} if found is not None and found.written else {}


def stored(
    headers: Mapping[str, str], path: str, data: bytes, modified: float | None
) -> Entry | None:
    """The object that an answer to PUT is about, where its ETag is the MD5 of just these bytes:
    the service was not told it, so it has made it of what it got."""
    made = md5(data, usedforsecurity=False).hexdigest()
    version = documents.quoted_etag(headers.get("ETag", ""))
    if version != f'"{made}"':
        return None
    name = keys.name(path)
    return Entry(
        path,
        name,
        Kind.FILE,
        size=len(data),
        modified=modified,
        version=version,
        digests={"md5": made},
    )


def _stated(session: Session, headers: Mapping[str, str], version: str | None) -> dict[str, str]:
    """The digests of the whole object. Of parts put together there are sums that say to be of the
    whole, and digests of digests, which some services do not tell from digests.

    Services that are not Amazon may keep a checksum as it was sent, and say it again without having
    looked (`rclone serve s3`): there it is the uploader's word, and left out. The sum of the whole
    is none that was sent: the service has put it together.
    """
    amazon = session.certain
    whole = headers.get("x-amz-checksum-type", "").upper() == "FULL_OBJECT"
    of_parts = version is None or _OF_PARTS.search(version) is not None
    if not amazon:
        made_there = session.sums == CRC64 and whole and of_parts and version is not None
        kept = {_CHECKSUM + CRC64} if made_there else set()
        headers = {
            name: value
            for name, value in headers.items()
            if not name.lower().startswith(_CHECKSUM) or name.lower() in kept
        }
    digests = digests_of(Headers(headers.items()), whole=False)
    if of_parts:
        digests = {name: text for name, text in digests.items() if whole and name in _ADDED_UP}
    if not amazon:
        digests.pop("md5", None)
    return digests


def _bucket(session: Session, path: str, bucket: str) -> Entry:
    with session.send("HEAD", bucket, path=path) as answer:
        if answer.status in {200, 403}:  # not to be listed; what is in it may still be had
            return Entry(path, bucket, Kind.DIR)
        if answer.status == 404:
            raise NotFound(path, "there is no such bucket", advice="Check its name.")
        raise problem(answer, path, _LOOKING)


def _anything(session: Session, path: str) -> bool:
    bucket, prefix = keys.prefix_of(path)
    page = _page(session, path, bucket, {"prefix": prefix, "max-keys": "1"})
    return any(each.key.startswith(prefix) for each in page.objects)


def _anything_to_see(session: Session, path: str) -> bool:
    try:
        return _anything(session, path)
    except (Denied, NotFound):
        return False


def need_no_bytes(session: Session, path: str) -> None:
    """Raise NotEmpty where the mark of the folder at `path` holds bytes: nobody is shown them, and
    no copy has them. A list tells its size also to who may not read it."""
    bucket, prefix = keys.prefix_of(path)
    page = _page(session, path, bucket, {"prefix": prefix, "max-keys": "1"})
    for each in page.objects:
        if each.key == prefix and each.size != 0:
            held = "bytes" if each.size is None else f"{each.size:,} bytes"
            advice = "Deleting the folder with all that is in it removes them."
            raise NotEmpty(path, f"its mark holds {held}", advice=advice)


# Lists -----------------------------------------------------------------------------------------


def pages(session: Session, path: str) -> Iterator[Sequence[Entry]]:
    """What is in the folder at `path`, as it comes. Raises NotFound, WrongKind, Denied."""
    if keys.is_revision(path):
        raise WrongKind(path, "is a file")
    bucket, prefix = keys.prefix_of(path)
    if not bucket:
        yield _buckets(session, path)
        return
    seen = _Seen(path, bucket, prefix)
    asking = {"prefix": prefix, "delimiter": "/"}
    while True:
        page = _page(session, path, bucket, asking)
        entries = seen.new(page)
        if entries:
            yield entries
        if not page.more:
            break
        seen.turns.take(page.more)
        asking |= page.more
    if prefix and not seen.anything:
        _need_folder(session, path)


def keys_below(session: Session, path: str) -> Iterator[Sequence[str]]:
    """Every key in the folder at `path` and below it, its own marker last."""
    bucket, prefix = keys.prefix_of(path)
    seen = _Seen(path, bucket, prefix)
    asking, marker = {"prefix": prefix}, False
    while True:
        page = _page(session, path, bucket, asking)
        found = [each.key for each in page.objects if each.key.startswith(prefix)]
        marker = marker or prefix in found
        yield [key for key in found if key != prefix]
        if not page.more:
            break
        seen.turns.take(page.more)
        asking |= page.more
    if marker and prefix:
        yield [prefix]


def _buckets(session: Session, path: str) -> list[Entry]:
    with session.send("GET", path=path) as answer:
        if answer.status != 200:
            told = problem(answer, path, "listing the buckets")
            if isinstance(told, Denied):
                told.advice = "Name the bucket: s3://bucket/, or “Start in” of a site."
            raise told
        try:
            found = [*documents.buckets(answer.document())]
        except BadXml as error:
            raise _unreadable(path, error) from error
    return [
        Entry(f"/{name}", name, Kind.DIR, modified=made)
        for name, made in found
        if name and "/" not in name and not keys.is_revision(f"/{name}")
    ]


def _page(session: Session, path: str, bucket: str, asking: Mapping[str, str]) -> Page:
    query = {"list-type": "2", "encoding-type": "url", **asking}
    with session.send("GET", bucket, path=path, query=query) as answer:
        if answer.status != 200:
            raise problem(answer, path, _LISTING)
        try:
            return documents.listing(answer.document())
        except BadXml as error:
            raise _unreadable(path, error) from error


def _unreadable(path: str, error: BadXml) -> ProviderError:
    return ConnectionLost(path, f"the service's list cannot be read: {error}")


def _need_folder(session: Session, path: str) -> None:
    if not keys.is_folder(path) and head(session, path) is not None:
        raise WrongKind(path, "is a file")
    raise NotFound(path)


class _Seen:
    """What a folder has listed so far: each name once, and an end (faults.md C17)."""

    def __init__(self, path: str, bucket: str, prefix: str) -> None:
        self.anything = False
        self._path = path
        self._bucket = bucket
        self._prefix = prefix
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self.turns = Turns(path)

    def new(self, page: Page) -> list[Entry]:
        """Entries one level below the prefix; the folder's own marker is none."""
        found: list[Entry] = []
        for each in page.objects:
            if not each.key.startswith(self._prefix):
                continue
            self.anything = True
            name, below, _ = each.key[len(self._prefix) :].partition("/")
            if below:  # a service that does not know delimiters
                found += self._folder(f"{self._prefix}{name}/")
            elif name and name not in self._files:
                self._files.add(name)
                found.append(self._file(each, name))
        for prefix in page.folders:
            if prefix.startswith(self._prefix) and prefix.endswith("/"):
                self.anything = True
                found += self._folder(prefix)
        if len(self._files) + len(self._folders) > _MOST_ENTRIES:
            what = f"it lists more than {_MOST_ENTRIES:,} entries"
            raise Unsupported(self._path, what, advice="Open a folder in it.")
        return found

    def _file(self, each: Object, name: str) -> Entry:
        return Entry(
            f"/{self._bucket}/{each.key}",
            name,
            Kind.FILE,
            size=each.size,
            modified=each.modified,
            version=each.etag or None,
        )

    def _folder(self, prefix: str) -> list[Entry]:
        name = prefix[len(self._prefix) : -1]
        if "/" in name or name in self._folders:
            return []
        self._folders.add(name)
        path = keys.folder(self._bucket, prefix)
        if name in self._files:  # an object has that address
            path = f"/{self._bucket}/{prefix}"
        return [Entry(path, name, Kind.DIR)]
