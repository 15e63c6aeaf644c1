"""The single requests of SFTP, each sent and awaited on a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from providers.errors import Denied, NotFound, ProviderError, Unsupported, WrongKind
from providers.records import dataclass
from providers.sftp.protocol import (
    Attributes,
    BadPacket,
    Fields,
    Op,
    Open,
    Refused,
    absolute,
    attributes,
    path_string,
    string,
    u32,
)
from providers.sftp.session import Reply, Session

POSIX_RENAME = "posix-rename@openssh.com"
FSYNC = "fsync@openssh.com"
_STATVFS = "statvfs@openssh.com"
_READ_ONLY = 1  # of its flags
UNTOLD = (Refused, Unsupported, NotFound, Denied, WrongKind)
"""How a server refuses to tell the absolute form of a path."""
_MAX_HANDLE = 256  # bytes (the draft's limit)


def real_path(session: Session, path: str) -> str:
    """The server's absolute form of `path`; "." is home."""
    return session.call(Op.REALPATH, path_string(path), path=path, answer=Op.NAME, read=absolute)


def home(session: Session) -> str:
    """The start folder; "/" where the server does not tell it: all can be reached from there."""
    try:
        return real_path(session, ".")
    except UNTOLD:
        return "/"


def read_link(session: Session, path: str) -> str:
    return session.call(Op.READLINK, path_string(path), path=path, answer=Op.NAME, read=_first)


def _first(fields: Fields) -> str:
    name = next(fields.names(), None)
    if name is None:
        raise BadPacket("it gave no target for a link")
    return name.name


def stat(session: Session, path: str, *, follow: bool) -> Attributes:
    op = Op.STAT if follow else Op.LSTAT
    return session.call(op, path_string(path), path=path, answer=Op.ATTRS, read=Fields.attributes)


def stat_handle(session: Session, handle: bytes, path: str) -> Attributes:
    return session.call(
        Op.FSTAT, string(handle), path=path, answer=Op.ATTRS, read=Fields.attributes
    )


def open_file(session: Session, path: str, flags: Open, *, mode: int | None = None) -> bytes:
    """A handle. `mode`: of a file that is made."""
    return session.call(
        Op.OPEN,
        path_string(path),
        u32(flags),
        attributes(permissions=mode),
        path=path,
        answer=Op.HANDLE,
        read=_handle,
    )


def open_dir(session: Session, path: str) -> bytes:
    return session.call(Op.OPENDIR, path_string(path), path=path, answer=Op.HANDLE, read=_handle)


def handle_of(session: Session, reply: Reply, path: str) -> bytes:
    """The handle in the answer to an OPEN."""
    return session.decode(reply, Op.HANDLE, path, _handle)


def _handle(fields: Fields) -> bytes:
    handle = fields.string()
    if len(handle) > _MAX_HANDLE:
        raise BadPacket("a file handle is too long")
    return handle


def close_handle(session: Session, handle: bytes, path: str) -> None:
    """Raises what the server says: a delayed write error comes only now."""
    session.command(Op.CLOSE, string(handle), path=path)


@contextmanager
def closing(session: Session, handle: bytes, path: str) -> Iterator[None]:
    """Close a handle that was written to. An error of the closing counts, unless one came first."""
    try:
        yield
    except BaseException:
        let_go(session, handle, path)
        raise
    close_handle(session, handle, path)


@contextmanager
def releasing(session: Session, handle: bytes, path: str) -> Iterator[None]:
    """Close a handle that was read from, also in the middle: nothing can be lost by it, and nobody
    waits for the answer."""
    try:
        yield
    finally:
        if session.settle():
            with suppress(ProviderError):  # the connection is gone, and so is the handle
                forget(session, handle)
        else:
            session.close()


def forget(session: Session, handle: bytes) -> None:
    """Close a handle that nothing was written to, without waiting for what is said of it."""
    session.aside(Op.CLOSE, string(handle), then=_ignored)
    session.flush()


def _ignored(reply: Reply) -> None:
    """What is said of a handle that nothing was written to."""


def let_go(session: Session, handle: bytes, path: str) -> None:
    """Close `handle` as it is, or the connection when too many answers are still on their way."""
    if not session.settle():
        session.close()
        return
    try:
        close_handle(session, handle, path)
    except ProviderError:
        session.close()


def set_handle(
    session: Session, handle: bytes, path: str, *, mode: int | None, modified: float | None
) -> None:
    """Set mode and modification time of an open file."""
    session.check(session.wait(ask_set(session, handle, mode=mode, modified=modified), path), path)


def ask_set(session: Session, handle: bytes, *, mode: int | None, modified: float | None) -> int:
    """The request of `set_handle`."""
    seconds = None if modified is None else whole_seconds(modified)
    block = attributes(permissions=mode, modified=seconds)
    return session.request(Op.FSETSTAT, string(handle), block)


def set_mode(session: Session, path: str, mode: int) -> None:
    """Set the permission bits of what stands at `path`, or of what a link there leads to."""
    session.command(Op.SETSTAT, path_string(path), attributes(permissions=mode), path=path)


def make_link(session: Session, path: str, target: str) -> None:
    """Make a link at `path`. The target goes first: OpenSSH's order and so everybody's, though not
    the draft's (its PROTOCOL file, 4.1)."""
    session.command(Op.SYMLINK, path_string(target), path_string(path), path=path)


def whole_seconds(modified: float) -> int:
    """A time as version 3 can say it: whole seconds from 1970 to 2106."""
    return max(0, min(int(modified), 0xFFFFFFFF))


def sync_and_close(session: Session, handle: bytes, path: str) -> None:
    """Have the server bring the file to its disk, where it has a way to, and close it: both under
    way together. Raises what either is answered."""
    check_closed(session, ask_to_close(session, handle, sync=True), path)


def ask_to_close(session: Session, handle: bytes, *, sync: bool) -> tuple[int, ...]:
    """The requests to close a file, and to bring it to the disk before: for `check_closed`."""
    closed = (string(handle),)
    if not sync or FSYNC not in session.offers:
        return (session.request(Op.CLOSE, *closed),)
    synced = session.request(Op.EXTENDED, string(FSYNC.encode()), *closed)
    return (synced, session.request(Op.CLOSE, *closed))


def check_closed(session: Session, asked: Sequence[int], path: str) -> None:
    """Raise what was answered to `ask_to_close`."""
    *synced, closed = [session.wait(number, path, session.patience.sync) for number in asked]
    for reply in synced:
        with suppress(Unsupported):
            session.check(reply, path)
    session.check(closed, path)


def make_dir(session: Session, path: str) -> None:
    session.command(Op.MKDIR, path_string(path), attributes(), path=path)


def remove_dir(session: Session, path: str) -> None:
    session.command(Op.RMDIR, path_string(path), path=path)


def remove(session: Session, path: str) -> None:
    """Remove a file or a link itself."""
    session.command(Op.REMOVE, path_string(path), path=path)


def rename(session: Session, source: str, target: str) -> None:
    """Rename, never over something: what version 3 promises, though not every server keeps it."""
    session.command(Op.RENAME, path_string(source), path_string(target), path=target)


def replace(session: Session, source: str, target: str) -> None:
    """Rename over `target` in one step. Only where POSIX_RENAME is offered."""
    name = string(POSIX_RENAME.encode())
    fields = (name, path_string(source), path_string(target))
    session.command(Op.EXTENDED, *fields, path=target)


@dataclass(frozen=True, slots=True)
class Volume:
    """The file system of a path: its number, the bytes that may still be written on it, and whether
    nothing may be."""

    number: int
    free: int
    read_only: bool


def file_system(session: Session, path: str) -> Volume | None:
    """None: the server cannot tell, or tells of no single block, as what has no disk does.

    Raises NotFound and the like, as the server says.
    """
    if _STATVFS not in session.offers:
        return None
    name = string(_STATVFS.encode())
    try:
        return session.call(
            Op.EXTENDED, name, path_string(path), path=path, answer=Op.EXTENDED_REPLY, read=_vfs
        )
    except Unsupported:
        return None


def _vfs(fields: Fields) -> Volume | None:
    _block, fragment, blocks, _free, available, _files, _nodes, _usable, number, flags = (
        fields.u64() for _ in range(10)
    )
    if not fragment * blocks:
        return None
    return Volume(number, fragment * available, bool(flags & _READ_ONLY))
