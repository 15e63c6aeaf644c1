"""Uploads: a temporary file next to the target, filled, made durable, and given its name.

Until `finish` the target is whole-old, after it whole-new. Each step may be repeated after its
answer was lost: what is there decides, not what is remembered (faults.md 5, A8).
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache

from providers.base import Body, Entry, Kind
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    InvalidName,
    NotFound,
    ProviderError,
    TargetChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.names import temporary_name
from providers.records import dataclass, names_of
from providers.sftp import calls, keeping, look
from providers.sftp.pipeline import write_body
from providers.sftp.protocol import (
    Fields,
    Op,
    Open,
    Refused,
    attributes,
    path_string,
    u32,
)
from providers.sftp.session import Session
from providers.text import printable, to_bytes

_DEFAULT_MODE = 0o644
_UNFINISHED_MODE = 0o600
_USUAL_NAME = 255  # bytes that nearly every file system takes
_TOO_LONG = "this name is too long for the server"


@dataclass(frozen=True, slots=True)
class Upload:
    """What a token holds. `temporary` and `backup` stand next to `path`."""

    path: str
    temporary: str
    backup: str
    size: int | None  # bytes it will have
    modified: float | None
    mode: int
    within: str = ""  # no link is followed below it; tokens of earlier versions have none

    def token(self) -> str:
        return json.dumps({name: getattr(self, name) for name in _FIELDS})


_FIELDS = names_of(Upload)


def plan(
    path: str,
    size: int | None,
    *,
    key: str,
    modified: float | None,
    mode: int | None,
    within: str = "",
) -> Upload:
    directory, name = posixpath.split(path)
    temporary = temporary_name(name, key)
    return Upload(
        path=path,
        temporary=posixpath.join(directory, temporary),
        backup=posixpath.join(directory, temporary.removesuffix("part") + "old"),
        size=size,
        modified=modified,
        mode=_DEFAULT_MODE if mode is None else mode & 0o777,
        within=within,
    )


@lru_cache(maxsize=256)  # each step of an upload asks for it
def from_token(token: str) -> Upload:
    """Raises UploadExpired for a token of another version of Wharfie."""
    try:
        return Upload(**json.loads(token))
    except (TypeError, ValueError) as error:
        raise UploadExpired("", "the note of the unfinished upload cannot be read") from error


def start(session: Session, upload: Upload) -> None:
    """Make the empty temporary file, in place of one an earlier start left."""
    _need_storable(session, upload.path)
    try:
        look.refuse_links(session, upload.within, upload.path)
        try:
            handle = _made(session, upload)
        except (AlreadyExists, Refused):  # version 3 does not say that something is there
            if look.maybe(session, upload.temporary) is None:
                raise
            calls.remove(session, upload.temporary)
            handle = _made(session, upload)
        calls.forget(session, handle)  # nothing was written that could be lost
    except NotFound as error:
        raise NotFound(posixpath.dirname(upload.path), "there is no such directory") from error
    except Refused as error:
        raise look.explained(session, error, upload.path) from error
    except Denied as error:
        raise _denied(upload.path) from error


def _made(session: Session, upload: Upload) -> bytes:
    flags = Open.WRITE | Open.CREATE | Open.EXCLUSIVE
    return calls.open_file(session, upload.temporary, flags, mode=_UNFINISHED_MODE)


def _need_storable(session: Session, path: str) -> None:
    """Raise InvalidName for a name the server has no room for: the temporary one is shorter."""
    if not _is_long(path):
        return
    try:
        look.maybe(session, path)
    except (InvalidName, Refused) as error:
        raise InvalidName(path, _TOO_LONG) from error


def _is_long(path: str) -> bool:
    return len(to_bytes(posixpath.basename(path))) > _USUAL_NAME


def store(session: Session, upload: Upload, offset: int, body: Body) -> str:
    """Write one part; the receipt says where it lies: "offset:length"."""
    handle = _opened(session, upload)
    ending: list[int] = []

    def end(written: int) -> None:
        # `finish` syncs after the last one.
        is_last = offset + written == upload.size
        ending.extend(calls.ask_to_close(session, handle, sync=not is_last))

    try:
        try:
            behind = end if session.in_order else None
            written = write_body(session, handle, upload.path, offset, body, behind)
        except BaseException:
            if not ending:
                calls.let_go(session, handle, upload.path)
            raise
        if not ending:
            end(written)
        calls.check_closed(session, ending, upload.path)
    except Refused as error:
        raise look.explained(session, error, upload.path) from error
    return f"{offset}:{written}"


def _opened(session: Session, upload: Upload) -> bytes:
    """A handle of the temporary file, looked at on the way. Raises as `check`."""
    path = path_string(upload.temporary)
    looked = session.request(Op.LSTAT, path)
    opened = session.request(Op.OPEN, path, u32(Open.WRITE), attributes())
    replies = session.wait(looked, upload.path), session.wait(opened, upload.path)
    try:
        told = session.decode(replies[0], Op.ATTRS, upload.temporary, Fields.attributes)
        expired = look.entry(upload.temporary, told).kind is not Kind.FILE
    except NotFound:
        expired = True
    try:
        handle = calls.handle_of(session, replies[1], upload.temporary)
    except ProviderError:
        if expired:
            raise UploadExpired(upload.path) from None
        raise
    if expired:
        calls.let_go(session, handle, upload.path)
        raise UploadExpired(upload.path)
    return handle


def check(session: Session, upload: Upload) -> Entry:
    """The temporary file. Raises UploadExpired when it is gone or something else is there."""
    found = look.maybe(session, upload.temporary)
    if found is None or found.kind is not Kind.FILE:
        raise UploadExpired(upload.path)
    return found


def finish(
    session: Session,
    upload: Upload,
    receipts: Sequence[str],
    replacing: str | None,
    *,
    again: bool,
) -> Entry:
    """Make the bytes durable, then give them their name.

    After a restart nobody has the receipts any more: the token says how many bytes there must be.
    """
    size = _stored_size(receipts) if receipts or upload.size is None else upload.size
    staged, handle = _staged(session, upload)
    if staged is None:
        if not again:
            raise UploadExpired(upload.path)
        return _finished_before(session, upload, size)
    if staged.kind is not Kind.FILE or staged.size not in (size, None):
        if handle is not None:
            calls.let_go(session, handle, upload.path)
        raise UploadExpired(upload.path, "the unfinished upload is not what was sent")
    try:
        _seal(session, upload, handle or _opened_to_read(session, upload))
    except Refused as error:
        raise look.explained(session, error, upload.path) from error
    there = _target(session, upload)
    if there is not None and _is_ours(session, upload, staged, there):
        _clean(session, upload.temporary)
        _clean(session, upload.backup)
    else:
        with session.gives_name():
            if replacing is None:
                _name_new(session, upload, there)
            else:
                name_over(session, upload, there, replacing)
    return look.at(session, upload.path)


def _stored_size(receipts: Sequence[str]) -> int:
    ends = (sum(map(int, receipt.split(":"))) for receipt in receipts)
    return max(ends, default=0)


def _finished_before(session: Session, upload: Upload, size: int) -> Entry:
    there = look.maybe(session, upload.path)
    if there is None or not _is_copy(upload, there, size):
        raise UploadExpired(upload.path)
    _clean(session, upload.backup)
    return there


def _staged(session: Session, upload: Upload) -> tuple[Entry | None, bytes | None]:
    """The temporary file, None when it is gone; and a handle of it, unless that was denied."""
    path = path_string(upload.temporary)
    looked = session.request(Op.LSTAT, path)
    asked = session.request(Op.OPEN, path, u32(Open.WRITE), attributes())
    told, opened = session.wait(looked, upload.path), session.wait(asked, upload.path)
    try:
        there = session.decode(told, Op.ATTRS, upload.temporary, Fields.attributes)
    except NotFound:
        staged = None
    else:
        staged = look.entry(upload.temporary, there)
    try:
        handle = calls.handle_of(session, opened, upload.temporary)
    except ProviderError as error:
        if staged is not None and staged.kind is Kind.FILE and not isinstance(error, Denied):
            raise
        return staged, None
    if staged is None:
        calls.let_go(session, handle, upload.path)
    return staged, handle


def _opened_to_read(session: Session, upload: Upload) -> bytes:
    """An earlier finish may have made it read-only and come no further."""
    return calls.open_file(session, upload.temporary, Open.READ)


def _seal(session: Session, upload: Upload, handle: bytes) -> None:
    """Mode, time and bytes on disk, in one opening of the file."""
    asked = calls.ask_set(session, handle, mode=upload.mode, modified=upload.modified)
    try:
        calls.sync_and_close(session, handle, upload.path)
    finally:
        told = None if session.broken else session.wait(asked, upload.path)
    if told is not None:
        # A server may keep these to itself: the entry that is returned tells what it has.
        try:
            session.check(told, upload.path)
        except keeping.REFUSALS:
            keeping.set_one_by_one(
                session, upload.temporary, mode=upload.mode, modified=upload.modified
            )


def _target(session: Session, upload: Upload) -> Entry | None:
    """What stands where it is to be. Raises WrongKind where a link leads there (faults.md D3)."""
    directories = look.between(upload.within, upload.path)
    asked = look.ask_each(session, [*directories, upload.path])
    *above, looked, read = session.wait_all(asked)
    look.refuse_link_among(look.seen_each(session, above, directories))
    try:
        return look.need_own(look.seen(session, (looked, read), upload.path))
    except NotFound:
        return None


@contextmanager
def _temporary(session: Session, upload: Upload) -> Iterator[bytes]:
    try:
        handle = calls.open_file(session, upload.temporary, Open.WRITE)
    except Denied:
        handle = _opened_to_read(session, upload)
    with calls.closing(session, handle, upload.path):
        yield handle


def _is_ours(session: Session, upload: Upload, staged: Entry, there: Entry) -> bool:
    """Whether the temporary file has its name already, and the old name as well.

    OpenSSH renames by link and unlink, and may be killed between the two. Version 3 tells no
    inode, so the time of the one name is changed to see whether the other's changes with it.
    Where no time can be set that stays unknown: then it is somebody's file, and kept.
    """
    times = {staged.modified}  # a server that keeps its own times
    if upload.modified is not None:
        times.add(calls.whole_seconds(upload.modified))
    if there.version is None or there.size != staged.size or there.modified not in times:
        return False
    told = int(there.modified or 0)
    probe = told - 1 if told else 1
    with _temporary(session, upload) as handle, suppress(*keeping.REFUSALS):
        try:
            calls.set_handle(session, handle, upload.path, mode=None, modified=probe)
            now = look.maybe(session, upload.path)
        finally:
            calls.set_handle(session, handle, upload.path, mode=None, modified=told)
        return now is not None and now.modified == probe
    return False


def _name_new(session: Session, upload: Upload, there: Entry | None) -> None:
    if there is not None:
        raise AlreadyExists(upload.path)
    rename_new(session, upload.temporary, upload.path)


def rename_new(session: Session, source: str, target: str) -> None:
    """Rename to a free name. Raises AlreadyExists when it was taken in the meantime."""
    try:
        calls.rename(session, source, target)
    except Refused as error:
        if look.maybe(session, target) is not None:
            raise AlreadyExists(target) from error
        if _is_long(target):
            raise InvalidName(target, _TOO_LONG) from error
        raise look.explained(session, error, target) from error


def name_over(session: Session, upload: Upload, there: Entry | None, replacing: str) -> None:
    old = there or look.maybe(session, upload.backup)  # a swap may have been cut off between
    if replacing and (old is None or old.version != replacing):
        raise TargetChanged(upload.path)
    if there is not None and there.kind is Kind.DIR:
        raise WrongKind(upload.path, "is a directory")
    if not _replaced(session, upload):
        _swap(session, upload, there)
    elif there is None and old is not None:
        _clean(session, upload.backup)


def _replaced(session: Session, upload: Upload) -> bool:
    """By one rename; False: the server has no such thing, whatever it announces."""
    if calls.POSIX_RENAME not in session.offers:
        return False
    try:
        calls.replace(session, upload.temporary, upload.path)
    except Unsupported:
        return False
    return True


def _swap(session: Session, upload: Upload, there: Entry | None) -> None:
    """Old to backup, new to its name, backup away; back again when the new one is refused."""
    if there is not None:
        _clean(session, upload.backup)
        calls.rename(session, upload.path, upload.backup)
    try:
        calls.rename(session, upload.temporary, upload.path)
    except ConnectionLost:
        raise
    except ProviderError:
        if there is not None:
            calls.rename(session, upload.backup, upload.path)
        raise
    _clean(session, upload.backup)


def discard(session: Session, upload: Upload) -> None:
    """Remove the temporary file, and bring back what a cut-off swap had put aside.

    What was put aside is removed only when the new file surely stands in its place. Raises
    AlreadyExists when something else does: then a person must say which is to stay.
    """
    _clean(session, upload.temporary)
    if look.maybe(session, upload.backup) is None:
        return
    there = look.maybe(session, upload.path)
    if there is None:
        calls.rename(session, upload.backup, upload.path)
    elif upload.size is not None and _is_copy(upload, there, upload.size):
        _clean(session, upload.backup)
    else:
        kept = printable(posixpath.basename(upload.backup))
        raise AlreadyExists(
            upload.path,
            f"something else took its place while it was being replaced; the old file is {kept}",
            advice="Rename or delete one of the two.",
        )


def _is_copy(upload: Upload, there: Entry, size: int) -> bool:
    """Whether what stands at the target can be the finished upload."""
    if there.kind is not Kind.FILE or there.size != size:
        return False
    return upload.modified is None or there.modified == calls.whole_seconds(upload.modified)


def _clean(session: Session, path: str) -> None:
    try:
        calls.remove(session, path)
    except NotFound:
        return


def _denied(path: str) -> Denied:
    return Denied(
        path,
        "you may not write in this directory",
        advice="Choose another directory, or ask its owner for permission.",
    )
