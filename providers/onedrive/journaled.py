"""What is journaled of an upload: its token, and a receipt of each part. Pure."""

from __future__ import annotations

import json

from providers.errors import UploadExpired
from providers.records import dataclass, field, values_of


@dataclass(frozen=True, slots=True)
class Upload:
    """What a token holds. `sealed`: the address that parts go to, "" for a file that goes in one
    request; only the home's key opens it. `drive` and `folder` are IDs of where it goes."""

    path: str
    name: str
    drive: str
    folder: str
    size: int | None  # bytes
    modified: float | None  # Unix seconds
    part_size: int
    mark: str  # its job's key, and what tells it from others of that
    sealed: str = field(repr=False)
    personal: bool
    replaces: bool  # the session was told that something may be replaced

    @property
    def key(self) -> str:
        """Of its job."""
        return self.mark.partition("-")[0]

    def token(self) -> str:
        return json.dumps(values_of(self))


def from_token(token: str) -> Upload:
    """Raises UploadExpired for a token of another version of Wharfie."""
    try:
        return Upload(**json.loads(token))
    except (TypeError, ValueError):
        pass  # raised out here: the error of before holds the token
    raise UploadExpired("", "the note of the unfinished upload cannot be read")


def receipt(start: int, end: int) -> str:
    """Of the bytes from `start` up to `end`: the service tells nothing but how far it is."""
    return f"{start}-{end}"


def receipts(upload: Upload, received: int) -> dict[int, str]:
    """Of the parts that are whole among the first `received` bytes."""
    size = upload.size or 0
    found = {}
    for number, start in enumerate(range(0, received, max(1, upload.part_size))):
        end = min(start + upload.part_size, size)
        if end > received:
            break
        found[number] = receipt(start, end)
    return found
