"""Many requests at once on one handle: reads, writes and listings in bounded windows.

Memory is bounded by WINDOW (`_WINDOW_FAR` to read from far away) x the request size, whatever the
file. What arrives out of order is
delivered in order; a short answer is asked for again; every write is checked (faults.md 1, 2).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from math import inf
from typing import TypeVar

from providers.base import Body
from providers.errors import ProviderError, SourceChanged
from providers.records import dataclass, field
from providers.sftp.protocol import BadPacket, Fields, Op, string, u32, u64
from providers.sftp.session import Session

T = TypeVar("T")

WINDOW = 64  # requests outstanding, as OpenSSH's own client
_WINDOW_FAR = 128  # the same, to read over a distance that 64 do not fill
_FAR = 0.05  # seconds there and back
_LEAST_READ = 32 << 10  # bytes: every server gives that much at once
_AHEAD_AT_FIRST = 4  # pages of a directory


@dataclass(frozen=True, slots=True)
class _Piece:
    number: int
    offset: int
    length: int


@dataclass(slots=True)
class Asked:
    """A range of an open file, and what of it was asked for: up to `offset`.

    It goes to `end`; None: to the end of the file, wherever it is. `is_end`: `end` is the size that
    the file is said to have, and a byte behind it is still to be asked for.
    """

    handle: bytes
    offset: int
    end: int | None
    is_end: bool = False
    window: deque[_Piece] = field(default_factory=deque)


def ask_range(session: Session, asked: Asked) -> None:
    """Queue as many requests as may be under way."""
    window, end = asked.window, asked.end
    most = _WINDOW_FAR if _FAR < session.distance < inf else WINDOW
    if len(window) > most * 3 // 4:  # several are sent in one go
        return
    while len(window) < most and (end is None or asked.offset < end):
        size = session.reading.size(session.read_size)
        size = size if end is None else min(size, end - asked.offset)
        window.append(_ask(session, asked.handle, asked.offset, size))
        asked.offset += size
    if asked.is_end and asked.offset == end and len(window) < most:
        window.append(_ask(session, asked.handle, asked.offset, 1))
        asked.is_end = False


def read_range(
    session: Session,
    handle: bytes,
    path: str,
    offset: int,
    end: int | None,
    *,
    is_end: bool = False,
) -> Generator[memoryview, None, None]:
    """The bytes from `offset` to `end` as in `Asked`, in order. Raises as `read_asked`."""
    return read_asked(session, path, Asked(handle, offset, end, is_end))


def read_asked(session: Session, path: str, asked: Asked) -> Generator[memoryview, None, None]:
    """The bytes of what is `asked`, in order.

    Raises SourceChanged when the file ends before its end, and when it goes on behind a size that
    was said: as in /proc, where all sizes are 0 (faults.md D8, C6).
    """
    window, end = asked.window, asked.end
    session.reading.begin()
    while True:
        ask_range(session, asked)
        if not window:
            return
        piece = window.popleft()
        data = _data(session, piece, path)
        session.reading.passed()
        if end is not None and piece.offset >= end:
            if data is not None:
                raise SourceChanged(path, "the file holds more than its size says")
            continue
        if data is None:
            _end_here(session, window, path, piece.offset, end)
            return
        if len(data) < piece.length:
            session.read_size = max(len(data), min(_LEAST_READ, session.read_size))
            at = piece.offset + len(data)
            window.appendleft(_ask(session, asked.handle, at, piece.length - len(data)))
        yield data


def _ask(session: Session, handle: bytes, offset: int, length: int) -> _Piece:
    number = session.request(Op.READ, string(handle), u64(offset), u32(length))
    return _Piece(number, offset, length)


def _data(session: Session, piece: _Piece, path: str) -> memoryview | None:
    reply = session.wait(piece.number, path)
    if reply.is_end:
        return None

    def take(fields: Fields) -> memoryview:
        data = fields.view()
        if not 0 < len(data) <= piece.length:
            raise BadPacket("it sent a piece of the wrong length")
        return data

    return session.decode(reply, Op.DATA, path, take)


def _end_here(session: Session, window: deque[_Piece], path: str, at: int, end: int | None) -> None:
    if end is not None:
        raise SourceChanged(path, f"the file ended at byte {at} where {end} were expected")
    for piece in window:
        if _data(session, piece, path) is not None:
            raise SourceChanged(path, "the file grew while it was being read")


def write_body(
    session: Session,
    handle: bytes,
    path: str,
    offset: int,
    body: Body,
    behind: Callable[[int], None] | None = None,
) -> int:
    """Write the chunks of `body` from `offset` on and return how many bytes that were.

    The pace is that of handing them over: a line that is slow takes the next one late. `behind` is
    told that number when all of them are sent, to ask for what comes in the same trip.

    Returns only when the server has acknowledged each of them; raises the first refusal.
    """
    waiting: deque[int] = deque()
    at = offset
    session.writing.begin()
    for chunk in body:
        view = memoryview(chunk).cast("B")
        while view:
            if len(waiting) >= WINDOW:
                _check_oldest(session, waiting, path)
            size = session.writing.size(session.write_size)
            piece, view = view[:size], view[size:]
            waiting.append(session.request_write(handle, at, piece))
            session.writing.passed()
            at += len(piece)
    if behind is not None:
        behind(at - offset)
    while waiting:
        _check_oldest(session, waiting, path)
    return at - offset


def _check_oldest(session: Session, waiting: deque[int], path: str) -> None:
    reply = session.wait(waiting.popleft(), path)
    try:
        session.check(reply, path)
    except ProviderError:
        # The rest is awaited, so that the session can still be asked why (statvfs).
        while waiting and not session.broken:
            session.wait(waiting.popleft(), path)
        raise


def list_pages(
    session: Session, handle: bytes, path: str, read: Callable[[Fields], list[T]]
) -> Iterator[list[T]]:
    """The entries of an open directory, a page for each answer: what `read` makes of it. At most
    `session.ahead` are asked ahead, and few at first: most directories have one page."""
    ahead = min(_AHEAD_AT_FIRST, session.ahead)
    waiting = deque(_next_page(session, handle) for _ in range(ahead))
    ended = False
    while waiting:
        reply = session.wait(waiting.popleft(), path)
        if reply.is_end:
            ended = True
            continue
        page = session.decode(reply, Op.NAME, path, read)
        if reply.is_empty:  # not the end by the letter, but a server may say so for ever
            ended = True
            continue
        if not ended and len(waiting) <= ahead // 2:  # several are sent in one go
            missing = ahead - len(waiting)
            waiting.extend(_next_page(session, handle) for _ in range(missing))
        ahead = min(2 * ahead, session.ahead)
        yield page


def _next_page(session: Session, handle: bytes) -> int:
    return session.request(Op.READDIR, string(handle))
