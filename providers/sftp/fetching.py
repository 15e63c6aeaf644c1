"""Many small files read at once: looked at, opened, read whole, closed and looked at again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from providers.base import Buffer, Entry, Kind
from providers.errors import ConnectionLost, ProviderError, SourceChanged
from providers.many import Wanted
from providers.records import dataclass
from providers.sftp import look
from providers.sftp.calls import handle_of
from providers.sftp.protocol import (
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


@dataclass(frozen=True, slots=True)
class Held:
    """A reader of a file whose bytes are in memory, and which was the same before and after."""

    entry: Entry
    pieces: Sequence[Buffer]
    sealed: bool = True

    def chunks(self) -> Iterator[Buffer]:
        return iter(self.pieces)


def fetch(session: Session, files: Sequence[Wanted]) -> list[Held | None]:
    """See `providers.many.Batcher`: what is not just as it was listed is left to others."""
    try:
        ended = all_at_once(session, [_fetched(session, file) for file in files])
    except ConnectionLost:
        return [None] * len(files)
    return [held if isinstance(held, Held) else None for held in ended]


def _fetched(session: Session, file: Wanted) -> Steps[Held]:
    # Looked at first: opening a pipe or a device would wait for ever.
    (reply,) = yield [_look(session, file.path)]
    before = _entry(session, reply, file.path)
    if before.kind is not Kind.FILE or before.size != file.size:
        raise SourceChanged(file.path)
    asked = session.request(Op.OPEN, path_string(file.path), u32(Open.READ), attributes())
    (reply,) = yield [asked]
    handle = handle_of(session, reply, file.path)
    try:
        lengths = _lengths(file.size, session.read_size)
        looked, reads = session.request(Op.FSTAT, string(handle)), _reads(session, handle, lengths)
        replies = yield [looked, *reads]
        opened = _entry(session, replies[0], file.path)
        pieces = _pieces(session, replies[1:], file.path, lengths)
    except ProviderError:
        if not session.broken:
            yield [_close(session, handle)]
        raise
    _, reply = yield [_close(session, handle), _look(session, file.path)]
    after = _entry(session, reply, file.path)
    if opened.version is None or not before.version == opened.version == after.version:
        raise SourceChanged(file.path)
    return Held(opened, pieces)


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


def _entry(session: Session, reply: Reply, path: str) -> Entry:
    return look.entry(path, session.decode(reply, Op.ATTRS, path, Fields.attributes))


def _close(session: Session, handle: bytes) -> int:
    return session.request(Op.CLOSE, string(handle))
