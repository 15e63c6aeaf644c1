"""Large files to Nextcloud: chunks in a folder of their own, put together by the server.

Chunked upload, version 2, of Nextcloud's developer manual (client APIs, WebDAV). Unlike one PUT, it
goes on where it was cut off. The server keeps an unfinished upload for 24 hours, and shows its
chunks by name and size only: what they hold is proven when the file has its name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from providers.base import Body, Entry, Kind, Parts
from providers.errors import (
    AlreadyExists,
    Denied,
    NotFound,
    ProviderError,
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
from providers.records import dataclass, values_of

PARTS = Parts(order="sequential", min_size=32 << 20, max_size=32 << 20, max_count=10_000)
"""The manual allows 5 MiB to 5 GiB, a smaller last one, and names 1 to 10000. All are of one size,
so that the length of each is known when it is sent: PHP servers lose bodies without one."""

_FILES = re.compile(r"(?P<root>(?:/[^/]+)*/remote\.php/dav)/files/(?P<user>[^/]+)/.+")
_ALREADY = frozenset({405, 409})
_PRECONDITION_FAILED = 412


@dataclass(frozen=True, slots=True)
class Chunks:
    """What a token holds. `folder` has the chunks."""

    path: str
    folder: str
    size: int | None  # bytes the file will have
    modified: float | None
    part_size: int  # of each chunk but the last

    def token(self) -> str:
        return json.dumps(values_of(self))

    def chunk(self, index: int) -> str:
        return f"{self.folder}/{index + 1:05}"

    def length(self, offset: int) -> int | None:
        """Of the chunk that begins there."""
        return None if self.size is None else min(self.part_size, self.size - offset)


def serves(path: str) -> bool:
    """Whether `path` is a user's file on a Nextcloud."""
    return _FILES.fullmatch(path) is not None


def cuts(path: str, size: int | None) -> bool:
    """Whether a file is worth a folder of chunks: one of a single chunk is not."""
    return serves(path) and (size is None or size > PARTS.max_size)


def plan(
    path: str, size: int | None, *, key: str, part_size: int, modified: float | None
) -> Chunks:
    return Chunks(path, folder_of(path, key), size, modified, part_size)


def folder_of(path: str, key: str) -> str:
    """Its name comes from the job's key alone, so that a lost token orphans nothing."""
    match = _FILES.fullmatch(path)
    if match is None:
        raise UploadExpired(path, "its server takes no chunks")
    return f"{match['root']}/uploads/{match['user']}/wharfie-{key}"


def from_token(token: str) -> Chunks | None:
    """None for a token of another kind of upload. Raises UploadExpired for what is none."""
    try:
        told = json.loads(token)
        return Chunks(**told) if "folder" in told else None
    except (TypeError, ValueError) as error:
        raise UploadExpired("", "the note of the unfinished upload cannot be read") from error


def start(session: Session, upload: Chunks) -> bool:
    """Make the empty folder of chunks, in place of one an earlier start left.

    False: the server takes no chunks; others than Nextcloud have such addresses as well, and a
    Nextcloud may be set up so.
    """
    above = look.maybe(session, paths.parent(upload.path))
    if above is None:
        raise NotFound(paths.parent(upload.path), "there is no such directory")
    try:
        discard(session, upload.folder)
        made = _ask(session, upload, "MKCOL", upload.folder, "beginning to store it").error
    except (Denied, Unsupported):
        return False
    if made is not None and not isinstance(made, Denied | NotFound | Unsupported):
        raise made
    return made is None


def store(session: Session, upload: Chunks, index: int, offset: int, body: Body) -> str:
    """Send one chunk; the receipt is its length. Sent again it replaces what was cut off."""
    path, doing = upload.chunk(index), "storing it"
    sent, length = Sent(body, path), upload.length(offset)
    done = _ask(session, upload, "PUT", path, doing, body=sent, length=length, more=sent.headers)
    _need(done)
    sent.need_received(done.headers, upload.path)
    return str(sent.count)


def parts(session: Session, upload: Chunks) -> Mapping[int, str]:
    """The receipts of the chunks that the server holds. Raises UploadExpired."""
    try:
        held = [one for page in look.children(session, upload.folder) for one in page]
    except NotFound as error:
        raise UploadExpired(upload.path) from error
    return {
        int(one.name) - 1: str(one.size)
        for one in held
        if one.kind is Kind.FILE and one.name.isascii() and one.name.isdigit()
    }


def finish(
    session: Session,
    upload: Chunks,
    receipts: Sequence[str],
    replacing: str | None,
    *,
    again: bool,
) -> Entry:
    """Have the chunks put together under the file's name."""
    there = look.maybe(session, upload.path)
    try:
        held = parts(session, upload)
    except UploadExpired:
        if not again:
            raise
        return _finished_before(upload, there, receipts, replacing)
    size = sum(map(int, receipts)) if receipts else upload.size
    if size is not None and sum(int(one) for one in held.values()) != size:
        raise UploadExpired(upload.path, "the unfinished upload is not what was sent")
    if there is not None and replacing is None:
        raise AlreadyExists(upload.path)
    if replacing and (there is None or there.version != replacing):
        raise TargetChanged(upload.path)
    if there is not None and there.kind is Kind.DIR:
        raise WrongKind(upload.path, "is a directory")
    _put_together(session, upload, size or 0, there)
    return look.entry(session, upload.path)


def _put_together(session: Session, upload: Chunks, size: int, there: Described | None) -> None:
    headers = {"Overwrite": "F" if there is None else "T", "OC-Total-Length": str(size)}
    if there is not None and there.etag:
        headers["If"] = f"<{session.base}{upload.path}> ([{there.etag}])"
    if upload.modified is not None:
        headers["X-OC-Mtime"] = str(int(upload.modified))
    with session.gives_name():
        done = _ask(session, upload, "MOVE", f"{upload.folder}/.file", "naming it", more=headers)
    if done.status == _PRECONDITION_FAILED:
        raise AlreadyExists(upload.path) if there is None else TargetChanged(upload.path)
    _need(done)


def _finished_before(
    upload: Chunks, there: Described | None, receipts: Sequence[str], replacing: str | None
) -> Entry:
    """What stands at the target, when it can be the finished upload."""
    size = sum(map(int, receipts)) if receipts else upload.size
    if there is None or there.kind is not Kind.FILE or size is None:
        raise UploadExpired(upload.path)
    if there.size != size or there.version == replacing:
        raise UploadExpired(upload.path)
    return there.entry(upload.path)


def discard(session: Session, folder: str) -> None:
    """Remove unfinished bytes. Nothing there is success, as is a server that knows no chunks: what
    a Nextcloud hides it removes itself, after a day."""
    done = change(session, "DELETE", f"{folder}/", shown=folder, doing="removing it")
    if done.error is None or isinstance(done.error, NotFound | Unsupported):
        return
    if not isinstance(done.error, Denied) or _is_there(session, folder):
        raise done.error


def _is_there(session: Session, folder: str) -> bool:
    try:
        return look.maybe(session, folder) is not None
    except (Denied, Unsupported):
        return False


def _ask(
    session: Session,
    upload: Chunks,
    method: str,
    path: str,
    doing: str,
    *,
    body: Body | None = None,
    length: int | None = None,
    more: Mapping[str, str] | None = None,
) -> Done:
    """Every request names the file that the chunks will be."""
    headers = {"Destination": f"{session.base}{upload.path}"}
    if upload.size is not None:
        headers["OC-Total-Length"] = str(upload.size)
    headers |= more or {}
    return change(
        session,
        method,
        path,
        shown=upload.path,
        doing=doing,
        headers=headers,
        body=body,
        length=length,
    )


def _need(done: Done) -> None:
    error: ProviderError | None = done.error
    if error is None:
        return
    if isinstance(error, NotFound) or done.status in _ALREADY:
        raise UploadExpired(error.path) from error
    raise error
