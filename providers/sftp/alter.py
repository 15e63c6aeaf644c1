"""Permissions and links: what a person changes of a file without touching its bytes."""

from __future__ import annotations

from providers.base import Kind
from providers.errors import AlreadyExists, Unsupported, WrongKind
from providers.sftp import calls, extensions, look
from providers.sftp.protocol import Refused
from providers.sftp.session import Session

_ONE_DISK = "Both names must be on one disk, and the disk one that has hard links."


def set_mode(session: Session, path: str, mode: int, within: str) -> None:
    """See `providers.extras.Moder`.

    Version 3 knows no request that leaves links alone, so each is looked for right before. Where
    the server has no lsetstat either a moment remains, as for `look.refuse_links`.
    """
    look.refuse_links(session, within, path)
    if look.at(session, path).kind is Kind.LINK:
        raise WrongKind(path, "is a link: what it leads to is not changed", advice="")
    try:
        extensions.set_mode_of_link(session, path, mode & 0o7777)
    except (Refused, Unsupported):  # not every system can
        calls.set_mode(session, path, mode & 0o7777)


def make_hard_link(session: Session, path: str, existing: str) -> None:
    """See `providers.extras.HardLinker`."""
    kind = look.entry(existing, calls.stat(session, existing, follow=False)).kind
    if kind is not Kind.FILE:
        raise WrongKind(existing, "only a file can have another name", advice="")
    if look.maybe(session, path) is not None:
        raise AlreadyExists(path)
    try:
        extensions.hard_link(session, path, existing)
    except Unsupported as error:
        raise Unsupported(path, "this server makes no hard links") from error
    except Refused as error:
        if look.maybe(session, path) is not None:
            raise AlreadyExists(path) from error
        why = look.explained(session, error, path)
        if isinstance(why, Refused):
            raise Refused(path, why.what, advice=_ONE_DISK) from error
        raise why from error
