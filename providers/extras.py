"""What some places offer besides the contract of `providers.base`: data and protocols, no logic.

Nothing here moves a file's bytes: a screen asks for it, and offers what a place has. Text in it
came from a server and is untrusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from providers.base import Entry
from providers.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Revision:
    """One of the contents that a file has had. `entry.path` is the address of this very one:
    `stat`, `read`, `delete` and copies take it, and `name` and `parent` of it are the file's.

    Copying it onto the file's own path brings it back.
    """

    entry: Entry  # its `modified`: when it was stored, Unix seconds
    current: bool  # the file has it now
    # It says that the file was deleted, and cannot be read; deleting it takes that back.
    deleted: bool = False
    # It stays among the revisions when the file gets other content; False: nobody promises that.
    kept: bool = True


@runtime_checkable
class Versioned(Protocol):
    """A place that keeps what files were before."""

    def revisions(self, path: str) -> Iterator[Sequence[Revision]]:
        """Those of the file at `path`, or of which `path` is one, newest first, in pages as they
        arrive. A file that is deleted has them too.

        Of a directory: the newest of each file in it that is deleted. Raises NotFound, Denied,
        Unsupported where this place keeps none.
        """
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """An address that opens a file for whoever has it: a secret. `until`: Unix seconds; None: it
    holds until somebody takes it back."""

    url: str = field(repr=False)
    until: float | None
    sooner: bool = False  # it ends before that with temporary keys, whose end nobody knows


@runtime_checkable
class Sharer(Protocol):
    """A place that gives a file an address for others."""

    longest_link: float  # seconds; the most that `share` grants

    def share(self, path: str, seconds: float) -> Link:
        """An address that reads the file or revision at `path` for that long, or for the longest
        that is granted. Raises NotFound, WrongKind, Denied, Unsupported."""
        ...


@dataclass(frozen=True, slots=True)
class Property:
    """One thing that a place says of a file, in its own words. Both texts are untrusted."""

    name: str
    value: str


@runtime_checkable
class Describer(Protocol):
    """A place that knows more of its files than an entry holds."""

    def properties(self, path: str) -> Sequence[Property]:
        """All it says of the file, directory or revision at `path`. Raises NotFound, Denied."""
        ...


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload that was begun and neither finished nor taken back; its parts take up room."""

    path: str  # what it would become
    id: str  # opaque; tells it from others to the same path
    began: float | None  # Unix seconds
    size: int | None  # bytes it holds; None: not known


@runtime_checkable
class Clearing(Protocol):
    """A place where unfinished uploads of anybody lie about, and can be taken back."""

    def unfinished(self, path: str) -> Iterator[Sequence[Unfinished]]:
        """Those at and below `path`, in pages as they arrive. Raises NotFound, Denied,
        Unsupported."""
        ...

    def take_back(self, upload: Unfinished) -> None:
        """Remove what it holds. One under way elsewhere fails by that. Gone already is success."""
        ...


@runtime_checkable
class Moder(Protocol):
    """A place whose files have POSIX permissions that can be set."""

    def set_mode(self, path: str, mode: int, *, within: str = "") -> None:
        """Give a file or directory the permission bits `mode` (0o7777).

        A link is refused, and so is one between `within` and `path`, as for `Writer.begin`: what a
        link leads to is never changed. Raises WrongKind for one, NotFound, Denied, Unsupported.
        """
        ...


@runtime_checkable
class Linker(Protocol):
    """A place with symbolic links, where they can be made. `within` is as for `Writer.begin`."""

    def make_link(self, path: str, target: str, *, within: str = "") -> None:
        """Make a link at `path`, never over something. `target` is kept as it is: it need not
        exist. Raises AlreadyExists, NotFound, Denied, Unsupported, InvalidName, WrongKind."""
        ...

    def replace_link(
        self, path: str, target: str, *, key: str, replacing: str, within: str = ""
    ) -> None:
        """Make a link in place of the file or link at `path`, in one step where the place can.

        `replacing`: only that version (TargetChanged), ANY_VERSION: whatever is there. `key` (eight
        hex digits) names what is unfinished meanwhile: `Writer.abandon` removes what a crash or
        an error left of it. Raises as `make_link`, and WrongKind for a directory.
        """
        ...

    def leads_to(self, path: str) -> str:
        """The address of what the link at `path` leads to in the end, through no link. Raises
        NotFound where that is nowhere, Unsupported for a circle, Denied."""
        ...


@runtime_checkable
class HardLinker(Protocol):
    """A place where a file can have several names."""

    def make_hard_link(self, path: str, existing: str) -> None:
        """Give the file `existing` another name `path`, never over something. Raises
        AlreadyExists, NotFound, Denied, WrongKind, Unsupported."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A place across a network, that counts what it is asked."""

    @property
    def requests(self) -> int:
        """How many requests went out since it was opened, in vain or not: HTTP requests, or SFTP
        packets that ask for something (opening, each page of a listing, closing)."""
        ...


@runtime_checkable
class Trash(Protocol):
    """A place with a trash, out of which a person takes again what was thrown away."""

    def throw_away(self, path: str) -> str:
        """Put what stands at `path` into the trash, a link itself.

        Returns the address it has there, "" where only the system's own program finds it. Raises
        NotFound, and Unsupported where it cannot go there (another volume): it stays where it is.
        """
        ...

    def take_out(self, thrown: str, path: str) -> None:
        """Give what `throw_away` put at `thrown` its old address, never over something. Raises
        AlreadyExists, NotFound, Denied."""
        ...
