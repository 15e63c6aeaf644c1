"""Public buckets of S3 and its kin: keys, and folders only as what keys begin with.

ListObjectsV2 of Amazon's S3 API, asked without a sign-in of its own: one level at a time, part by
part. A bucket is the root of its server ("bucket.s3.example") or the first folder there
("s3.example/bucket"); neither is said anywhere, so both are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from providers.base import Entry
from providers.errors import ProviderError, Unsupported
from providers.http import paths
from providers.http.faults import problem
from providers.http.listing import entries_of, s3
from providers.http.listing.address import NotAListing
from providers.http.once import MOST_ENTRIES, Once
from providers.http.session import Session
from providers.records import dataclass
from providers.text import to_bytes
from providers.web.response import Response

_PART_BYTES = 8 << 20
_MOST_PARTS = MOST_ENTRIES // 250  # a part may be nearly empty, and a hostile list have no end
_LONGEST_TOKEN = 4096
_SIGNS = ("x-amz-", "x-goog-", "x-guploader-")  # what the names of their headers begin with
_ADVICE = "Give the address of a single file."


@dataclass(frozen=True, slots=True)
class Bucket:
    """Part of a bucket: the keys that begin with `prefix`. `root`: the bucket's address."""

    root: str
    prefix: str
    first: s3.Part


def may_be_one(response: Response) -> bool:
    """Whether an answer other than success looks like that of a bucket's server."""
    signed = any(name.startswith(_SIGNS) for name in response.headers)
    return signed or "xml" in response.headers.get("Content-Type", "").lower()


def find(session: Session, path: str) -> Bucket | None:
    """The keys below the folder `path`; None: there are none, or the server shows no list."""
    for depth in range(min(2, len(_names(path)) + 1)):
        found = _open(session, path, depth)
        if found is not None and (found.first.keys or found.first.truncated or not found.prefix):
            return found
    return None


def of_page(session: Session, path: str, page: s3.Part) -> Bucket | None:
    """The bucket that showed `page` at `path`; None when it takes no questions."""
    names = _names(path)
    below = [name for name in page.prefix.split("/") if name]
    if below != names[len(names) - len(below) :]:
        return None
    return _open(session, path, len(names) - len(below))


def pages(session: Session, path: str, bucket: Bucket) -> Iterator[Sequence[Entry]]:
    """What is in the folder `path`, a page for each part. Raises Unsupported for a list that
    repeats itself, or has no end (faults.md C17)."""
    names, part = Once(path), bucket.first
    tokens: set[str] = set()
    while True:
        if page := [*entries_of(part.found(), path, names)]:
            yield page
        if not part.truncated:
            return
        if not part.token or len(part.token) > _LONGEST_TOKEN:
            raise Unsupported(
                path, "the server lists only the first part of this bucket", advice=_ADVICE
            )
        if part.token in tokens or len(tokens) > _MOST_PARTS:
            what = "the server lists this bucket again and again, and never to its end"
            raise Unsupported(path, what, advice=_ADVICE)
        tokens.add(part.token)
        part = _next(session, path, bucket, part.token)


def _names(path: str) -> list[str]:
    return [paths.unquote_segment(segment) for segment in path.split("/") if segment]


def _open(session: Session, path: str, depth: int) -> Bucket | None:
    """The keys below `path` of the bucket whose address has `depth` names."""
    names = _names(path)
    prefix = "".join(f"{name}/" for name in names[depth:])
    root = "/" + "".join(f"{paths.quote_segment(name)}/" for name in names[:depth])
    with _asked(session, path, root, prefix) as response:
        if response.status != 200 or response.origin != session.base:
            return None
        try:
            first = s3.part_of(response.text(_PART_BYTES))
        except NotAListing:
            return None
    return Bucket(root, prefix, first) if first.prefix == prefix else None


def _next(session: Session, path: str, bucket: Bucket, token: str) -> s3.Part:
    with _asked(session, path, bucket.root, bucket.prefix, token) as response:
        if response.status != 200:
            raise problem(response, path, "listing it")
        try:
            part = s3.part_of(response.text(_PART_BYTES))
        except NotAListing:
            part = None
    if part is None or part.prefix != bucket.prefix or response.origin != session.base:
        raise Unsupported(path, "the server breaks off in the middle of its list", advice=_ADVICE)
    return part


@contextmanager
def _asked(
    session: Session, path: str, root: str, prefix: str, token: str = ""
) -> Iterator[Response]:
    """An answer about some keys; its errors are about the folder, not about the question."""
    query = {"list-type": "2", "encoding-type": "url", "delimiter": "/"}
    if token:
        query["continuation-token"] = token
    address = f"{root}?{urlencode(query, quote_via=quote)}&prefix={quote(to_bytes(prefix))}"
    try:
        with session.send("GET", address) as response:
            yield response
    except ProviderError as error:
        error.path = path if error.path == address else error.path
        raise
