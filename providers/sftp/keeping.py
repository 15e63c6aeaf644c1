"""Time and permissions of a stored file, on servers that refuse FSETSTAT for both at once.

Some set what a name leads to and nothing by handle, some set times and no permissions, some nothing
at all: each is asked for on its own, by name, and what is refused is the server's own affair.
"""

from __future__ import annotations

from contextlib import suppress

from providers.errors import Denied, Unsupported
from providers.sftp.calls import whole_seconds
from providers.sftp.protocol import Op, Refused, attributes, path_string
from providers.sftp.session import Session

REFUSALS = (Refused, Unsupported, Denied)


def ask_one_by_one(
    session: Session, path: str, *, mode: int | None, modified: float | None
) -> list[int]:
    """The requests, sent; `path` is known to be no link."""
    blocks = []
    if mode is not None:
        blocks.append(attributes(permissions=mode))
    if modified is not None:
        blocks.append(attributes(modified=whole_seconds(modified)))
    return [session.request(Op.SETSTAT, path_string(path), block) for block in blocks]


def set_one_by_one(
    session: Session, path: str, *, mode: int | None, modified: float | None
) -> None:
    """Raises ConnectionLost, and no refusal."""
    asked = ask_one_by_one(session, path, mode=mode, modified=modified)
    for reply in [session.wait(number, path) for number in asked]:
        with suppress(*REFUSALS):
            session.check(reply, path)
