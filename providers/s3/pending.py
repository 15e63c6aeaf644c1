"""Uploads in parts: begun, listed, gone on with and taken back.

A service tells of unfinished uploads by key, and nothing of whose they are. So the first thing that
an upload of ours gets is a mark: a first part of few bytes that names its job, which the true first
part replaces. By then its token has been journaled. A copy's mark is a last part, and is not put
together. Only what bears its job's mark is ever removed without its token.

A crash between the making of an upload and its mark leaves one without parts. It holds no bytes
and costs nothing; it may be somebody else's who has just begun, and is left alone. Services that
do not list uploads, whose ETag of a part is not its MD5 (SSE-KMS) or that take no part twice show
no marks: there, one whose token was lost stays until a lifecycle rule of the bucket ends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import md5

from providers.base import Buffer, InMemory
from providers.errors import (
    ConnectionLost,
    Denied,
    NotFound,
    Unsupported,
    UploadExpired,
)
from providers.s3 import checksums, documents, keys
from providers.s3.checksums import Refused, Sums
from providers.s3.documents import Page, StoredPart
from providers.s3.faults import problem
from providers.s3.question import in_memory
from providers.s3.session import Answer, Session
from providers.web.xml import BadXml

FIRST = 1
"""The number of the first part, and of the mark that it replaces."""
LAST = 10_000
"""The number of a mark that nothing replaces: what is put together counts from 1 without a gap, as
Amazon wants it in directory buckets and where parts have checksums (API reference, CompletedPart).
"""

_MOST_PAGES = 10_000  # of unfinished uploads, a thousand each
_SENDING = "storing a part of it"


def create(
    session: Session,
    path: str,
    key: str,
    headers: Mapping[str, str],
    sums: Sums,
    mark: int = FIRST,
) -> str:
    """Begin an upload for the job `key`, marked as its own; its UploadId. `mark`: the number of
    that. Raises Refused."""
    bucket, name = keys.split(path)
    query, sent = {"uploads": ""}, {**headers, **checksums.beginning(sums)}
    with session.send(
        "POST", bucket, name, path=path, query=query, headers=sent, body=b""
    ) as answer:
        if sums and checksums.refused(answer):
            raise Refused
        if answer.status != 200:
            raise problem(answer, path, "beginning to store it")
        try:
            upload, twice = documents.upload_id(answer.document())
        except BadXml as error:
            raise ConnectionLost(path, f"the service's answer cannot be read: {error}") from error
    try:
        if twice:
            put(session, path, upload, mark, _mark(key), sums=sums)
    except Refused:
        abort(session, path, upload)
        raise
    return upload


def put(
    session: Session, path: str, upload: str, number: int, data: Buffer | InMemory, *, sums: Sums
) -> StoredPart:
    """Store one part. Raises UploadExpired, Refused."""
    bucket, name = keys.split(path)
    query = {"partNumber": str(number), "uploadId": upload}
    told = checksums.checksum(sums, in_memory(data))
    headers = checksums.headers_for(sums, told)
    with session.send(
        "PUT", bucket, name, path=path, query=query, headers=headers, body=data
    ) as answer:
        if answer.status != 200:
            raise _part_refused(answer, path, sums)
        etag = documents.quoted_etag(answer.headers.get("ETag", ""))
    if not etag:
        raise ConnectionLost(path, "the service does not say that it has the part (no ETag)")
    return StoredPart(number, etag, {sums: told})


def parts(session: Session, path: str, upload: str) -> Iterator[StoredPart]:
    """What the service has of it, in order. Raises UploadExpired."""
    bucket, name = keys.split(path)
    asking = {"uploadId": upload, "max-parts": "1000"}
    last = 0
    while True:
        with session.send("GET", bucket, name, path=path, query=asking) as answer:
            if answer.status != 200:
                raise expired(answer, path) or problem(answer, path, "listing its parts")
            page = _read(documents.parts, answer, path)
        yield from page.parts
        if not page.more or not page.parts or page.parts[-1].number <= last:
            return
        last = page.parts[-1].number
        asking |= page.more


def abort(session: Session, path: str, upload: str) -> None:
    """Nothing there is success."""
    bucket, name = keys.split(path)
    with session.send("DELETE", bucket, name, path=path, query={"uploadId": upload}) as answer:
        if answer.status not in {200, 204, 404} and answer.fault.code != "NoSuchUpload":
            raise problem(answer, path, "removing its unfinished parts")


def remove_marked(session: Session, path: str, key: str) -> None:
    """Abort every upload to `path` that bears the mark of the job `key`."""
    try:
        for upload in [*_pending(session, path)]:
            try:
                if any(is_mark(part, key) for part in parts(session, path, upload)):
                    abort(session, path, upload)
            except UploadExpired:
                continue
    except (Denied, NotFound, Unsupported, UploadExpired):
        return  # nobody may look, or nothing is there: nothing is known to be ours


def is_mark(part: StoredPart, key: str) -> bool:
    """Whether it is the mark of the job `key`, and no part of a file."""
    marked = md5(_mark(key), usedforsecurity=False).hexdigest()
    return part.number in {FIRST, LAST} and part.etag == f'"{marked}"'


def may_be_mark(part: StoredPart, key: str) -> bool:
    """As `is_mark`, also where an ETag is no MD5 (SSE-KMS): nothing is removed for that."""
    return is_mark(part, key) or (part.number == FIRST and part.size == len(_mark(key)))


def expired(answer: Answer, path: str) -> UploadExpired | None:
    """The error that a missing upload is; None for any other refusal."""
    return UploadExpired(path) if answer.fault.code == "NoSuchUpload" else None


def _part_refused(answer: Answer, path: str, sums: Sums) -> Exception:
    if answer.fault.code == "NotImplemented" and "already" in answer.fault.message:
        return UploadExpired(path, "the service takes no part of an upload twice")
    if sums and checksums.refused(answer):
        return Refused()
    return expired(answer, path) or problem(answer, path, _SENDING)


def _pending(session: Session, path: str) -> Iterator[str]:
    """The unfinished uploads to `path`."""
    bucket, name = keys.split(path)
    asking = {"uploads": "", "prefix": name, "encoding-type": "url"}
    turns: set[str] = set()
    for _ in range(_MOST_PAGES):
        with session.send("GET", bucket, path=path, query=asking) as answer:
            if answer.status != 200:
                raise problem(answer, path, "listing unfinished uploads")
            page = _read(documents.uploads, answer, path)
        yield from (each.upload for each in page.pending if each.key == name)
        turn = "\0".join(page.more.values())
        if not page.more or turn in turns or all(each.key > name for each in page.pending):
            return
        turns.add(turn)
        asking |= page.more
    raise Unsupported(path, "the service's list of unfinished uploads has no end")


def _read(reading: object, answer: Answer, path: str) -> Page:
    try:
        return reading(answer.document())  # type: ignore[operator,no-any-return]
    except BadXml as error:
        raise ConnectionLost(path, f"the service's answer cannot be read: {error}") from error


def _mark(key: str) -> bytes:
    return f"wharfie {key}\n".encode()
