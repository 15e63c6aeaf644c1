"""Requests that only some servers know: OpenSSH's extensions (its PROTOCOL file, section 4).

What a server offers is in `Session.offers`. One that does not, or refuses it after all, raises
Unsupported.
"""

from __future__ import annotations

from collections.abc import Sequence

from providers.errors import Unsupported
from providers.sftp.protocol import Fields, Op, attributes, path_string, string, u32
from providers.sftp.session import Session
from providers.text import from_bytes

COPY_DATA = "copy-data"
HARDLINK = "hardlink@openssh.com"
LSETSTAT = "lsetstat@openssh.com"
NAMES_BY_ID = "users-groups-by-id@openssh.com"
_SIZE, _OWNER = 1, 2  # flags of an ATTRS block


def need(session: Session, name: str, path: str) -> bytes:
    """The name as a request begins with it. Raises Unsupported where it is not offered."""
    if name not in session.offers:
        raise Unsupported(path, f"this server has no {name.partition('@')[0]}")
    return string(name.encode())


def copy_data(
    session: Session, source: bytes, target: bytes, offset: int, length: int, path: str
) -> None:
    """Have the server copy `length` bytes from `offset` of one open file to there in another."""
    session.command(
        Op.EXTENDED,
        need(session, COPY_DATA, path),
        *(string(source), _u64(offset), _u64(length)),
        *(string(target), _u64(offset)),
        path=path,
        timeout=session.patience.sync,
    )


def hard_link(session: Session, path: str, existing: str) -> None:
    """Give `existing` another name `path`, never over something."""
    name = need(session, HARDLINK, path)
    session.command(Op.EXTENDED, name, path_string(existing), path_string(path), path=path)


def set_mode_of_link(session: Session, path: str, mode: int) -> None:
    """Set the permission bits of what stands at `path`; of a link its own, if it has any."""
    name = need(session, LSETSTAT, path)
    block = attributes(permissions=mode)
    session.command(Op.EXTENDED, name, path_string(path), block, path=path)


def names_by_id(session: Session, user: int, group: int, path: str) -> tuple[str, str]:
    """What a user's and a group's numbers are called there; "" where nobody knows."""
    name = need(session, NAMES_BY_ID, path)
    users, groups = (string(u32(number)) for number in (user, group))
    return session.call(
        Op.EXTENDED, name, users, groups, path=path, answer=Op.EXTENDED_REPLY, read=_names
    )


def owner(session: Session, path: str) -> tuple[int, int] | None:
    """The numbers of the user and group a file belongs to; None where the server does not say."""
    asked = path_string(path)
    return session.call(Op.LSTAT, asked, path=path, answer=Op.ATTRS, read=_owner)


def _owner(fields: Fields) -> tuple[int, int] | None:
    flags = fields.u32()
    if flags & _SIZE:
        fields.u64()
    return (fields.u32(), fields.u32()) if flags & _OWNER else None


def _names(fields: Fields) -> tuple[str, str]:
    users, groups = (_strings(fields.string()) for _ in range(2))
    return (next(iter(users), ""), next(iter(groups), ""))


def _strings(raw: bytes) -> Sequence[str]:
    fields, found = Fields(memoryview(raw)), []
    while fields.left():
        found.append(from_bytes(fields.string()))
    return found


def _u64(value: int) -> bytes:
    return value.to_bytes(8, "big")
