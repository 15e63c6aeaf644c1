"""Uploads in parts that somebody began: parts take up room, and are paid for, until taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from providers.errors import Denied, InvalidName, NotFound, Unsupported, UploadExpired
from providers.extras import Unfinished
from providers.s3 import documents, keys, lists, pending
from providers.s3.documents import Pending
from providers.s3.session import Session

_MOST_PARTS = 1000  # that are added up: one answer
_AT_ONCE = 20  # uploads that are looked at before they are told of


def unfinished(session: Session, path: str) -> Iterator[Sequence[Unfinished]]:
    """As `Clearing.unfinished`; also those of Wharfie that are under way."""
    bucket, key = keys.split(path)
    if not bucket:
        what = "unfinished uploads are listed of one bucket at a time"
        raise Unsupported(path, what, advice="Open a bucket.")
    sizes = _Sizes(session)
    query = {"uploads": "", "prefix": key}
    doing = "listing unfinished uploads"
    for page in lists.pages(session, path, bucket, query, documents.uploads, doing):
        found = iter([each for each in page.pending if _is_meant(each, key)])
        while some := [*islice(found, _AT_ONCE)]:
            yield [
                Unfinished(where, each.upload, each.began, size)
                for each, where in ((each, f"/{bucket}/{each.key}") for each in some)
                for size in sizes.of(where, each.upload)
            ]


def take_back(session: Session, upload: Unfinished) -> None:
    """As `Clearing.take_back`. A part that is being sent meanwhile may stay: it is listed again."""
    if not upload.id:  # without one the request would remove the object
        raise InvalidName(upload.path, "the service does not name this upload", advice="")
    pending.abort(session, upload.path, upload.id)


def _is_meant(each: Pending, key: str) -> bool:
    """Whether it is at or below `key`, and can be named."""
    folder = key if not key or key.endswith("/") else f"{key}/"
    return each.upload != "" and (each.key == key or each.key.startswith(folder))


class _Sizes:
    """How much unfinished uploads hold, as long as the service tells."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told = True

    def of(self, path: str, upload: str) -> Sequence[int | None]:
        """One size, None when it is not known; nothing when the upload is gone."""
        if not self._told:
            return [None]
        try:
            found = pending.parts(self._session, path, upload)
            sizes = [part.size for part in islice(found, _MOST_PARTS + 1)]
        except UploadExpired:
            return []
        except (Denied, NotFound, Unsupported):
            self._told = False
            return [None]
        known = [size for size in sizes if size is not None]
        return [sum(known) if len(known) == len(sizes) <= _MOST_PARTS else None]
