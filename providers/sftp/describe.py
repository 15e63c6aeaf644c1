"""What a server says of a file besides its entry: whose it is."""

from __future__ import annotations

from collections.abc import Sequence

from providers.errors import Denied, Unsupported
from providers.extras import Property
from providers.sftp import extensions
from providers.sftp.protocol import Refused
from providers.sftp.session import Session


def properties(session: Session, path: str) -> Sequence[Property]:
    """See `providers.extras.Describer`."""
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
    return tuple(Property(what, text) for what, text in zip(("Owner", "Group"), shown, strict=True))
