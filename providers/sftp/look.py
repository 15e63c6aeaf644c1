"""What stands at an address, as an Entry; and why a bare refusal was one."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence

from providers.base import Entry, Kind
from providers.errors import (
    ConnectionLost,
    Denied,
    InvalidName,
    NoSpace,
    NotFound,
    ProviderError,
    Unsupported,
    WrongKind,
)
from providers.names import check_name
from providers.records import dataclass, replace
from providers.sftp import calls
from providers.sftp.protocol import Attributes, Fields, Op, Refused, kind_of, path_string
from providers.sftp.session import Reply, Session

_WRITABLE = "Make it writable, or choose another folder; after a disk fault, check the disk."
_FILE = Kind.FILE
_VERSIONED = (Kind.FILE, Kind.LINK)
_ROOM = 1 << 20  # bytes: with less than that free, a refused write is for want of space


def entry(path: str, attributes: Attributes, *, target: str = "") -> Entry:
    """What the server says of `path`, as an Entry."""
    name, size, mode = path.rpartition("/")[2], attributes.size, attributes.permissions
    return _entry(path, name, "", size, mode, attributes.modified, target or None)


def _entry(
    path: str,
    name: str,
    long_name: str,
    size: int | None,
    mode: int | None,
    modified: int | None,
    target: str | None = None,
) -> Entry:
    """SFTP tells times in whole seconds, so a version is the size and those: not of a directory."""
    kind, version = kind_of(mode, long_name), None
    if kind in _VERSIONED and size is not None and modified is not None:
        version = f"{size}:{modified}"
    if kind is not _FILE:
        size = None
    bits = None if mode is None else mode & 0o7777
    return Entry(path, name, kind, size, modified, bits, target, version)


def is_file(attributes: Attributes, size: int | None) -> bool:
    """Whether the server tells of a file of `size` bytes."""
    return kind_of(attributes.permissions) is Kind.FILE and attributes.size == size


def size_in(version: str) -> int | None:
    """The size that a version of `entry` tells; None for what is none of its."""
    size, colon, _ = version.partition(":")
    return int(size) if colon and size.isdecimal() and size.isascii() else None


def page(directory: str, fields: Fields) -> list[Entry]:
    """A page of a listing. A name that could lead elsewhere never becomes an entry (E1)."""
    entries, before = [], directory.rstrip("/") + "/"
    for name, long_name, size, mode, modified in fields.lines():
        try:
            check_name(directory, name)
        except InvalidName:
            continue
        entries.append(_entry(before + name, name, long_name, size, mode, modified))
    return entries


def at(session: Session, path: str, *, follow: bool = False) -> Entry:
    """What stands at `path`. Raises NotFound, Denied."""
    if follow:
        return entry(path, calls.stat(session, path, follow=True))
    return see(session, path).itself


@dataclass(frozen=True, slots=True)
class Seen:
    """What LSTAT says of an address, and where READLINK says that it leads; None: nowhere.

    ProFTPD and copyparty follow a link for LSTAT as well; copyparty says of all that it leads to
    itself, and so does not tell what is a link.
    """

    entry: Entry
    target: str | None

    @property
    def is_hidden(self) -> bool:
        """Whether it is a link though LSTAT does not say so."""
        if self.entry.kind is Kind.LINK or not self.target:
            return False
        return posixpath.normpath(self.target) != posixpath.normpath(self.entry.path)

    @property
    def itself(self) -> Entry:
        if self.entry.kind is Kind.LINK:  # where it leads may be kept secret
            return replace(self.entry, target=self.target or None)
        if not self.is_hidden:
            return self.entry
        told = self.entry
        return replace(told, kind=Kind.LINK, size=None, version=None, target=self.target)


def ask(session: Session, path: str) -> tuple[int, int]:
    """The requests of `seen`."""
    raw = path_string(path)
    return session.request(Op.LSTAT, raw), session.request(Op.READLINK, raw)


def seen(session: Session, replies: Sequence[Reply], path: str) -> Seen:
    """What stands at `path` itself, from the answers to `ask`. Raises NotFound, Denied."""
    looked, read = replies
    told = session.decode(looked, Op.ATTRS, path, Fields.attributes)
    return _seen(session, told, read, path)


def _seen(session: Session, told: Attributes, read: Reply, path: str) -> Seen:
    found = entry(path, told)
    if read.kind == Op.STATUS:  # no link, gone again, or unknown here
        return Seen(found, None)
    return Seen(found, session.decode(read, Op.NAME, path, _first_name))


def _first_name(fields: Fields) -> str:
    return next((name.name for name in fields.names()), "")


def see(session: Session, path: str) -> Seen:
    """What stands at `path` itself. Raises NotFound, Denied."""
    asked = session.request(Op.READLINK, path_string(path))
    try:
        told = calls.stat(session, path, follow=False)  # which measures the distance
    finally:
        read = session.wait(asked, path)
    return _seen(session, told, read, path)


def seen_each(session: Session, replies: Sequence[Reply], paths: Sequence[str]) -> list[Entry]:
    """What stands at each of `paths` itself, from the answers to `ask` for each."""
    return [
        seen(session, replies[2 * number : 2 * number + 2], path).itself
        for number, path in enumerate(paths)
    ]


def ask_each(session: Session, paths: Sequence[str]) -> list[int]:
    """The requests of `seen_each`."""
    return [number for path in paths for number in ask(session, path)]


def need_own(found: Seen) -> Entry:
    """What was seen. Raises Unsupported for a link that the server would follow, and so change
    what it leads to."""
    if found.is_hidden:
        raise Unsupported(
            found.entry.path,
            "is a link, and this server would change what it leads to instead",
            advice="Delete the link, or choose what it leads to.",
        )
    return found.entry


def maybe(session: Session, path: str) -> Entry | None:
    """What stands at `path`, a link itself; None: nothing does."""
    try:
        return entry(path, calls.stat(session, path, follow=False))
    except NotFound:
        return None


def need_directory(session: Session, path: str) -> None:
    """Raise WrongKind when there is something else at `path`, NotFound when nothing is."""
    if entry(path, calls.stat(session, path, follow=True)).kind is not Kind.DIR:
        raise WrongKind(path, "is not a directory")


def refuse_links(session: Session, within: str, path: str) -> None:
    """Raise WrongKind when a directory between `within` and `path` is a link (faults.md D3).

    `within` itself may be one: a person chose it. Nothing is remembered from one look to the next.
    What remains: SFTP has no openat, so whoever may write in one of these directories can still
    swap it between this look and the request that follows it.
    """
    directories = between(within, path)
    replies = session.wait_all(ask_each(session, directories))
    refuse_link_among(seen_each(session, replies, directories))


def refuse_link_among(directories: Iterable[Entry]) -> None:
    """Raise WrongKind for the first of `directories` that is none."""
    for found in directories:
        if found.kind is not Kind.DIR:
            raise WrongKind(
                found.path,
                "is a link or no directory any more, so nothing is written through it",
                advice="Look at it, then choose the directory it leads to.",
            )


def between(within: str, path: str) -> list[str]:
    """The directories below `within` that lead to `path`, from the top."""
    if not within:
        return []
    above = within.rstrip("/") + "/"
    if not path.startswith(above):
        raise InvalidName(path, "is not below the directory that was chosen")
    names = path[len(above) :].split("/")[:-1]
    if ".." in names:
        raise InvalidName(path, "could leave the directory that was chosen")
    return [above + "/".join(names[: count + 1]) for count in range(len(names))]


def room(session: Session, path: str) -> tuple[str, int]:
    """The file system's number, "" when it has none, and the bytes free where `path` would be.

    Raises Unsupported where the server cannot tell.
    """
    volume = _volume(session, path)
    return (f"{volume.number:x}" if volume.number else "", volume.free)


def _volume(session: Session, path: str) -> calls.Volume:
    """That of `path`, or of the first directory above it that is there. Raises as `room`."""
    while True:
        try:
            found = calls.file_system(session, path)
        except NotFound:
            if path == "/":
                raise
            path = posixpath.dirname(path.rstrip("/")) or "/"
            continue
        if found is None:
            raise Unsupported(path, "the server does not say how much room it has")
        return found


def explained(session: Session, error: ProviderError, path: str) -> ProviderError:
    """What a bare refusal was for: OpenSSH says only "Failure" of a full and of a read-only disk.

    An error that is not explained by that is told of `path`, whatever it was of.
    """
    if not isinstance(error, Refused) or not session.alive():
        return error
    refused = Refused(path, error.what)
    try:
        volume = _volume(session, posixpath.dirname(path))
    except ConnectionLost:
        raise
    except ProviderError:
        return refused
    if volume.read_only:
        return Denied(path, "the disk is mounted read-only there", advice=_WRITABLE)
    return refused if volume.free >= _ROOM else NoSpace(path)
