"""A file on a server opened to be read, in as few trips as what is known of it allows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from providers.base import Buffer, Entry, Kind
from providers.errors import ProviderError, SourceChanged, WrongKind
from providers.sftp import calls, look
from providers.sftp.pipeline import Asked, ask_range, read_asked
from providers.sftp.protocol import Fields, Op, Open, attributes, path_string, string, u32
from providers.sftp.session import Session


@contextmanager
def opened(
    session: Session, path: str, offset: int, length: int | None, version: str | None
) -> Iterator[tuple[Entry, Iterator[Buffer]]]:
    """What is opened, and the bytes asked of it.

    Who names a `version` saw a file of that size there, so that it is looked at, opened and read
    from without waiting for each. Raises WrongKind for what is no file, SourceChanged for another
    version.
    """
    handle = _looked_at(session, path) if version is None else _seen(session, path)
    with calls.releasing(session, handle, path):
        looked = session.request(Op.FSTAT, string(handle))
        size = None if version is None else look.size_in(version)
        asked = None
        if size is not None:
            asked = _asked(session, handle, path, offset, length, size)
        told = session.decode(session.wait(looked, path), Op.ATTRS, path, Fields.attributes)
        entry = look.entry(path, told)
        need_file(entry)
        if version is not None and entry.version != version:
            raise SourceChanged(path)
        if asked is None:
            asked = _asked(session, handle, path, offset, length, entry.size, wait=True)
        chunks = read_asked(session, path, asked)
        with closing(chunks):  # the session is another's when this block is left
            yield entry, chunks


def _asked(
    session: Session,
    handle: bytes,
    path: str,
    offset: int,
    length: int | None,
    size: int | None,
    *,
    wait: bool = False,
) -> Asked:
    """What is read; `wait`: nothing of it is asked for until it is wanted."""
    end = size if length is None else offset + length
    if end is not None and end < offset:
        raise SourceChanged(path, "the file is shorter than it was")
    is_end = end is not None and end == size
    asked = Asked(handle, offset, end, is_end=is_end)
    if not wait:
        ask_range(session, asked)
    return asked


def _looked_at(session: Session, path: str) -> bytes:
    # Looked at first: opening a pipe or a device would wait for ever.
    need_file(look.entry(path, calls.stat(session, path, follow=True)))
    return calls.open_file(session, path, Open.READ)


def _seen(session: Session, path: str) -> bytes:
    """A handle. What took the place of the file meanwhile is not waited for."""
    looked = session.request(Op.STAT, path_string(path))
    asked = session.request(Op.OPEN, path_string(path), u32(Open.READ), attributes())
    told = session.wait(looked, path)
    try:
        entry = look.entry(path, session.decode(told, Op.ATTRS, path, Fields.attributes))
        if entry.kind is not Kind.FILE:
            session.close()  # opening it may never be answered
            need_file(entry)
    except ProviderError:
        _let_go(session, asked, path)
        raise
    return calls.handle_of(session, session.wait(asked, path), path)


def _let_go(session: Session, asked: int, path: str) -> None:
    if not session.broken:
        reply = session.wait(asked, path)
        if reply.kind == Op.HANDLE:
            calls.let_go(session, calls.handle_of(session, reply, path), path)


def need_file(entry: Entry) -> None:
    """Raise WrongKind when it is no regular file."""
    if entry.kind is not Kind.FILE:
        raise WrongKind(entry.path, "is not a regular file")
