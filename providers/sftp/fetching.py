"""Many small files read at once: looked at, opened, read whole, closed and looked at again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from providers.base import Buffer, Entry
from providers.errors import ConnectionLost, ProviderError, SourceChanged
from providers.many import Fetched, Wanted
from providers.sftp import look
from providers.sftp.calls import handle_of
from providers.sftp.protocol import (
    Attributes,
    Fields,
    Op,
    Open,
    attributes,
    path_string,
    string,
    u32,
    u64,
)
from providers.sftp.rounds import Steps, all_at_once
from providers.sftp.session import Reply, Session

_TO_READ = u32(Open.READ) + attributes()


def stat_all(session: Session, paths: Sequence[str]) -> list[Entry | ProviderError]:
    """See `providers.many.Batcher`. Raises ConnectionLost."""
    asked = [_look(session, path) for path in paths]
    return [
        _there(session, session.wait(number, path), path)
        for number, path in zip(asked, paths, strict=True)
    ]


def _there(session: Session, reply: Reply, path: str) -> Entry | ProviderError:
    try:
        return look.entry(path, _told(session, reply, path))
    except ProviderError as error:
        if session.broken:
            raise
        return error


def fetch(session: Session, files: Sequence[Wanted]) -> list[Fetched | None]:
    """See `providers.many.Batcher`: what is not just as it was listed is left to others."""
    try:
        ended = all_at_once(session, [_fetched(session, file) for file in files])
    except ConnectionLost:
        return [None] * len(files)
    return [one if isinstance(one, Fetched) else None for one in ended]


def _fetched(session: Session, file: Wanted) -> Steps[Fetched]:
    # Looked at first: opening a pipe or a device would wait for ever.
    (reply,) = yield [_look(session, file.path)]
    before = _told(session, reply, file.path)
    if not look.is_file(before, file.size):
        raise SourceChanged(file.path)
    asked = session.request(Op.OPEN, path_string(file.path), _TO_READ)
    (reply,) = yield [asked]
    handle = handle_of(session, reply, file.path)
    try:
        lengths = _lengths(file.size, session.read_size)
        looked, reads = session.request(Op.FSTAT, string(handle)), _reads(session, handle, lengths)
        replies = yield [looked, *reads]
        opened = _told(session, replies[0], file.path)
        pieces = _pieces(session, replies[1:], file.path, lengths)
    except ProviderError:
        if not session.broken:
            yield [_close(session, handle)]
        raise
    _, reply = yield [_close(session, handle), _look(session, file.path)]
    after = _told(session, reply, file.path)
    if opened.modified is None or not _what(before) == _what(opened) == _what(after):
        raise SourceChanged(file.path)
    return Fetched(look.entry(file.path, opened), pieces)


def _what(told: Attributes) -> tuple[int | None, ...]:
    """What a version is made of, and whether it is a file."""
    return (told.size, told.modified, told.permissions)


def _lengths(size: int, most: int) -> list[int]:
    return [min(most, size - at) for at in range(0, size, most)]


def _reads(session: Session, handle: bytes, lengths: Sequence[int]) -> Iterator[int]:
    """Requests for all of it and for a byte behind it, where none should be (faults.md D8)."""
    at = 0
    for length in (*lengths, 1):
        yield session.request(Op.READ, string(handle), u64(at), u32(length))
        at += length


def _pieces(
    session: Session, replies: Sequence[Reply], path: str, lengths: Sequence[int]
) -> list[Buffer]:
    *data, end = replies
    if not end.is_end:
        raise SourceChanged(path, "the file holds more than its size says")
    pieces: list[Buffer] = [session.decode(reply, Op.DATA, path, Fields.view) for reply in data]
    if [len(piece) for piece in pieces] != lengths:
        raise SourceChanged(path, "the server gave less than was asked for")
    return pieces


def _look(session: Session, path: str) -> int:
    return session.request(Op.LSTAT, path_string(path))


def _told(session: Session, reply: Reply, path: str) -> Attributes:
    return session.decode(reply, Op.ATTRS, path, Fields.attributes)


def _close(session: Session, handle: bytes) -> int:
    return session.request(Op.CLOSE, string(handle))
