"""Many small uploads at once: made, filled and read back in a few rounds, and later named in a few.

What is not as usual is left: `providers.sftp.uploads` does that one file call by call, and knows
what is wrong. Once a name was asked for, an answer that did not come is ConnectionLost, as there:
whoever looks next finds out what happened (faults.md A8).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from unicodedata import normalize

from providers.base import Body, Entry, Kind
from providers.errors import (
    ConnectionLost,
    NotFound,
    ProviderError,
    SourceChanged,
    Unsupported,
)
from providers.many import Stored
from providers.records import dataclass, field
from providers.sftp import keeping, look, uploads
from providers.sftp.calls import FSYNC, handle_of, whole_seconds
from providers.sftp.protocol import (
    Fields,
    Op,
    Open,
    Refused,
    attributes,
    path_string,
    string,
    u32,
    u64,
)
from providers.sftp.rounds import Steps, all_at_once
from providers.sftp.session import Reply, Session
from providers.sftp.uploads import Upload

READ_BACK = 64 << 10
"""Bytes: to bring so many back takes less than a program that the server starts to digest them."""

_NEW = Open.WRITE | Open.CREATE | Open.EXCLUSIVE

Finish = Callable[[str, Sequence[str]], Entry]
"""An upload finished call by call, where nothing may stand: its token and its receipts."""


@dataclass(slots=True)
class _Kept:
    upload: Upload
    data: bytearray = field(default_factory=bytearray)
    ended: Entry | ProviderError | None = None


@dataclass(slots=True)
class Gathered:
    """A `providers.many.Gathering`. `session` lends one; `usual` finishes what was left."""

    session: Callable[[], AbstractContextManager[Session]]
    usual: Finish
    _kept: dict[str, _Kept] = field(default_factory=dict)

    def begin(
        self,
        path: str,
        size: int | None,
        *,
        key: str,
        part_size: int,
        modified: float | None = None,
        mode: int | None = None,
        within: str = "",
    ) -> str:
        upload = uploads.plan(path, size, key=key, modified=modified, mode=mode, within=within)
        token = upload.token()
        self._kept[token] = _Kept(upload)
        return token

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        kept = self._kept[upload]
        before, most = len(kept.data), kept.upload.size
        for chunk in body:
            # Taken over at once: a reader may fill the same memory again for the next one.
            kept.data += chunk
            if most is not None and len(kept.data) > most:
                raise SourceChanged(kept.upload.path, "the file holds more than its size says")
        return f"{offset}:{len(kept.data) - before}"

    def send(self, proofs: Mapping[str, bool]) -> Mapping[str, Stored]:
        try:
            with self.session() as session:
                steps = [_sent(session, self._kept[token], proofs[token]) for token in proofs]
                ended = all_at_once(session, steps)
        except ProviderError:
            return {}
        stored = zip(proofs, ended, strict=True)
        return {token: one for token, one in stored if isinstance(one, Stored)}

    def name(self, uploads: Sequence[str]) -> None:
        kept = _apart([self._kept[token] for token in uploads if token in self._kept])
        try:
            with self.session() as session:
                ready = _sealed_of(session, kept)
                with session.gives_name():
                    _name_all(session, ready)
        except ProviderError:
            return  # nothing was named: each is finished, and fails, on its own

    def finish(self, upload: str, receipts: Sequence[str]) -> Entry:
        kept = self._kept.get(upload)
        if kept is None or kept.ended is None:
            return self.usual(upload, receipts)
        if isinstance(kept.ended, ProviderError):
            raise kept.ended
        return kept.ended


# Sending ---------------------------------------------------------------------------------------


def _sent(session: Session, kept: _Kept, proof: bool) -> Steps[Stored]:
    upload, path = kept.upload, kept.upload.path
    directories = look.between(upload.within, path)
    if directories:
        looked = yield _looks(session, directories)
        look.refuse_link_among(_entries(session, directories, looked))
    opens = (path_string(upload.temporary), u32(_NEW), attributes(permissions=0o600))
    (reply,) = yield [session.request(Op.OPEN, *opens)]
    handle = handle_of(session, reply, path)
    try:
        for reply in (yield list(_writes(session, handle, kept.data))):
            session.check(reply, path)
    except ProviderError:
        if not session.broken:
            yield [_close(session, handle)]
        raise
    asked = [session.request(Op.FSTAT, string(handle)), _close(session, handle)]
    proof = proof and len(kept.data) <= READ_BACK
    if proof:
        # A READ by a handle that may write makes pkg/sftp, and so rclone, write zeros.
        opens = (path_string(upload.temporary), u32(Open.READ), attributes())
        asked.append(session.request(Op.OPEN, *opens))
    told, closed, *opened = yield asked
    digest = (yield from _read_back(session, kept, opened[0])) if proof else ""
    session.check(closed, path)
    entry = _entry(session, upload.temporary, told)
    if entry.kind is not Kind.FILE or entry.size != len(kept.data):
        raise Refused(path)
    return Stored(entry, digest)


def _read_back(session: Session, kept: _Kept, opened: Reply) -> Steps[str]:
    """The SHA-256 of what is there."""
    path = kept.upload.path
    handle = handle_of(session, opened, path)
    *data, _ = yield [*_reads(session, handle, kept.data), _close(session, handle)]
    return _digest(session, data, path)


def _writes(session: Session, handle: bytes, data: bytearray) -> Iterator[int]:
    most = session.write_size
    for at in range(0, len(data), most):
        piece = string(bytes(data[at : at + most]))
        yield session.request(Op.WRITE, string(handle), u64(at), piece)


def _reads(session: Session, handle: bytes, data: bytearray) -> Iterator[int]:
    most = session.read_size
    for at in range(0, len(data), most):
        length = min(most, len(data) - at)
        yield session.request(Op.READ, string(handle), u64(at), u32(length))


def _digest(session: Session, replies: Sequence[Reply], path: str) -> str:
    """Of what was read. Of less than all of it, it is another one."""
    hasher = hashlib.sha256()
    for reply in replies:
        hasher.update(session.decode(reply, Op.DATA, path, Fields.view))
    return hasher.hexdigest()


# Naming ----------------------------------------------------------------------------------------


def _apart(kept: Sequence[_Kept]) -> list[_Kept]:
    """Of those whose names some disk takes for one, the first (faults.md E5).

    Not every server keeps from renaming over what is there: the others look after it has its name.
    """
    first: dict[str, _Kept] = {}
    for one in kept:
        first.setdefault(_folded(one.upload.path), one)
    return list(first.values())


def _folded(path: str) -> str:
    """Windows passes over dots and spaces at the end."""
    return normalize("NFC", normalize("NFC", path).casefold()).rstrip(". ")


def _sealed_of(session: Session, kept: Sequence[_Kept]) -> list[_Kept]:
    """Those that may get their name; what stands against it is in `ended`, or found out later."""
    steps = [_sealed(session, one) for one in kept] + [_free(session, one) for one in kept]
    ended = all_at_once(session, steps, session.patience.sync)
    sealed, free = ended[: len(kept)], ended[len(kept) :]
    for one, came in zip(kept, sealed, strict=True):
        if isinstance(came, ProviderError):
            one.ended = came
    ready = zip(kept, sealed, free, strict=True)
    return [one for one, durable, unused in ready if durable is True and unused is True]


def _sealed(session: Session, kept: _Kept) -> Steps[bool]:
    """Mode, time and bytes on disk. False: something unusual is in the way."""
    upload, path = kept.upload, kept.upload.path
    opens = (path_string(upload.temporary), u32(Open.WRITE), attributes())
    staged, opened = yield [_look(session, upload.temporary), session.request(Op.OPEN, *opens)]
    try:
        handle = handle_of(session, opened, path)
    except ProviderError:
        if session.broken:
            raise
        return False
    if not _stands(session, kept, staged):
        yield [_close(session, handle)]
        return False
    changes = [_set(session, handle, upload)]
    if FSYNC in session.offers:
        name = string(FSYNC.encode())
        changes.append(session.request(Op.EXTENDED, name, string(handle)))
    if not _check_sealed(session, (yield [*changes, _close(session, handle)]), path):
        yield keeping.ask_one_by_one(
            session, upload.temporary, mode=upload.mode, modified=upload.modified
        )
    return True


def _stands(session: Session, kept: _Kept, staged: Reply) -> bool:
    """Whether all of the unfinished bytes are where they were stored, and no link to others."""
    try:
        entry = _entry(session, kept.upload.temporary, staged)
    except ProviderError:
        if session.broken:
            raise
        return False
    return entry.kind is Kind.FILE and entry.size == len(kept.data)


def _free(session: Session, kept: _Kept) -> Steps[bool]:
    """Whether nothing has the name, and no link leads there.

    Asked in the round of the syncs and behind all of them, which may take long: what is seen is to
    be so when the name is given.
    """
    path = kept.upload.path
    directories = look.between(kept.upload.within, path)
    yield []
    *looked, there = yield _looks(session, [*directories, path])
    try:
        look.refuse_link_among(_entries(session, directories, looked))
        _entry(session, path, there)
    except NotFound as error:
        return error.path == path
    except ProviderError:
        if session.broken:
            raise
    return False


def _set(session: Session, handle: bytes, upload: Upload) -> int:
    seconds = None if upload.modified is None else whole_seconds(upload.modified)
    block = attributes(permissions=upload.mode, modified=seconds)
    return session.request(Op.FSETSTAT, string(handle), block)


def _check_sealed(session: Session, replies: Sequence[Reply], path: str) -> bool:
    """A failed sync or close is an end: what it left is never trusted (faults.md A5). False: mode
    and time were refused. A server may keep these to itself: the entry tells what it has."""
    attributes_set, *synced, closed = replies
    kept = True
    try:
        session.check(attributes_set, path)
    except keeping.REFUSALS:
        kept = False
    try:
        for reply in synced:
            with suppress(Unsupported):
                session.check(reply, path)
        session.check(closed, path)
    except Refused as error:
        raise look.explained(session, error, path) from error
    return kept


def _name_all(session: Session, kept: Sequence[_Kept]) -> None:
    try:
        ended = all_at_once(session, [_named(session, one) for one in kept])
    except ConnectionLost as error:
        for one in kept:
            one.ended = ConnectionLost(one.upload.path, error.what)
        return
    for one, came in zip(kept, ended, strict=True):
        one.ended = came


def _named(session: Session, kept: _Kept) -> Steps[Entry | None]:
    upload = kept.upload
    names = (path_string(upload.temporary), path_string(upload.path))
    (reply,) = yield [session.request(Op.RENAME, *names)]
    try:
        session.check(reply, upload.path)
    except ProviderError:
        if session.broken:
            raise
        return None
    (reply,) = yield [_look(session, upload.path)]
    return _entry(session, upload.path, reply)


# Requests of both ------------------------------------------------------------------------------


def _look(session: Session, path: str) -> int:
    return session.request(Op.LSTAT, path_string(path))


def _looks(session: Session, paths: Sequence[str]) -> list[int]:
    return [_look(session, path) for path in paths]


def _close(session: Session, handle: bytes) -> int:
    return session.request(Op.CLOSE, string(handle))


def _entry(session: Session, path: str, reply: Reply) -> Entry:
    return look.entry(path, session.decode(reply, Op.ATTRS, path, Fields.attributes))


def _entries(session: Session, paths: Sequence[str], replies: Sequence[Reply]) -> list[Entry]:
    pairs = zip(paths, replies, strict=True)
    return [_entry(session, path, reply) for path, reply in pairs]
