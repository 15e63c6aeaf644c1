"""The contract of places that take many small files at once: what each of them would wait for goes
under way for all together. Data and protocols, no logic.

Each of these calls may do less than it is asked to: what it leaves goes the usual way, call by call
(`providers.base`), and that says what is wrong with it. So there is one place for each error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from providers.base import Buffer, Entry
from providers.errors import ProviderError
from providers.records import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of `size` bytes, as it was listed."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """All bytes of a file, which was the same before and after they were read."""

    entry: Entry
    pieces: Sequence[Buffer]


@dataclass(frozen=True, slots=True)
class Storing:
    """An upload of one part, `size` bytes in `pieces`: see `providers.base.Writer.begin`.

    `proof`: what was stored is to be read back, if that costs little.
    """

    path: str
    pieces: Sequence[Buffer]
    size: int
    key: str
    modified: float | None
    mode: int | None
    within: str
    proof: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """Unfinished bytes as they stand there. `upload` and `receipts` are as good as those of
    `providers.base.Writer`. `alike`: whether what was read back is what was sent; None: nothing
    was."""

    upload: str
    receipts: tuple[str, ...]
    entry: Entry
    alike: bool | None


@dataclass(frozen=True, slots=True)
class Naming:
    """Stored bytes that are to get their name, asked for the first time. `replacing`: as for
    `providers.base.Writer.finish`."""

    upload: str
    replacing: str | None


@runtime_checkable
class Batcher(Protocol):
    """A place that takes many small files in one call. None of these calls raises anything."""

    def stat_all(self, paths: Sequence[str]) -> Sequence[Entry | ProviderError]:
        """What `Provider.stat` returns or raises of each of `paths`, but for where a link leads."""
        ...

    def fetch(self, files: Sequence[Wanted]) -> Sequence[Fetched | None]:
        """Read all of `files`, and look at each again after its last byte. None: the file is not
        just as it was listed, or something went wrong."""
        ...

    def store(self, files: Sequence[Storing]) -> Sequence[Stored | None]:
        """Store the bytes of `files` as `Writer.begin` and `put_part` do. None: not stored, or
        something went wrong; `Writer.abandon` removes what may lie there."""
        ...

    def name_all(self, files: Sequence[Naming]) -> Sequence[Entry | ProviderError | None]:
        """Make durable what was stored of these uploads and give it its name: what `Writer.finish`
        would return or raise. None: `finish` is to find out."""
        ...
