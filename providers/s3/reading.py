"""The bytes of an object, checked against what was asked for.

A service may ignore `Range` or `If-Match` and send something else with a friendly status (faults.md
C12): each such answer is an error or a new start, never success.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from providers.base import Entry, Kind, no_digests
from providers.errors import (
    ConnectionLost,
    NotFound,
    ProviderError,
    RangeIgnored,
    SourceChanged,
    Unsupported,
    WrongKind,
)
from providers.records import replace
from providers.s3 import keys
from providers.s3.faults import problem
from providers.s3.look import entry_of, look
from providers.s3.session import Answer, Session
from providers.web.delivery import Delivery, SealedDelivery
from providers.web.headers import BadHeader, content_range

_SEALED_MOST = 1 << 20  # bytes: for those a digest costs less than another request
_MD5 = re.compile(r'"([0-9a-f]{32})"')  # an ETag that may be one


@contextmanager
def read(
    session: Session, path: str, *, offset: int, length: int | None, version: str | None
) -> Iterator[Delivery]:
    """As `Provider.read`. RangeIgnored: a part cannot be had, all of it may."""
    if keys.is_folder(path):
        raise WrongKind(path, "is a folder")
    if length == 0:
        yield Delivery(_nothing_of(session, path, offset, version), None)
        return
    bucket, key, revision = keys.exact(path)
    whole = offset == 0 and length is None
    end = "" if length is None else offset + length - 1
    headers = {} if whole else {"Range": f"bytes={offset}-{end}"}
    if version is not None:
        headers["If-Match"] = version
    with session.send("GET", bucket, key, path=path, query=revision, headers=headers) as answer:
        if answer.status == 412:
            raise SourceChanged(path)
        if answer.status == 416 and not whole:
            yield Delivery(_nothing_of(session, path, offset, version, length), None)
        elif answer.status not in {200, 206}:
            raise _refusal(session, answer, path)
        elif whole:
            yield _all_of(session, answer, path, version)
        else:
            yield _part_of(session, answer, path, offset, length, version)


def _refusal(session: Session, answer: Answer, path: str) -> ProviderError:
    told = problem(answer, path, "reading it")
    if isinstance(told, NotFound) and answer.fault.code != "NoSuchBucket":
        try:
            if look(session, path).kind is Kind.DIR:
                return WrongKind(path, "is a folder")
        except WrongKind as error:  # a revision that only says that the file was deleted
            return error
        except ProviderError:
            return told
    return told


def _all_of(session: Session, answer: Answer, path: str, version: str | None) -> Delivery:
    if answer.status == 206:
        raise ConnectionLost(path, "the service sent a part where all of it was asked for")
    if answer.length is None:
        raise Unsupported(
            path,
            "the service does not say how long it is, so that nobody could tell whether all came",
            advice="A proxy between may take that away; connect without it.",
        )
    entry = entry_of(session, answer.headers, path, answer.length)
    _need_version(entry, version)
    seal = _MD5.fullmatch(entry.version or "")
    if seal is not None and answer.length <= _SEALED_MOST:
        return SealedDelivery(entry, answer, None, seal[1])
    return Delivery(entry, answer)


def _part_of(
    session: Session,
    answer: Answer,
    path: str,
    offset: int,
    length: int | None,
    version: str | None,
) -> Delivery:
    # `rclone serve s3` sends parts with 200: what is checked is what they say they are.
    if answer.status == 200 and "Content-Range" not in answer.headers:
        entry = entry_of(session, answer.headers, path, answer.length)
        _need_version(entry, version)
        _need_size(path, entry.size, offset, length)
        if length is None and entry.size == offset:
            return Delivery(entry, None)
        raise RangeIgnored(path)
    try:
        part = content_range(answer.headers.get("Content-Range"))
    except BadHeader:
        part = None
    if part is None or part.total is None:
        raise RangeIgnored(path, "the service does not say which part of the object it sent")
    # A checksum may be of the part or of the whole: nobody can tell (faults.md C13).
    entry = replace(entry_of(session, answer.headers, path, part.total), digests=no_digests())
    _need_version(entry, version)
    _need_size(path, part.total, offset, length)
    last = part.total - 1 if length is None else offset + length - 1
    count = last - offset + 1
    if (part.first, part.last) != (offset, last) or answer.length not in {None, count}:
        raise RangeIgnored(path, "the service sent another part than was asked for")
    return Delivery(entry, answer, count)


def _nothing_of(
    session: Session, path: str, offset: int, version: str | None, length: int | None = 0
) -> Entry:
    """The range lies behind the end: nothing is left to read, or the object is shorter by now."""
    entry = look(session, path)
    if entry.kind is not Kind.FILE:
        raise WrongKind(path, "is a folder")
    _need_version(entry, version)
    _need_size(path, entry.size, offset, length)
    if entry.size is None or (length != 0 and entry.size > offset):
        raise RangeIgnored(path, "the service refuses a part that the object has")
    return entry


def _need_version(entry: Entry, version: str | None) -> None:
    """Raise SourceChanged unless the answer is of the object that was agreed on.

    RangeIgnored when the answer does not tell: parts of two objects must not be put together.
    """
    if version is None or entry.version == version:
        return
    if entry.version is None:
        raise RangeIgnored(entry.path, "the service does not say of which version its answer is")
    raise SourceChanged(entry.path)


def _need_size(path: str, size: int | None, offset: int, length: int | None) -> None:
    if size is not None and size < offset + (length or 0):
        raise SourceChanged(path, "the object is shorter than it was")
