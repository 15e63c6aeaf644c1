"""What is journaled of an upload: its token, and a receipt of each part. Pure."""

from __future__ import annotations

import json

from providers.errors import UploadExpired
from providers.records import dataclass, values_of
from providers.s3.checksums import WEAKER, Sums
from providers.s3.documents import StoredPart


@dataclass(frozen=True, slots=True)
class Upload:
    """What a token holds. `upload`: the service's name of it; "" for what goes in one request."""

    path: str
    size: int | None
    modified: float | None
    mark: str  # what its object says it was made by
    upload: str
    sums: Sums  # of each part

    @property
    def key(self) -> str:
        """Of its job."""
        return self.mark.partition("-")[0]

    def token(self) -> str:
        return json.dumps(values_of(self))


def from_token(token: str) -> Upload:
    """Raises UploadExpired for a token of another version of Wharfie."""
    try:
        upload = Upload(**json.loads(token))
        if upload.sums not in {*WEAKER, ""}:
            raise ValueError
        return upload
    except (TypeError, ValueError) as error:
        raise UploadExpired("", "the note of the unfinished upload cannot be read") from error


def receipt(part: StoredPart, sums: Sums) -> str:
    return f"{part.etag} {part.told.get(sums, '')}".strip()


def of_receipt(text: str) -> tuple[str, str]:
    etag, _, checksum = text.partition(" ")
    return etag, checksum
