"""Copies that a service makes of its own objects: no byte of them comes through here.

A small one is made by the request that gives it its name. A larger one is an upload whose parts
the service fetches itself. What is kept with an object is said when its upload is begun: such a
copy has one of its own, begun with what its source has. A service that cannot, or lets these keys
not, is sent the bytes instead (Unsupported).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress

from providers.errors import (
    Denied,
    NotFound,
    ProviderError,
    SourceChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.records import dataclass, replace
from providers.s3 import describing, documents, keys, look, pending
from providers.s3.documents import StoredPart
from providers.s3.faults import by_code, problem
from providers.s3.session import Answer, Session
from providers.s3.storing import SEALED, TAGGING
from providers.web.xml import BadXml

_AT_ONCE = 4  # parts
_PART = 64 << 20  # bytes; a service may say nothing until it has copied all of them
_MOST_PARTS = pending.LAST - 1
_COPYING = "copying it"
_NONE = "this service makes no copies itself"


@dataclass(frozen=True, slots=True)
class Copy:
    """`headers`: what is kept with it. `upload`: its own, in parts; "": one request makes it.
    `stored`: when its source was, and as which revision, in the service's own words."""

    source: str
    version: str
    size: int
    headers: Mapping[str, str]
    stored: Sequence[str]
    sealed: bool = False  # the source, with the site's own key
    upload: str = ""
    parts: Sequence[StoredPart] = ()


def prepared(
    session: Session,
    source: str,
    *,
    version: str | None,
    size: int | None,
    modified: float | None,
    mark: str,
) -> Copy:
    """A copy of the object at `source`, as it is. Raises SourceChanged, NotFound, Unsupported."""
    if not session.copies:
        raise Unsupported(source, _NONE)
    if keys.is_folder(source):
        raise WrongKind(source, "is a folder")
    if keys.is_revision(source) and not session.certain:  # others may copy what it is today
        raise Unsupported(source, _NONE)
    told = look.headers_of(session, source)
    if told is None:
        raise NotFound(source) if version is None else SourceChanged(source)
    entry = look.entry_of(session, told, source)
    if version is not None and entry.version != version:
        raise SourceChanged(source)
    if size is not None and entry.size != size:
        raise SourceChanged(source, "it has another size than it had")
    headers = describing.carried(session.options.storing, told, modified, mark)
    if entry.version is None or entry.size is None or not all(map(_sendable, headers.values())):
        raise Unsupported(source, "the service does not say enough of it")
    stored, sealed = _stored(told), SEALED in told
    return Copy(source, entry.version, entry.size, headers, stored, sealed)


def in_parts(session: Session, copy: Copy, path: str, key: str) -> Copy:
    """`copy` with all its bytes in an upload to `path`, for the job `key`, that has no name yet.

    Raises SourceChanged, Unsupported; nothing is left then.
    """
    if not session.copies_parts or copy.size == 0:
        raise Unsupported(copy.source, "this service copies no part of it")
    upload = pending.create(session, path, key, copy.headers, "", pending.LAST)
    try:
        parts = _fetched(session, copy, path, upload)
        need_same_source(session, copy)
        return replace(copy, upload=upload, parts=parts)
    except BaseException:
        with suppress(ProviderError):  # marked as the job's own: `begin` takes it away as well
            pending.abort(session, path, upload)
        raise


def need_nothing_to_lose(session: Session, source: str, target: str) -> None:
    """Raise Unsupported where a service that knows no copies would put an empty object in the place
    of what is at `target`: it takes the request for one that stores no bytes."""
    if session.certain or session.seen_to_copy or look.head(session, target) is None:
        return
    raise Unsupported(source, "this service has not been seen to make copies yet")


def headers_of(session: Session, copy: Copy) -> dict[str, str]:
    """What a request says that makes the copy under its name."""
    headers = {**copy.headers, **_from(session, copy), "x-amz-metadata-directive": "REPLACE"}
    return headers | ({"x-amz-tagging-directive": "REPLACE"} if TAGGING in headers else {})


def need_copied(session: Session, answer: Answer, path: str) -> None:
    """Raise what an answer with status 200 says of a copy that was not made (faults.md C14).

    One that says nothing of a copy is of a service that knows none, and stored no bytes: what is
    there now shows by its size.
    """
    if _said(answer, path) is None:
        session.copies = False
    else:
        session.seen_to_copy = True


def refused(session: Session, answer: Answer, copy: Copy) -> ProviderError | None:
    """The error that a refusal to make `copy` by one request is; None: it is about what stands
    where the copy is to be."""
    if answer.status in {404, 412}:
        return _source_changed(session, copy)
    told = problem(answer, copy.source, _COPYING)
    if isinstance(told, Unsupported):
        session.copies = False
    if isinstance(told, Unsupported | Denied):
        return UploadExpired(copy.source, told.what)  # begun again, and its bytes are sent
    return told


def need_same_source(session: Session, copy: Copy) -> None:
    """Raise SourceChanged for a copy of what may be another object than was asked for.

    Amazon heeds the condition that went along.
    """
    changed = None if session.certain else _source_changed(session, copy)
    if changed is not None:
        raise changed


def _source_changed(session: Session, copy: Copy) -> SourceChanged | None:
    """What has an ETag again that it had before may have been another object in between."""
    told = look.headers_of(session, copy.source)
    if told is not None:
        same = look.entry_of(session, told, copy.source).version == copy.version
        if same and _stored(told) == copy.stored:
            return None
    return SourceChanged(copy.source)


def _stored(told: Mapping[str, str]) -> Sequence[str]:
    return [told.get(name, "") for name in ("Last-Modified", "x-amz-version-id")]


def _fetched(session: Session, copy: Copy, path: str, upload: str) -> Sequence[StoredPart]:
    """Every part, several at once. An `interrupt` of this thread ends them all."""
    with session.calls.call() as call, ThreadPoolExecutor(_AT_ONCE, "s3-copy") as threads:

        def fetch(number: int, first: int, last: int) -> StoredPart:
            call.check()
            with session.calls.on_behalf_of(call.thread):
                return _part(session, copy, path, upload, number, first, last)

        asked = [threads.submit(fetch, *each) for each in _ranges(copy.size)]
        done, left = wait(asked, return_when=FIRST_EXCEPTION)
        failed = [error for each in done if (error := each.exception()) is not None]
        if failed:
            for each in left:
                each.cancel()
            session.interrupt(call.thread)
            raise failed[0]
        return [each.result() for each in asked]


def _ranges(size: int) -> Iterator[tuple[int, int, int]]:
    """Number, first and last byte of each part. The mark of its job comes after all of them: it is
    the only way to find an upload whose memory was lost, and no part of what is put together."""
    length = max(_PART, -(-size // _MOST_PARTS))
    for number, first in enumerate(range(0, size, length), pending.FIRST):
        yield number, first, min(first + length, size) - 1


def _part(
    session: Session, copy: Copy, path: str, upload: str, number: int, first: int, last: int
) -> StoredPart:
    bucket, key = keys.split(path)
    query = {"partNumber": str(number), "uploadId": upload}
    headers = _from(session, copy)
    if last - first + 1 < copy.size:
        headers["x-amz-copy-source-range"] = f"bytes={first}-{last}"
    with session.send(
        "PUT", bucket, key, path=path, query=query, headers=headers, body=b""
    ) as answer:
        if answer.status != 200:
            raise _part_refused(session, answer, copy, path)
        etag = _said(answer, path)
    if etag is None:
        session.copies_parts = False
        raise Unsupported(copy.source, _NONE)
    return StoredPart(number, etag, {})


def _part_refused(session: Session, answer: Answer, copy: Copy, path: str) -> ProviderError:
    if answer.status == 412 or answer.fault.code == "NoSuchKey":
        return SourceChanged(copy.source)
    told = pending.expired(answer, path) or problem(answer, path, _COPYING)
    if isinstance(told, Unsupported):
        session.copies_parts = False
    return _instead(told)


def _said(answer: Answer, path: str) -> str | None:
    """The ETag of what was copied; None: the answer is not about a copy."""
    try:
        etag, fault = documents.copied(answer.storing())
    except BadXml:
        return None
    if fault is not None:
        raise _instead(by_code(fault, 200, answer.headers, path, _COPYING, answer.endpoint))
    return etag


def _instead(error: ProviderError) -> ProviderError:
    """Unsupported for what these keys may not do: they may read it, and write what was read."""
    if isinstance(error, Denied):
        return Unsupported(error.path, error.what, advice=error.advice)
    return error


def _from(session: Session, copy: Copy) -> dict[str, str]:
    bucket, key, revision = keys.exact(copy.source)
    which = f"?versionId={keys.quoted_value(revision['versionId'])}" if revision else ""
    opened = session.customer_key(source=True) if copy.sealed else {}
    return opened | {
        "x-amz-copy-source": f"/{keys.quoted(bucket)}/{keys.quoted(key)}{which}",
        "x-amz-copy-source-if-match": copy.version,
    }


def _sendable(value: str) -> bool:
    """Whether it goes back as it came: other bytes would not fit the signature."""
    return value.isascii() and value.isprintable()
