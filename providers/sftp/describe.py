"""What a server says of a file besides its entry: whose it is, and what its permissions are."""

from __future__ import annotations

import stat
from collections.abc import Sequence

from providers.errors import Denied, NotFound, ProviderError, Unsupported
from providers.extras import Property
from providers.sftp import calls, extensions
from providers.sftp.protocol import Attributes, Refused
from providers.sftp.session import Session


def properties(session: Session, path: str) -> Sequence[Property]:
    """See `providers.extras.Describer`."""
    found = calls.stat(session, path, follow=False)
    told = [*_owner(session, path), *_permissions(found)]
    if found.permissions is not None and stat.S_ISLNK(found.permissions):
        told.append(Property("leads to", _target(session, path)))
    return told


def _owner(session: Session, path: str) -> Sequence[Property]:
    numbers = extensions.owner(session, path)
    if numbers is None:
        return ()
    user, group = numbers
    try:
        names = extensions.names_by_id(session, user, group, path)
    except (Refused, Unsupported, Denied):
        names = ("", "")
    shown = (
        f"{name} ({number})" if name else str(number)
        for name, number in zip(names, numbers, strict=True)
    )
    return tuple(Property(what, text) for what, text in zip(("owner", "group"), shown, strict=True))


def _permissions(found: Attributes) -> Sequence[Property]:
    mode = found.permissions
    if mode is None:
        return ()
    return (Property("permissions", f"{stat.filemode(mode)} ({stat.S_IMODE(mode):04o})"),)


def _target(session: Session, path: str) -> str:
    try:
        return calls.read_link(session, path)
    except NotFound:
        raise
    except ProviderError as error:
        return error.what
