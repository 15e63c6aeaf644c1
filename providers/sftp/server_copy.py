"""A copy that the server makes itself (copy-data): no byte of the file comes through here."""

from __future__ import annotations

from collections.abc import Sequence

from providers.base import Kind
from providers.errors import Denied, NoSpace, SourceChanged, Unsupported, WrongKind
from providers.sftp import calls, extensions, look, uploads
from providers.sftp.protocol import Open, Refused
from providers.sftp.session import Session
from providers.sftp.uploads import Upload

_PIECE = 64 << 20  # bytes of one request: it is answered only when they are copied


def copy_into(session: Session, upload: Upload, source: str, version: str | None) -> Sequence[str]:
    """See `providers.base.Copier`."""
    extensions.need(session, extensions.COPY_DATA, source)
    uploads.check(session, upload)
    if look.entry(source, calls.stat(session, source, follow=True)).kind is not Kind.FILE:
        raise WrongKind(source, "is not a regular file")  # opening a pipe would wait for ever
    reading = calls.open_file(session, source, Open.READ)
    with calls.releasing(session, reading, source):
        before = look.entry(source, calls.stat_handle(session, reading, source))
        if version is not None and before.version != version:
            raise SourceChanged(source)
        if before.size is None:
            raise Unsupported(source, "the server does not say how long this file is")
        _copy(session, upload, reading, before.size)
        after = look.entry(source, calls.stat_handle(session, reading, source))
        if after.version != before.version:
            raise SourceChanged(source)
    if uploads.check(session, upload).size != before.size:
        raise SourceChanged(source, "the server copied another number of bytes")
    return [f"0:{before.size}"]


def _copy(session: Session, upload: Upload, reading: bytes, size: int) -> None:
    writing = calls.open_file(session, upload.temporary, Open.WRITE)
    try:
        with calls.closing(session, writing, upload.path):
            for offset in range(0, size, _PIECE):
                piece = min(_PIECE, size - offset)
                extensions.copy_data(session, reading, writing, offset, piece, upload.path)
    except (Refused, Denied) as error:  # also a server that has it and does not want to
        why = look.explained(session, error, upload.path)
        if isinstance(why, NoSpace):
            raise why from error
        raise Unsupported(upload.path, "the server does not copy this file itself") from error
