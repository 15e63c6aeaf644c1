"""The contract between Wharfie and a place where files live. Data and protocols, no logic.

Every provider is blocking and thread-safe: many worker threads share one. It raises nothing but
`providers.errors.ProviderError`. Text that came from a server (names, link targets) is untrusted:
`providers.text` says how to show it and `Provider.join` refuses to build an address from a bad one.

Paths and names are `str`. Bytes that are not UTF-8 are carried as surrogate escapes (PEP 383), so
that every name goes back to the server exactly as it came.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from providers.errors import ProviderError
from providers.records import dataclass, field

Buffer: TypeAlias = bytes | bytearray | memoryview
Body: TypeAlias = Iterable[Buffer]
"""The bytes of one part, in order. A chunk is only valid until the next one is asked for."""

_NO_DIGESTS: Mapping[str, str] = MappingProxyType({})


def no_digests() -> Mapping[str, str]:
    """One shared empty mapping: a million entries must not hold a million dicts."""
    return _NO_DIGESTS


ANY_VERSION = ""
"""For `Writer.finish(replacing=…)`: replace whatever stands there."""


class Kind(StrEnum):
    """What a directory entry is. A link is never followed to find out."""

    FILE = "file"
    DIR = "dir"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Place:
    """An address: which endpoint, and a path there.

    `endpoint` names a connection without secrets ("file:", "sftp://ann@host:22"); `path` is the
    provider's own address. Both are what a job journals and a pane shows.
    """

    endpoint: str
    path: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, directory, link or other thing, as its place describes it."""

    path: str  # the provider's own address of it; opaque to others
    name: str  # untrusted: shown escaped, checked before it names a file elsewhere
    kind: Kind
    size: int | None = None  # bytes; None = unknown
    modified: float | None = None  # Unix seconds
    mode: int | None = None  # POSIX permission bits (0o7777)
    target: str | None = None  # of a link, where the place tells it
    version: str | None = None  # opaque; changes when the content changes
    # What the place itself says of the stored file: {"sha256": "…hex"}.
    digests: Mapping[str, str] = field(default_factory=no_digests)


@dataclass(frozen=True, slots=True)
class Parts:
    """How an upload may be cut. Sizes in bytes."""

    order: Literal["any", "sequential"]
    min_size: int
    max_size: int
    multiple_of: int = 1
    max_count: int | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a place can do: data, so that nobody asks which provider it is."""

    connections: int  # how many requests at once are polite
    ranged_reads: bool
    real_directories: bool  # an empty directory can exist
    atomic_replace: bool  # finish() swaps old for new with no moment in between
    exact_versions: bool  # False: a version has whole seconds and may miss a change
    digests: frozenset[str]  # what digest() can make of the stored bytes: {"sha256"}
    parts: Parts | None  # None: cannot be written
    # Reading costs no network: stored bytes are proven by reading all of them. What `put_part` was
    # given can be read where it is `staged` as soon as the next chunk is asked for.
    near: bool = False
    # `Reader.entry` of a whole file tells what `stat` does, and nothing is read that `stat` would
    # call a link: who wants the bytes need not look before.
    told_when_read: bool = False
    streams: int = 1  # parts of one file at once that may be faster than one after the other
    writing_streams: int = 1  # the same, where it helps only to store them
    in_place: bool = False  # bytes are sent to their final name: what stood there goes with them
    renames: bool = True  # `Writer.rename` may succeed; False: it never does
    hard_links: bool = False  # a file can get another name (`HardLinker`)
    shows_stored: bool = True  # False: what was stored may be out of sight, like a letter posted
    # What lies directly in its root is called, "bucket": made and removed by a person only, because
    # it is more than a folder. "": folders like any other.
    tops: str = ""
    # Digests besides SHA-256 that `Entry.digests` may tell of what is stored, best first: each can
    # be made of the bytes as they pass (`Stating`).
    states: tuple[str, ...] = ()
    folds_names: bool = False  # names that differ only in case, or in how letters are made, are one
    unstated: str = ""  # why it tells none, where it might: for a person, as half a sentence
    # Where what is deleted waits to be brought back: "OneDrive's recycle bin". "": it is gone.
    recycles: str = ""
    # A listing's `modified` is the time that the file was given; False: when it was stored here;
    # None: one or the other, as the server likes.
    keeps_modified: bool | None = True


class Reader(Protocol):
    """An open file. `entry` is what was opened (its version and size), not what was asked for."""

    @property
    def entry(self) -> Entry: ...

    def chunks(self) -> Iterator[Buffer]:
        """The bytes asked for, in order.

        Ends only when every byte was delivered. Raises SourceChanged when the file ends early and
        ConnectionLost when the connection does: a short read is never a quiet end (faults.md 1).
        """
        ...


@runtime_checkable
class Filler(Protocol):
    """A reader that can bring its bytes straight to where they are wanted."""

    def fill(self, memory: memoryview, /) -> int:
        """Some of the bytes asked for that come next: how many; 0 after the last of them. Raises
        as `Reader.chunks`; one reader is asked in one of the two ways."""
        ...


@runtime_checkable
class InMemory(Protocol):
    """A part's body that is in memory as a whole, for who has to sign or digest it before it is
    sent. Its bytes are counted, and slowed, where they are iterated over."""

    memory: memoryview

    def __iter__(self) -> Iterator[Buffer]: ...


@runtime_checkable
class Sealing(Protocol):
    """A reader that may know, when its last byte has come, that all of them are of one content."""

    @property
    def sealed(self) -> bool:
        """Whether the bytes match a digest that the place has of just the version in `entry`: it
        need not be looked at again to see whether it changed meanwhile."""
        ...


class Provider(Protocol):
    """A tree of files that can be listed and read."""

    @property
    def caps(self) -> Capabilities: ...

    def resolve(self, path: str) -> str:
        """The absolute, canonical address of `path`; "" is the place to start (home).

        Does not follow a link in the last component. The path need not exist.
        """
        ...

    def join(self, directory: str, name: str) -> str:
        """The address of `name` in `directory`. The one gate for untrusted names.

        Raises InvalidName for a name that could leave the directory ("", ".", "..", with a
        separator or NUL) or that this place cannot store.
        """
        ...

    def parent(self, path: str) -> str:
        """The directory that holds `path`; the root is its own parent."""
        ...

    def name(self, path: str) -> str:
        """The last component of `path`; "" for the root."""
        ...

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        """The entries of a directory in pages, as they arrive, in the place's own order.

        "." and ".." are left out. A link to a directory given as `path` is followed. Raises
        NotFound, WrongKind, Denied.
        """
        ...

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        """One entry. A link is described itself unless `follow`. Raises NotFound, Denied."""
        ...

    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> AbstractContextManager[Reader]:
        """Open a file to read `length` bytes (None: to its end) from `offset`.

        Raises SourceChanged when `version` is given and is no longer the file's, WrongKind when
        it is not a regular file.
        """
        ...

    def close(self) -> None:
        """Let go of every connection. Calls under way end with ConnectionLost."""
        ...


@runtime_checkable
class Writer(Protocol):
    """A place that can be changed.

    An upload is a token: a string that holds all that is needed to go on after a restart, so that
    it can be journaled. `begin` makes it, parts fill it, `finish` gives it its name: until then
    the destination is whole-old, after that it is whole-new.
    """

    def make_dir(self, path: str) -> None:
        """Make one directory, its name durable where the place can.

        Raises AlreadyExists when anything stands there.
        """
        ...

    def delete(self, path: str) -> None:
        """Remove one file, link or empty directory; a link is never followed.

        Raises NotFound, NotEmpty, Denied.
        """
        ...

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        """Give a file or directory another name in the same place, never over something.

        `within`: no link between it and `target` is followed, as for `begin`. Raises
        AlreadyExists, NotFound, Denied, WrongKind.
        """
        ...

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
        """Start an upload to `path` and return its token.

        `key` (eight hex digits) is the job's own: called again with it, `begin` takes over and
        empties what an earlier call left, so nothing is orphaned when a token was lost. Unfinished
        bytes are readable by the owner only. `modified` (Unix seconds) and `mode` are applied by
        `finish`; set-id and sticky bits never are. `within`: the directory that a person chose; a
        link between it and `path` is never followed (faults.md D3). Raises WrongKind for one.
        """
        ...

    def abandon(self, path: str, *, key: str) -> None:
        """Remove what a `begin` with this path and key left, its token lost.

        A crash or a lost answer may fall between the making of an upload and the journaling of its
        token: path and key are journaled before. Nothing there is success.
        """
        ...

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        """Store one part and return its receipt: the place has acknowledged every byte."""
        ...

    def parts(self, upload: str) -> Mapping[int, str] | None:
        """The receipts of the parts the place holds; None: it cannot tell, trust the journal."""
        ...

    def staged(self, upload: str) -> str | None:
        """Where the unfinished bytes can be read and digested; None: only after `finish`."""
        ...

    def finish(
        self,
        upload: str,
        receipts: Sequence[str],
        *,
        replacing: str | None,
        again: bool = False,
    ) -> Entry:
        """Make the bytes durable and give them their name, in one step where the place can.

        `replacing`: None, nothing may stand there (AlreadyExists); a version, only that version
        is replaced (TargetChanged); ANY_VERSION, whatever is there.

        `again`: an earlier call may have succeeded, its answer lost (faults.md A8). When the
        unfinished bytes are gone, what stands there and may be them is returned then, and the
        caller proves it. Without `again` that is UploadExpired: it may be an old file that merely
        looks like the new one.

        Raises Doubtful when the file has its name and the place says that it is not what was sent.
        """
        ...

    def abort(self, upload: str) -> None:
        """Remove what an upload left. Nothing there is success."""
        ...


@runtime_checkable
class Digester(Protocol):
    """A place that can digest its own files without sending them."""

    def digest(self, path: str, algorithm: str) -> str:
        """The lower-case hex digest, made of the bytes as stored. Raises Unsupported where it
        cannot be made: what a place merely remembers of a file is in `Entry.digests`."""
        ...


class Hasher(Protocol):
    """A digest in the making, as `hashlib` has them."""

    def update(self, data: Buffer, /) -> None: ...

    def copy(self) -> Hasher: ...

    def hexdigest(self) -> str:
        """ "" when it has given up: the place says nothing of a file with so many bytes."""
        ...


@runtime_checkable
class Stating(Protocol):
    """A place that says a digest of its own of what it stores (`Capabilities.states`)."""

    def hasher(self, algorithm: str) -> Hasher:
        """One that has taken in nothing. It lets other threads run while it takes in bytes."""
        ...


@runtime_checkable
class Rewriter(Protocol):
    """A place that changes some files as it stores them, by its own rules."""

    def rewrites(self, entry: Entry) -> bool:
        """Whether it may have changed `entry`, all of whose bytes it took: then a size or digest
        that differs tells nothing of damage, nor of its absence (faults.md C16)."""
        ...


@runtime_checkable
class Copier(Protocol):
    """A place that can copy its own files without sending them."""

    def copy_into(self, upload: str, source: str, *, version: str | None) -> Sequence[str]:
        """Fill an upload that `begin` made with the bytes of the file `source` of this place.

        Returns the receipts for `finish`. Raises SourceChanged when `version` is given and is no
        longer the file's, Unsupported where this one cannot be copied: its bytes are sent, then.
        """
        ...


@runtime_checkable
class Discerning(Protocol):
    """A place that knows of some addresses that they are never of one file."""

    def distinct(self, one: str, other: str) -> bool:
        """Whether these are two files, however alike; False where that is not certain (a link, an
        alias). Asks nobody."""
        ...


@runtime_checkable
class Publisher(Protocol):
    """A place where digests of files may be published beside them (SHA256SUMS)."""

    def published(self, entry: Entry) -> Mapping[str, str]:
        """What files beside it say the digests of a file are: by whoever made the file, so that a
        copy can be held against it. It proves nothing of what a place has stored."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """How much may still be written. `volume` names the disk or quota within its place."""

    volume: str
    free: int | None  # bytes; None: the place does not say


@runtime_checkable
class Measured(Protocol):
    """A place that can fill up."""

    def room(self, path: str) -> Room:
        """What is free where `path` is or would be (the nearest directory that exists)."""
        ...


@runtime_checkable
class Interruptible(Protocol):
    """A place whose calls can be ended from outside."""

    def interrupt(self, thread: int) -> None:
        """End what the thread with that `threading.get_ident()` has under way here.

        Closes the connections it uses, connecting ones included: its call raises ConnectionLost.
        Never blocks; nothing under way is fine. Calls that the thread makes later are not touched,
        nor `finish` from where it gives the file its name: nobody would know whether it has it.
        """
        ...


@runtime_checkable
class TreeRemover(Protocol):
    """A place that can remove a whole tree itself."""

    def remove_tree(self, path: str) -> Generator[ProviderError | None, None, None]:
        """Remove what stands at `path` and all below it; links are removed, never followed, also
        when one is put in a directory's place meanwhile (faults.md D9).

        Yields None for each entry that was removed, its error for each that could not be, and
        goes on. Closing the generator stops it.
        """
        ...
