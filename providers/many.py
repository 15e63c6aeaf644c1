"""The contract of places that take many small files at once: what each of them would wait for goes
under way for all together. Data and protocols, no logic.

Each of these calls may do less than it is asked to: what it leaves goes the usual way, call by call
(`providers.base`), and that says what is wrong with it. So there is one place for each error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from providers.base import Body, Entry, Reader
from providers.records import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of `size` bytes, as it was listed."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Stored:
    """Unfinished bytes as they stand there. `sha256` (lower-case hex) is of what was read back;
    "": nothing was."""

    entry: Entry
    sha256: str


class Gathering(Protocol):
    """Uploads that are brought on their way together, each of one part and where nothing stands.

    Used by one thread. Its tokens and receipts are as good as others: `providers.base.Writer`
    takes them as well.
    """

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
        """The token of an upload, as `Writer.begin`; nothing is sent yet."""
        ...

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        """Keep the bytes in memory, and give their receipt."""
        ...

    def send(self, proofs: Mapping[str, bool]) -> Mapping[str, Stored]:
        """Send what was kept of these uploads; where it says True what was stored is read back, if
        that costs little. What is left out was not stored. Raises nothing."""
        ...

    def name(self, uploads: Sequence[str]) -> None:
        """Make durable what was sent of `uploads` and give it its name, as `Writer.finish` with
        replacing=None. Raises nothing: how each ended `finish` tells."""
        ...

    def finish(self, upload: str, receipts: Sequence[str]) -> Entry:
        """What came of `name`, or the usual `Writer.finish` of what that has left. Raises as it
        does."""
        ...


@runtime_checkable
class Batcher(Protocol):
    """A place that takes many small files in one call."""

    def fetch(self, files: Sequence[Wanted]) -> Sequence[Reader | None]:
        """Open and read all of `files`, and look at each again after its last byte: a reader holds
        the bytes in memory, and is `Sealing`. None: the file is not just as it was listed, or
        something went wrong. Raises nothing."""
        ...

    def gather(self) -> Gathering:
        """Uploads to be brought on their way together. Asks nobody."""
        ...
