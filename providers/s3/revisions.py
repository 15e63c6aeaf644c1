"""What objects have been: in a bucket that keeps versions, deleting one hides it under a mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from providers.base import Entry, Kind
from providers.errors import NotFound, Unsupported, WrongKind
from providers.extras import Revision
from providers.s3 import documents, keys, lists, look
from providers.s3.documents import Version
from providers.s3.faults import problem
from providers.s3.session import Session

_REPLACED = "null"
"""Stored while the bucket kept no versions: the next that is stored so takes its place, for good.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html"""


def revisions(session: Session, path: str) -> Iterator[Sequence[Revision]]:
    """As `Versioned.revisions`. Where nothing stands any more it may have been a file or a folder.

    A revision's address stands for its file.
    """
    file = keys.file_of(path)
    if not keys.split(file)[0]:
        raise Unsupported(path, "versions are kept of what is in a bucket", advice="Open one.")
    kind = Kind.FILE if keys.is_revision(path) else _kind(session, path)
    found = False
    if kind is not Kind.DIR and not keys.is_folder(file):
        for page in _of_file(session, file):
            found = True
            yield page
    if kind is Kind.FILE and not found:
        raise Unsupported(path, "the service lists no versions of it", advice="")
    if not found:
        for page in _deleted_in(session, file):
            found = True
            yield page
    if kind is None and not found:
        raise NotFound(path)


def remove(session: Session, path: str) -> None:
    """One revision, for good. Removing what says that the file was deleted takes that back.

    Looked at before: a service that does not heed which revision is meant would remove the file.
    Raises NotFound, Denied, Unsupported.
    """
    bucket, key, revision = keys.exact(path)
    try:
        if look.head(session, path) is None:
            raise NotFound(path)
    except WrongKind:
        pass  # nothing to read, and all the same to be removed
    with session.send("DELETE", bucket, key, path=path, query=revision) as answer:
        if answer.status not in {200, 204}:
            raise problem(answer, path, "removing this version")


def _kind(session: Session, path: str) -> Kind | None:
    try:
        return look.look(session, path).kind
    except NotFound:
        return None


def _of_file(session: Session, path: str) -> Iterator[Sequence[Revision]]:
    """The newest come first; some services list the marks of what was deleted after the rest."""
    bucket, key = keys.split(path)
    for page in _pages(session, path, bucket, {"prefix": key}):
        found = [each for each in page if each.object.key == key]
        found.sort(key=lambda each: not each.current)
        if found:
            yield [_revision(bucket, each) for each in found]
        if len(found) < len(page):  # in the order of keys: those it is the beginning of come last
            return


def _deleted_in(session: Session, path: str) -> Iterator[Sequence[Revision]]:
    bucket, prefix = keys.prefix_of(path)
    for page in _pages(session, path, bucket, {"prefix": prefix, "delimiter": "/"}):
        found = [each for each in page if each.deleted and each.current]
        found = [each for each in found if _directly_in(prefix, each.object.key)]
        if found:
            yield [_revision(bucket, each) for each in found]


def _directly_in(prefix: str, key: str) -> bool:
    name = key.removeprefix(prefix)
    return key.startswith(prefix) and name != "" and "/" not in name


def _pages(
    session: Session, path: str, bucket: str, asking: Mapping[str, str]
) -> Iterator[list[Version]]:
    query = {"versions": "", **asking}
    for page in lists.pages(
        session, path, bucket, query, documents.versions, "listing its versions"
    ):
        yield page.versions


def _revision(bucket: str, version: Version) -> Revision:
    stored = version.object
    path = f"/{bucket}/{stored.key}"
    entry = Entry(
        keys.revision(path, version.id),
        keys.name(path),
        Kind.FILE,
        size=None if version.deleted else stored.size,
        modified=stored.modified,
        version=stored.etag or None,
    )
    return Revision(entry, version.current, version.deleted, kept=version.id != _REPLACED)
