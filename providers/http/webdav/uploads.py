"""WebDAV uploads: PUT to a temporary name next to the target, then MOVE over it.

Until `finish` the target is whole-old, after it whole-new; a server deletes the old file and then
renames, so that for a moment there is none. Each step may be repeated after its answer was lost:
what is there decides, not what is remembered (faults.md 5, A8).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from providers.base import Body, Entry, Kind
from providers.errors import (
    AlreadyExists,
    Denied,
    NotFound,
    SourceChanged,
    TargetChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.http import paths
from providers.http.session import Session
from providers.http.webdav import look
from providers.http.webdav.look import Done, change
from providers.http.webdav.multistatus import Described
from providers.http.webdav.received import Sent
from providers.names import temporary_name
from providers.records import dataclass, values_of

_ASK_FIRST = 1 << 20  # bytes from which on a refusal is worth waiting for before they are sent
_PRECONDITION_FAILED = 412
_STORING = "storing it"


@dataclass(frozen=True, slots=True)
class Upload:
    """What a token holds. `temporary` stands next to `path`."""

    path: str
    temporary: str
    size: int | None  # bytes it will have
    modified: float | None

    def token(self) -> str:
        return json.dumps(values_of(self))


def plan(path: str, size: int | None, *, key: str, modified: float | None) -> Upload:
    return Upload(path, temporary_path(path, key), size, modified)


def temporary_path(path: str, key: str) -> str:
    return paths.child(paths.parent(path), temporary_name(paths.name(path), key))


def from_token(token: str) -> Upload:
    """Raises UploadExpired for a token of another version of Wharfie."""
    try:
        return Upload(**json.loads(token))
    except (TypeError, ValueError) as error:
        raise UploadExpired("", "the note of the unfinished upload cannot be read") from error


def start(session: Session, upload: Upload) -> None:
    """Make the empty temporary file, in place of one an earlier start left."""
    done = _put(session, upload, None, 0)
    if done.error is not None:
        raise look.explained(session, done, upload.path)


def store(session: Session, upload: Upload, index: int, offset: int, body: Body) -> str:
    """Send the only part; the receipt: its bytes, and "timed" when the server set the file's time.

    Sent again it replaces what an attempt that was cut off left.
    """
    if index or offset:
        raise UploadExpired(upload.path, "the server takes a file in one piece only")
    sent = Sent(body, upload.temporary)
    done = _put(session, upload, sent, upload.size)
    if done.error is not None:
        raise look.explained(session, done, upload.path)
    sent.need_received(done.headers, upload.path)
    timed = done.headers.get("X-OC-MTime", "").strip().lower() == "accepted"
    return f"{sent.count} timed" if timed else str(sent.count)


def copy(session: Session, upload: Upload, source: str, version: str | None) -> str:
    """Have the server fill the temporary file with a file of its own; the receipt as `store`'s.

    Raises SourceChanged, Unsupported for a server that does not.
    """
    if version is not None and look.at(session, source).version != version:
        raise SourceChanged(source)
    headers = {"Destination": f"{session.base}{upload.temporary}", "Overwrite": "T"}
    done = change(session, "COPY", source, shown=source, doing="copying it", headers=headers)
    if isinstance(done.error, Denied | Unsupported):
        raise Unsupported(source, "the server does not copy it itself") from done.error
    if done.error is not None:
        raise look.explained(session, done, source)
    made = check(session, upload)
    if made.size is None:
        raise Unsupported(source, "the server does not tell how much of it was copied")
    return str(made.size)


def _put(session: Session, upload: Upload, sent: Sent | None, length: int | None) -> Done:
    """`sent` None: nothing, which may be sent again when a sign-in is asked for."""
    headers = {"Content-Type": "application/octet-stream", **(sent.headers if sent else {})}
    if upload.modified is not None:
        headers["X-OC-Mtime"] = str(int(upload.modified))  # ownCloud, Nextcloud, rclone
    return change(
        session,
        "PUT",
        upload.temporary,
        shown=upload.path,
        doing=_STORING,
        headers=headers,
        body=b"" if sent is None else sent,
        length=length,
        expect_continue=length is None or length >= _ASK_FIRST,
    )


def check(session: Session, upload: Upload) -> Described:
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
    """Give the bytes their name. After a restart nobody has the receipts any more."""
    staged = look.maybe(session, upload.temporary)
    there = look.maybe(session, upload.path)
    if staged is None:
        if not again:
            raise UploadExpired(upload.path)
        return _finished_before(upload, there, receipts, replacing)
    if staged.kind is not Kind.FILE or staged.size not in (_size(upload, receipts), None):
        raise UploadExpired(upload.path, "the unfinished upload is not what was sent")
    if there is not None and replacing is None:
        raise AlreadyExists(upload.path)
    if replacing and (there is None or there.version != replacing):
        raise TargetChanged(upload.path)
    if there is not None and there.kind is Kind.DIR:
        raise WrongKind(upload.path, "is a directory")
    with session.gives_name():
        if there is None:
            move_new(session, upload.temporary, upload.path)
        else:
            _move_over(session, upload, there)
    return look.entry(session, upload.path)


def is_timed(receipts: Sequence[str]) -> bool:
    """Whether the server said that the file has the time it was given."""
    return any("timed" in receipt for receipt in receipts)


def _size(upload: Upload, receipts: Sequence[str]) -> int:
    if receipts:
        return int(receipts[-1].split()[0])
    return upload.size or 0


def _finished_before(
    upload: Upload, there: Described | None, receipts: Sequence[str], replacing: str | None
) -> Entry:
    """What stands at the target, when it can be the finished upload."""
    unsure = not receipts and upload.size is None
    if there is None or there.kind is not Kind.FILE or unsure:
        raise UploadExpired(upload.path)
    timed = upload.modified is not None and is_timed(receipts)
    if timed and there.modified != int(upload.modified or 0):
        raise UploadExpired(upload.path)
    if there.size not in (_size(upload, receipts), None) or there.version == replacing:
        raise UploadExpired(upload.path)
    return there.entry(upload.path)


def move(session: Session, source: str, target: str, *, over: bool = False, only: str = "") -> Done:
    """MOVE. `only`: a condition on what stands at the target (an If header)."""
    headers = {"Destination": f"{session.base}{target}", "Overwrite": "T" if over else "F"}
    if only:
        headers["If"] = only
    return change(
        session, "MOVE", source, shown=target.rstrip("/"), doing="moving it", headers=headers
    )


def move_new(session: Session, source: str, target: str) -> None:
    """MOVE to a free name. Raises AlreadyExists when it was taken in the meantime."""
    done = move(session, source, target)
    if done.status == _PRECONDITION_FAILED:
        raise AlreadyExists(target.rstrip("/"))
    if done.error is not None:
        raise look.explained(session, done, target.rstrip("/"))


def _move_over(session: Session, upload: Upload, there: Described) -> None:
    """MOVE over the file that was looked at just now, on the condition that it is still that.

    Some servers (rclone's) take every such condition for broken: when the file is still the same
    it is replaced without one, and a change in that moment is not noticed.
    """
    only = f"<{session.base}{upload.path}> ([{there.etag}])" if there.etag else ""
    done = move(session, upload.temporary, upload.path, over=True, only=only)
    if only and done.status == _PRECONDITION_FAILED:
        now = look.maybe(session, upload.path)
        if now is None or now.version != there.version or now.kind is not Kind.FILE:
            raise TargetChanged(upload.path)
        done = move(session, upload.temporary, upload.path, over=True)
    if done.error is not None:
        raise look.explained(session, done, upload.path)


def discard(session: Session, temporary: str) -> None:
    """Remove unfinished bytes. Nothing there is success."""
    done = change(session, "DELETE", temporary, shown=temporary, doing="removing it")
    if done.error is None or isinstance(done.error, NotFound):
        return
    if look.maybe(session, temporary) is not None:
        raise done.error
