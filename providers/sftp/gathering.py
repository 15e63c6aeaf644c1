"""Many small uploads at once: made, filled and read back in a few rounds, and later named in a few.

What is not as usual is left: `providers.sftp.uploads` does that one file call by call, and knows
what is wrong. Once a name was asked for, an answer that did not come is ConnectionLost, as there:
whoever looks next finds out what happened (faults.md A8).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from unicodedata import normalize

from providers.base import Buffer, Entry, Kind
from providers.errors import (
    ConnectionLost,
    InvalidName,
    NotFound,
    ProviderError,
    Unsupported,
)
from providers.many import Naming, Stored, Storing
from providers.records import dataclass
from providers.sftp import keeping, look, uploads
from providers.sftp.calls import FSYNC, POSIX_RENAME, handle_of, whole_seconds
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

_NEW = u32(Open.WRITE | Open.CREATE | Open.EXCLUSIVE) + attributes(permissions=0o600)
_TO_READ = u32(Open.READ) + attributes()
_TO_SEAL = u32(Open.WRITE) + attributes()


# Storing ---------------------------------------------------------------------------------------


def store(session: Session, files: Sequence[Storing]) -> list[Stored | None]:
    """See `providers.many.Batcher`. Raises ConnectionLost."""
    planned = [
        uploads.plan(
            file.path,
            file.size,
            key=file.key,
            modified=file.modified,
            mode=file.mode,
            within=file.within,
        )
        for file in files
    ]
    safe = _safe(session, planned)
    steps = [
        _stored(session, upload, file)
        for upload, file in zip(planned, files, strict=True)
        if _folder(upload) in safe
    ]
    ended = iter(all_at_once(session, steps))
    came = [next(ended) if _folder(upload) in safe else None for upload in planned]
    return [one if isinstance(one, Stored) else None for one in came]


def _folder(upload: Upload) -> tuple[str, str]:
    """Its folder, and the directory below which no link may lead there."""
    return (upload.path[: upload.path.rfind("/")], upload.within)


def _safe(session: Session, planned: Sequence[Upload]) -> set[tuple[str, str]]:
    """The folders to which no link leads, each asked for once: faults.md D3."""
    asked = _ask_for_links(session, planned)
    return _without_links(session, asked)


_Asked = dict[tuple[str, str], tuple[list[str], list[int]]]


def _ask_for_links(session: Session, planned: Sequence[Upload]) -> _Asked:
    """By folder: the directories that lead there, and the requests that look at them."""
    asked: _Asked = {}
    for upload in planned:
        folder = _folder(upload)
        if folder in asked:
            continue
        with suppress(InvalidName):  # not below the directory that was chosen
            directories = look.between(upload.within, upload.path)
            asked[folder] = (directories, look.ask_each(session, directories))
    return asked


def _without_links(session: Session, asked: _Asked) -> set[tuple[str, str]]:
    found = set()
    for folder, (directories, numbers) in asked.items():
        replies = [session.wait(number, folder[0]) for number in numbers]
        try:
            look.refuse_link_among(look.seen_each(session, replies, directories))
        except ProviderError:
            if session.broken:
                raise
            continue
        found.add(folder)
    return found


def _stored(session: Session, upload: Upload, file: Storing) -> Steps[Stored]:
    path = upload.path
    (reply,) = yield [session.request(Op.OPEN, path_string(upload.temporary), _NEW)]
    handle = handle_of(session, reply, path)
    data = _joined(file.pieces)
    try:
        for reply in (yield list(_writes(session, handle, data))):
            session.check(reply, path)
    except ProviderError:
        if not session.broken:
            yield [_close(session, handle)]
        raise
    asked = [session.request(Op.FSTAT, string(handle)), _close(session, handle)]
    proof = file.proof and len(data) <= READ_BACK
    if proof:
        # A READ by a handle that may write makes pkg/sftp, and so rclone, write zeros.
        asked.append(session.request(Op.OPEN, path_string(upload.temporary), _TO_READ))
    told, closed, *opened = yield asked
    alike = (yield from _read_back(session, path, data, opened[0])) if proof else None
    session.check(closed, path)
    entry = _entry(session, upload.temporary, told)
    if entry.kind is not Kind.FILE or entry.size != len(data) or len(data) != file.size:
        raise Refused(path)
    return Stored(upload.token(), (f"0:{len(data)}",), entry, alike)


def _joined(pieces: Sequence[Buffer]) -> Buffer:
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _read_back(session: Session, path: str, data: Buffer, opened: Reply) -> Steps[bool]:
    """Whether what is there is `data`. Of less than all of it, it is not."""
    handle = handle_of(session, opened, path)
    *read, _ = yield [*_reads(session, handle, len(data)), _close(session, handle)]
    return b"".join(session.decode(reply, Op.DATA, path, Fields.view) for reply in read) == data


def _writes(session: Session, handle: bytes, data: Buffer) -> Iterator[int]:
    most, view = session.write_size, memoryview(data)
    for at in range(0, len(data), most):
        piece = string(bytes(view[at : at + most]))
        yield session.request(Op.WRITE, string(handle), u64(at), piece)


def _reads(session: Session, handle: bytes, size: int) -> Iterator[int]:
    most = session.read_size
    for at in range(0, size, most):
        yield session.request(Op.READ, string(handle), u64(at), u32(min(most, size - at)))


# Naming ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Named:
    """What is to get its name. `replacing`: the version of what it takes the place of, if any."""

    upload: Upload
    replacing: str | None


def name(session: Session, files: Sequence[Naming]) -> list[Entry | ProviderError | None]:
    """See `providers.many.Batcher`."""
    named = [_Named(uploads.from_token(file.upload), file.replacing) for file in files]
    ended: dict[int, Entry | ProviderError | None] = {}
    apart = _in_one_step(session, named, _apart(named))
    try:
        ready = _sealed_of(session, named, apart, ended)
        with session.gives_name():
            _name_all(session, named, ready, ended)
    except ConnectionLost:
        pass  # nothing was named: each is finished, and fails, on its own
    return [ended.get(number) for number in range(len(named))]


def _apart(named: Sequence[_Named]) -> list[int]:
    """Of those whose names some disk takes for one, the first (faults.md E5).

    Not every server keeps from renaming over what is there: the others look after it has its name.
    """
    first: dict[str, int] = {}
    for number, one in enumerate(named):
        first.setdefault(_folded(one.upload.path), number)
    return list(first.values())


def _in_one_step(session: Session, named: Sequence[_Named], apart: Sequence[int]) -> list[int]:
    """Of `apart`, those for which one rename is enough: without POSIX_RENAME an old file is put
    aside first."""
    replaces = POSIX_RENAME in session.offers
    return [number for number in apart if replaces or named[number].replacing is None]


def _folded(path: str) -> str:
    """Windows passes over dots and spaces at the end."""
    if path.isascii():
        return path.casefold().rstrip(". ")
    return normalize("NFC", normalize("NFC", path).casefold()).rstrip(". ")


def _sealed_of(
    session: Session,
    named: Sequence[_Named],
    apart: Sequence[int],
    ended: dict[int, Entry | ProviderError | None],
) -> list[int]:
    """Those that may get their name; what stands against it is in `ended`, or found out later."""
    links: list[_Asked] = []
    chosen = [named[number] for number in apart]
    behind = _rounds_of_sync(session, chosen)

    def look_for_links() -> Steps[bool]:
        yield from _synced(behind)
        links.append(_ask_for_links(session, [one.upload for one in chosen]))
        return True

    steps = [_sealed(session, one.upload) for one in chosen]
    steps += [look_for_links(), *(_settled(session, one, behind) for one in chosen)]
    came = all_at_once(session, steps, session.patience.sync)
    safe = _without_links(session, links[0]) if links else set()
    sealed, settled = came[: len(apart)], came[len(apart) + 1 :]
    pairs = zip(apart, sealed, strict=True)
    ended |= {number: came for number, came in pairs if isinstance(came, ProviderError)}
    ready = zip(apart, sealed, settled, strict=True)
    return [
        number
        for number, durable, agreed in ready
        if durable is True and agreed is True and _folder(named[number].upload) in safe
    ]


def _rounds_of_sync(session: Session, chosen: Sequence[_Named]) -> int:
    """How many rounds from the first on are to be over before anything is looked for.

    Syncs may take long, and what is seen is to be so when the names are given. A server that does
    one request after the other looks behind the syncs in their own round. Of any other their
    answers are waited for where the rename does not stop at what is there.
    """
    waits = not session.in_order and any(one.replacing is not None for one in chosen)
    return 2 if waits else 1


def _synced(rounds: int) -> Steps[None]:
    for _ in range(rounds):
        yield []


def _sealed(session: Session, upload: Upload) -> Steps[bool]:
    """Mode, time and bytes on disk. False: something unusual is in the way."""
    path = upload.path
    staged_at = path_string(upload.temporary)
    asked = [session.request(Op.LSTAT, staged_at), session.request(Op.OPEN, staged_at, _TO_SEAL)]
    staged, opened = yield asked
    try:
        handle = handle_of(session, opened, path)
    except ProviderError:
        if session.broken:
            raise
        return False
    if not _stands(session, upload, staged):
        yield [_close(session, handle)]
        return False
    changes = [_set(session, handle, upload)]
    if FSYNC in session.offers:
        changes.append(session.request(Op.EXTENDED, _FSYNC, string(handle)))
    if not _check_sealed(session, (yield [*changes, _close(session, handle)]), path):
        yield keeping.ask_one_by_one(
            session, upload.temporary, mode=upload.mode, modified=upload.modified
        )
    return True


_FSYNC = string(FSYNC.encode())


def _stands(session: Session, upload: Upload, staged: Reply) -> bool:
    """Whether all of the unfinished bytes are where they were stored, and no link to others."""
    try:
        told = session.decode(staged, Op.ATTRS, upload.temporary, Fields.attributes)
    except ProviderError:
        if session.broken:
            raise
        return False
    return look.is_file(told, upload.size)


def _there(session: Session, path: str, replies: Sequence[Reply]) -> Entry:
    if len(replies) == 1:
        return _entry(session, path, replies[0])
    return look.need_own(look.seen(session, replies, path))


def _settled(session: Session, one: _Named, behind: int) -> Steps[bool]:
    """Whether nothing has the name, or the very file that is to be replaced."""
    yield from _synced(behind)
    path = one.upload.path
    # What is to be replaced may be a link that LSTAT hides; the answer comes in the same trip.
    replies = yield look.ask(session, path) if one.replacing is not None else [_look(session, path)]
    try:
        there = _there(session, path, replies)
    except NotFound:
        return one.replacing is None
    except ProviderError:
        if session.broken:
            raise
        return False
    return one.replacing is not None and one.replacing == there.version


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


def _name_all(
    session: Session,
    named: Sequence[_Named],
    ready: Sequence[int],
    ended: dict[int, Entry | ProviderError | None],
) -> None:
    try:
        came = all_at_once(session, [_named(session, named[number]) for number in ready])
    except ConnectionLost as error:
        for number in ready:
            ended[number] = ConnectionLost(named[number].upload.path, error.what)
        return
    ended.update(zip(ready, came, strict=True))


def _named(session: Session, one: _Named) -> Steps[Entry | None]:
    path = one.upload.path
    (reply,) = yield [_rename(session, one)]
    try:
        session.check(reply, path)
    except ProviderError:
        if session.broken:
            raise
        return None
    (reply,) = yield [_look(session, path)]
    return _entry(session, path, reply)


_POSIX_RENAME = string(POSIX_RENAME.encode())


def _rename(session: Session, one: _Named) -> int:
    names = (path_string(one.upload.temporary), path_string(one.upload.path))
    if one.replacing is None:
        return session.request(Op.RENAME, *names)
    return session.request(Op.EXTENDED, _POSIX_RENAME, *names)


# Requests of both ------------------------------------------------------------------------------


def _look(session: Session, path: str) -> int:
    return session.request(Op.LSTAT, path_string(path))


def _close(session: Session, handle: bytes) -> int:
    return session.request(Op.CLOSE, string(handle))


def _entry(session: Session, path: str, reply: Reply) -> Entry:
    return look.entry(path, session.decode(reply, Op.ATTRS, path, Fields.attributes))
