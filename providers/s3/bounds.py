"""What an upload may be: where, how large, of which parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from providers.base import Body
from providers.errors import Doubtful, InvalidName, SourceChanged, Unsupported, WrongKind
from providers.s3 import checksums, keys
from providers.s3.checksums import SHA256
from providers.s3.tokens import Upload, of_receipt

WHOLE_MOST = 8 << 20
"""Bytes of a file that is stored by one request."""

MOST_PARTS = 10_000
"""Of one object: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""


def gathered(body: Body, upload: Upload, offset: int) -> bytearray:
    data = bytearray()
    for chunk in body:
        data += chunk
        need_within(upload, offset + len(data))
    return data


def need_within(upload: Upload, end: int) -> None:
    if upload.size is not None and end > upload.size:
        raise SourceChanged(upload.path, "more bytes came than the file had")


def need_object(path: str, within: str) -> None:
    bucket, key = keys.split(path)
    if not key:
        raise WrongKind(path, "is a bucket, or where buckets are" if bucket else "holds buckets")
    if keys.is_folder(path):
        raise WrongKind(path, "is a folder")
    chosen, prefix = keys.prefix_of(within)
    if within and chosen and not (chosen == bucket and key.startswith(prefix)):
        raise InvalidName(path, "it is not in the folder that was chosen")


def need_room_for(path: str, size: int | None, part_size: int) -> None:
    """Raise Unsupported for what would be more parts than an object can have (faults.md C15)."""
    if size is not None and size > part_size * MOST_PARTS:
        raise too_many(path)


def too_many(path: str) -> Unsupported:
    what = f"it is too large for an object, which has {MOST_PARTS:,} parts at most"
    return Unsupported(path, what, advice="Cut it into several files.")


def need_those_parts(upload: Upload, receipts: Sequence[str], told: Mapping[str, str]) -> None:
    """Raise Doubtful when the service says that it put other parts together than those it was
    sent: it tells the digest of their digests, and how many there are (faults.md C15)."""
    said, dash, _ = told.get("x-amz-checksum-sha256", "").partition("-")
    sent = checksums.of_digests([of_receipt(each)[1] for each in receipts])
    if upload.sums == SHA256 and receipts and dash and sent and said != sent:
        raise Doubtful(upload.path, "the service says that it put other parts together")
