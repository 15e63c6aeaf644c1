"""Buckets as a place: the contract of `providers.base` over one service's session."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from providers.access import Access
from providers.base import Body, Capabilities, Entry, Hasher, Kind, Parts
from providers.errors import AlreadyExists, NotEmpty, NotFound, ProviderError, Unsupported
from providers.extras import Link, Property, Revision, Unfinished
from providers.records import replace
from providers.s3 import (
    buckets,
    clearing,
    keys,
    look,
    marks,
    properties,
    reading,
    removing,
    revisions,
    sharing,
)
from providers.s3.bounds import MOST_PARTS, WHOLE_MOST
from providers.s3.checksums import CRC64, MD5, SHA256, Crc64, Md5, Sums
from providers.s3.describing import MADE_BY
from providers.s3.options import options_of
from providers.s3.session import Session
from providers.s3.uploads import Uploads
from providers.web.delivery import Delivery
from providers.web.patience import USUAL, Patience

__all__ = ["S3Provider", "open_endpoint"]

CAPS = Capabilities(
    connections=8,
    ranged_reads=True,
    real_directories=False,
    atomic_replace=True,
    exact_versions=True,
    digests=frozenset(),
    parts=Parts(order="any", min_size=5 << 20, max_size=5 << 30, max_count=MOST_PARTS),
    streams=4,
    told_when_read=True,
    renames=False,
    states=(MD5,),
    tops="bucket",
    keeps_modified=False,  # that is in the metadata, which a listing does not tell
)
_BY_SUMS: Mapping[Sums, Capabilities] = {
    CRC64: replace(CAPS, states=(CRC64,)),
    SHA256: replace(CAPS, unstated="this service takes checksums of parts only"),
    "": replace(CAPS, unstated="this service takes no checksums"),
}


class S3Provider:
    """See `providers.base` for what each method promises. Connects when it is first used."""

    longest_link: float = sharing.LONGEST

    def __init__(self, session: Session) -> None:
        self._session = session
        self._uploads = Uploads(session)
        self._marks: bool | None = None  # whether an empty folder can be marked; None: not known

    @property
    def caps(self) -> Capabilities:
        """What it states follows from the checksums that it has taken so far."""
        return _BY_SUMS[self._session.sums] if self._session.options.sums else CAPS

    @property
    def requests(self) -> int:
        return self._session.requests

    def close(self) -> None:
        self._session.close()

    def interrupt(self, thread: int) -> None:
        self._session.interrupt(thread)

    # Addresses -------------------------------------------------------------------------------

    def resolve(self, path: str) -> str:
        return keys.resolve(path)

    def join(self, directory: str, name: str) -> str:
        return keys.join(directory, name)

    def parent(self, path: str) -> str:
        return keys.parent(path)

    def name(self, path: str) -> str:
        return keys.name(path)

    def distinct(self, one: str, other: str) -> bool:
        """Two keys of one bucket of Amazon's. Another bucket may be this one by the alias of an
        access point (AWS S3 guide, "Access point aliases"); what stands behind other services may
        be a folder with links."""
        bucket, key, _ = keys.exact(one)
        other_bucket, other_key, _ = keys.exact(other)
        return self._session.certain and bucket == other_bucket and key != other_key

    # Looking ---------------------------------------------------------------------------------

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        return look.pages(self._session, path)

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        return look.look(self._session, path)

    def published(self, entry: Entry) -> Mapping[str, str]:
        """The SHA-256 in its metadata: by whoever stored it, as each small file of ours has it."""
        return look.written(self._session, entry)

    def hasher(self, algorithm: str) -> Hasher:
        return Crc64() if algorithm == CRC64 else Md5(WHOLE_MOST)

    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> AbstractContextManager[Delivery]:
        return reading.read(self._session, path, offset=offset, length=length, version=version)

    # Changing --------------------------------------------------------------------------------

    def make_dir(self, path: str) -> None:
        """A bucket; else an empty object whose key ends in a slash: a folder with nothing in it.

        Where a service makes a file of that there are no such folders: they appear with what is
        put in them.
        """
        bucket, prefix = keys.prefix_of(path)
        if not bucket:
            raise AlreadyExists(path)
        if not prefix:
            buckets.make(self._session, path)
            return
        try:
            look.look(self._session, path)
        except NotFound:
            if self._marks is not False:
                self._mark_folder(path, bucket, prefix)
            return
        raise AlreadyExists(path)

    def delete(self, path: str) -> None:
        """An object; one revision, for good; a folder with nothing in it but its own mark, which
        holds no bytes; an empty bucket."""
        if keys.is_revision(path):
            revisions.remove(self._session, path)
            return
        bucket, key = keys.split(path)
        if not bucket:
            raise Unsupported(path, "it is the list of buckets", advice="")
        if not key:
            buckets.remove(self._session, path)
            return
        entry = look.look(self._session, path)
        if entry.kind is Kind.DIR:
            key = keys.prefix_of(path)[1]
            for page in look.pages(self._session, path):
                if page:
                    raise NotEmpty(path)
            look.need_no_bytes(self._session, path)
        removing.one(self._session, path, bucket, key)

    def remove_tree(self, path: str) -> Generator[ProviderError | None, None, None]:
        """Every key below the folder, as it is spelled, and the folder's own mark last.

        A bucket goes only when it is empty: its name may be anybody's from then on.
        """
        if keys.split(path)[1]:
            yield from removing.tree(self._session, path)
            return
        try:
            self.delete(path)
        except ProviderError as error:
            yield error
        else:
            yield None

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        raise Unsupported(source, "a bucket renames nothing: it is copied, and the old one removed")

    def begin(
        self,
        path: str,
        size: int | None,
        *,
        key: str,
        part_size: int,
        modified: float | None = None,
        mode: int | None = None,
        within: str = "",
    ) -> str:
        return self._uploads.begin(
            path, size, key=key, part_size=part_size, modified=modified, within=within
        )

    def abandon(self, path: str, *, key: str) -> None:
        self._uploads.abandon(path, key=key)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        return self._uploads.put_part(upload, index, offset, body)

    def copy_into(self, upload: str, source: str, *, version: str | None) -> Sequence[str]:
        return self._uploads.copy_into(upload, source, version)

    def parts(self, upload: str) -> Mapping[int, str] | None:
        return self._uploads.parts(upload)

    def staged(self, upload: str) -> str | None:
        return None

    def finish(
        self,
        upload: str,
        receipts: Sequence[str],
        *,
        replacing: str | None,
        again: bool = False,
    ) -> Entry:
        return self._uploads.finish(upload, receipts, replacing=replacing, again=again)

    def abort(self, upload: str) -> None:
        self._uploads.abort(upload)

    # More of it (providers.extras) ------------------------------------------------------------

    def revisions(self, path: str) -> Iterator[Sequence[Revision]]:
        return revisions.revisions(self._session, path)

    def share(self, path: str, seconds: float) -> Link:
        return sharing.share(self._session, path, seconds)

    def properties(self, path: str) -> Sequence[Property]:
        return properties.properties(self._session, path)

    def unfinished(self, path: str) -> Iterator[Sequence[Unfinished]]:
        return clearing.unfinished(self._session, path)

    def take_back(self, upload: Unfinished) -> None:
        clearing.take_back(self._session, upload)

    def _mark_folder(self, path: str, bucket: str, prefix: str) -> None:
        mark = secrets.token_hex(8)
        if not marks.put(self._session, path, mark, {"If-None-Match": "*"}):
            marks.put(self._session, path, mark, {})
        if self._marks is None:
            beside = f"/{bucket}/{prefix.removesuffix('/')}"
            made = None if keys.is_folder(beside) else look.headers_of(self._session, beside)
            self._marks = made is None or made.get(MADE_BY) != mark
            if not self._marks:  # `rclone serve s3` does so
                removing.one(self._session, path, bucket, keys.split(beside)[1])


def open_endpoint(endpoint: str, access: Access, patience: Patience = USUAL) -> S3Provider:
    """The provider for "s3:" or "s3:https://host:9000#work". Raises InvalidName; connects, and
    looks for keys, when it is first used."""
    options = options_of(access.sites.options(endpoint))
    return S3Provider(Session(endpoint, options, access, patience=patience))
