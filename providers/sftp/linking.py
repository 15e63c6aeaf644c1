"""Symbolic links on a server: made, put in place of something, and followed to their end."""

from __future__ import annotations

import posixpath

from providers.base import Kind
from providers.errors import AlreadyExists, Doubtful, Unsupported
from providers.sftp import calls, look, uploads
from providers.sftp.protocol import Refused
from providers.sftp.session import Session

_MOST_LINKS = 40  # followed in one path, as Linux does


def make(session: Session, path: str, target: str, within: str) -> None:
    """See `providers.extras.Linker.make_link`. Raises Doubtful when it was made elsewhere."""
    look.refuse_links(session, within, path)
    if look.maybe(session, path) is not None:
        raise AlreadyExists(path)
    try:
        calls.make_link(session, path, target)
    except Unsupported as error:
        raise Unsupported(path, "this server makes no symbolic links") from error
    except Refused as error:
        if look.maybe(session, path) is not None:
            raise AlreadyExists(path) from error
        raise look.explained(session, error, path) from error
    if look.maybe(session, path) is None:
        raise Doubtful(
            path,
            "the server says that it made the link, and there is none",
            advice="It may have read the request the other way round: look at the target.",
        )


def replace(
    session: Session, path: str, target: str, key: str, replacing: str, within: str
) -> None:
    """See `providers.extras.Linker.replace_link`: a link of another name, which then gets this
    one as an upload does."""
    unfinished = uploads.plan(path, None, key=key, modified=None, mode=None, within=within)
    look.refuse_links(session, within, path)
    if look.maybe(session, unfinished.temporary) is not None:
        calls.remove(session, unfinished.temporary)
    make(session, unfinished.temporary, target, within)
    there = look.maybe(session, path)
    try:
        with session.gives_name():
            uploads.name_over(session, unfinished, there, replacing)
    except Refused as error:
        raise look.explained(session, error, path) from error


def leads_to(session: Session, path: str) -> str:
    """See `providers.extras.Linker.leads_to`. A server may leave the last link of an address to
    whoever asks for it: that one is read, then."""
    for _ in range(_MOST_LINKS):
        try:
            path = calls.real_path(session, path)
        except Refused:
            break
        if look.entry(path, calls.stat(session, path, follow=False)).kind is not Kind.LINK:
            return path
        path = posixpath.join(posixpath.dirname(path), calls.read_link(session, path))
    raise Unsupported(path, "its links lead in a circle, or cannot be followed")
