"""Files on a web server: what one is, and its bytes, checked against what the server said.

A server may ignore what is asked, change the file between two parts or send something else
altogether (faults.md B2, C7–C9). Each such answer is an error or a new start, never success.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate

from providers.base import Entry, Kind
from providers.errors import (
    ConnectionLost,
    RangeIgnored,
    SourceChanged,
    Unsupported,
    WrongKind,
)
from providers.http import buckets, paths
from providers.http.faults import problem
from providers.http.session import Session
from providers.web.delivery import Delivery
from providers.web.headers import (
    BadHeader,
    ContentRange,
    content_length,
    content_range,
    digests_of,
    http_date,
    version_of,
)
from providers.web.response import Response

_WANT = {"Want-Repr-Digest": "sha-256=10, sha-512=3"}
_NO_HEAD = frozenset({400, 403, 405, 501})
"""Answers to HEAD that may only mean that HEAD is refused: some addresses are signed for GET."""


# What stands at an address ---------------------------------------------------------------------


def look(session: Session, path: str) -> Entry:
    """The file or folder at `path`, by its headers. Raises NotFound, Denied, AuthRequired.

    A folder shows itself by the redirect to its address with a slash, or by having only that; one
    of a bucket by the keys below it.
    """
    with session.send("HEAD", path, headers=_WANT) as response:
        if path == "/" or leads_to_folder(response, path, session):
            return _folder(response, path)
        size = _length(response)
        if response.status == 200 and size is not None:
            return entry_of(response, path, size)
        status = response.status
    if status in _NO_HEAD or status == 200:
        return _look_by_reading(session, path)
    if status in {404, 410} and _is_only_folder(session, response, path):
        return Entry(path, paths.name(path), Kind.DIR)
    raise problem(response, path, "looking at it")


def leads_to_folder(response: Response, path: str, session: Session) -> bool:
    """Whether the answer to `path` came from the same address with a slash."""
    same = response.origin == session.base and response.url_changed
    there = paths.canonical(response.path)  # servers quote in their own way
    return same and response.path.endswith("/") and there == paths.without_query(path)


def entry_of(response: Response, path: str, size: int | None, *, whole: bool = True) -> Entry:
    """The file that an answer is about. `whole`: its body, if any, is all of the file."""
    return Entry(
        path,
        paths.name(path),
        Kind.FILE,
        size=size,
        modified=http_date(response.headers.get("Last-Modified")),
        version=version_of(response.headers, size),
        digests=digests_of(response.headers, whole=whole),
    )


def _folder(response: Response, path: str) -> Entry:
    """A root is there whatever it answers; what it does not show is `list_dir`'s to say."""
    if response.status == 401 or response.status >= 500:
        raise problem(response, path, "looking at it")
    modified = http_date(response.headers.get("Last-Modified"))
    return Entry(path, paths.name(path), Kind.DIR, modified=modified)


def _length(response: Response) -> int | None:
    return content_length(response.headers.all("Content-Length"))


def _look_by_reading(session: Session, path: str) -> Entry:
    """Ask for one byte: the answer tells the size where HEAD is refused or does not."""
    with session.send("GET", path, headers={**_WANT, "Range": "bytes=0-0"}) as response:
        if leads_to_folder(response, path, session):
            return _folder(response, path)
        if response.status == 200:
            return entry_of(response, path, response.length)
        if response.status in {206, 416}:
            total = _range_of(response, path).total
            return entry_of(response, path, total, whole=False)
        raise problem(response, path, "looking at it")


def _has_slash_only(session: Session, path: str) -> bool:
    if "?" in path:
        return False
    with session.send("HEAD", f"{path}/") as response:
        return response.status in {200, 403} and not response.url_changed


def _is_only_folder(session: Session, response: Response, path: str) -> bool:
    """Whether a folder is where nothing stands: it has its address with a slash only, or is what
    keys of a bucket begin with."""
    if _has_slash_only(session, path):
        return True
    may_be = "?" not in path and buckets.may_be_one(response)
    return may_be and buckets.find(session, path) is not None


# Its bytes -------------------------------------------------------------------------------------


@contextmanager
def read(
    session: Session, path: str, *, offset: int, length: int | None, version: str | None
) -> Iterator[Delivery]:
    """As `Provider.read`. RangeIgnored: a part cannot be had, all of it may."""
    if length == 0:
        yield Delivery(_nothing_of(session, path, offset, version), None)
        return
    whole = offset == 0 and length is None
    asking = {} if whole else _range(offset, length, version)
    with session.send("GET", path, headers=_WANT | asking) as response:
        if path == "/" or leads_to_folder(response, path, session):
            raise WrongKind(path, "is a folder")
        if response.status == 416 and not whole:
            yield Delivery(_end_of(session, response, path, offset, length, version), None)
        elif response.status == 412:
            raise SourceChanged(path)
        elif response.status not in {200, 206}:
            raise _refusal(session, response, path)
        elif whole:
            yield _all_of(response, path, version)
        else:
            yield _part_of(response, path, offset, length, version)


def _refusal(session: Session, response: Response, path: str) -> Exception:
    if response.status in {404, 410} and _has_slash_only(session, path):
        return WrongKind(path, "is a folder")
    return problem(response, path, "reading it")


def _range(offset: int, length: int | None, version: str | None) -> dict[str, str]:
    end = "" if length is None else offset + length - 1
    headers = {"Range": f"bytes={offset}-{end}"}
    if version is None:
        return headers
    if version.startswith('"'):
        return headers | {"If-Range": version}
    modified = float(version.split(":")[1])
    return headers | {"If-Range": formatdate(modified, usegmt=True)}


def _all_of(response: Response, path: str, version: str | None) -> Delivery:
    if response.status == 206:
        raise ConnectionLost(path, "the server sent a part where all of it was asked for")
    if not response.proven:
        raise Unsupported(
            path,
            "the server neither says how long it is nor marks its end, so that nobody could tell "
            "whether all of it came",
            advice="Ask the server's owner to send its length (Content-Length).",
        )
    entry = entry_of(response, path, response.length)
    _same(entry, version)
    return Delivery(entry, response)


def _part_of(
    response: Response, path: str, offset: int, length: int | None, version: str | None
) -> Delivery:
    if response.status == 200:
        entry = entry_of(response, path, response.length)
        _same(entry, version)
        _long_enough(path, entry.size, offset, length)
        if length is None and entry.size == offset:
            return Delivery(entry, None)
        raise RangeIgnored(path)
    coded = response.headers.get("Content-Encoding", "identity").lower() != "identity"
    if coded or response.headers.get("Content-Type", "").lower().startswith("multipart/"):
        raise RangeIgnored(path, "the server wraps or encodes the parts it sends")
    part = _range_of(response, path)
    entry = entry_of(response, path, part.total, whole=False)
    _same(entry, version)
    _long_enough(path, part.total, offset, length)
    last = (part.total or 0) - 1 if length is None else offset + length - 1
    count = last - offset + 1
    if (part.first, part.last) != (offset, last) or response.length not in {None, count}:
        raise RangeIgnored(path, "the server sent another part than was asked for")
    return Delivery(entry, response, count)


def _end_of(
    session: Session,
    response: Response,
    path: str,
    offset: int,
    length: int | None,
    version: str | None,
) -> Entry:
    """The range lies behind the end: nothing is left to read, or the file is shorter by now."""
    try:
        said = content_range(response.headers.get("Content-Range"))
    except BadHeader:
        said = None
    if said is not None and said.total is not None:
        _long_enough(path, said.total, offset, length)
    return _nothing_of(session, path, offset, version, length)


def _nothing_of(
    session: Session, path: str, offset: int, version: str | None, length: int | None = 0
) -> Entry:
    entry = look(session, path)
    if entry.kind is not Kind.FILE:
        raise WrongKind(path, "is a folder")
    _same(entry, version)
    _long_enough(path, entry.size, offset, length)
    if entry.size is None or (length is None and entry.size > offset):
        raise RangeIgnored(path, "the server refuses a part that the file has")
    return entry


def _range_of(response: Response, path: str) -> ContentRange:
    """Raises RangeIgnored for a part that does not say which, or of how much, it is."""
    try:
        found = content_range(response.headers.get("Content-Range"))
    except BadHeader:
        found = None
    if found is None or found.total is None:
        raise RangeIgnored(path, "the server does not say which part of the file it sent")
    return found


def _same(entry: Entry, version: str | None) -> None:
    """Raise SourceChanged unless the answer is of the file that was agreed on.

    RangeIgnored when the answer does not tell: parts of two files must not be put together.
    """
    if version is None or entry.version == version:
        return
    if entry.version is None:
        raise RangeIgnored(entry.path, "the server does not say of which version its answer is")
    raise SourceChanged(entry.path)


def _long_enough(path: str, size: int | None, offset: int, length: int | None) -> None:
    if size is not None and size < offset + (length or 0):
        raise SourceChanged(path, "the file is shorter than it was")
