"""SFTP as a place: the contract of `providers.base` over a pool of sessions."""

from __future__ import annotations

import posixpath
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NoReturn

from providers.access import Access
from providers.base import Body, Buffer, Capabilities, Entry, Parts, Room
from providers.errors import (
    AlreadyExists,
    NotFound,
    ProviderError,
    Unsupported,
)
from providers.extras import Property
from providers.many import Fetched, Naming, Stored, Storing, Wanted
from providers.names import check_name
from providers.records import replace
from providers.sftp import (
    alter,
    calls,
    describe,
    extensions,
    gathering,
    linking,
    look,
    server_copy,
    tree,
    uploads,
)
from providers.sftp.connect import NothingOpened
from providers.sftp.digesting import Digesting, no_shell
from providers.sftp.fetching import fetch, stat_all
from providers.sftp.host_keys import remember
from providers.sftp.opening import opened
from providers.sftp.patience import USUAL, Patience
from providers.sftp.pool import Connect, Line, Pool
from providers.sftp.protocol import Refused, path_string
from providers.sftp.session import Session
from providers.sftp.target import target
from providers.sftp.transport import Transports
from providers.sftp.wire import Wire

__all__ = ["SftpProvider", "SftpReader", "open_endpoint", "remember"]

_CONNECTIONS = 8
_FAR_STREAMS = 8
# Seconds there and back: from there on the window that a server gives, 2 MiB for each connection,
# is the limit and not the cable. The one it is given is large: one connection reads fast enough.
_FAR = 0.005
_CAPS = Capabilities(
    connections=_CONNECTIONS,
    ranged_reads=True,
    real_directories=True,
    atomic_replace=True,
    exact_versions=False,
    digests=frozenset({"sha256"}),
    parts=Parts(order="any", min_size=1, max_size=1 << 40),
)


class SftpReader:
    """An open file and the range asked of it."""

    def __init__(self, entry: Entry, chunks: Iterator[Buffer]) -> None:
        self.entry = entry
        self._chunks = chunks

    def chunks(self) -> Iterator[Buffer]:
        return self._chunks


class SftpProvider:
    """See `providers.base` for what each method promises. Connects when it is first used.

    `connect` makes each session; `apart` one that has a connection to itself, where those of
    `connect` share theirs; `leave` ends what else is left there. `patience` is what that and their
    answers may take; `clock` (seconds) tells how far the server is.
    """

    def __init__(
        self,
        endpoint: str,
        connect: Connect,
        *,
        apart: Connect | None = None,
        leave: Callable[[], None] = lambda: None,
        patience: Patience = USUAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._leave = leave
        pool = partial(Pool, endpoint, keep=_CONNECTIONS, patience=patience, clock=clock)
        self._pool = pool(connect)
        self._apart = pool(apart or _none_apart)
        self._learn = threading.Lock()  # never held while a server is waited for
        self._home: str | None = None
        self._digesting = Digesting()
        self._trip = float("inf")  # seconds there and back, the shortest that any session saw
        self._caps = _CAPS

    @property
    def caps(self) -> Capabilities:
        if self._digesting.impossible and self._caps.digests:
            with self._learn:
                self._caps = replace(self._caps, digests=frozenset())
        return self._caps

    @contextmanager
    def _line(self) -> Iterator[Line]:
        with self._pool.line() as line:
            self._get_to_know(line.session)
            yield line

    def _get_to_know(self, session: Session) -> None:
        """Learn what only a connection tells: how far it is, and how a file is replaced there."""
        if self._home is None:
            self._home = session.home or calls.home(session)
        self._trip = min(self._trip, session.distance)
        streams = 1 if self._trip < _FAR else _FAR_STREAMS
        if self._caps.writing_streams != streams:
            with self._learn:
                self._caps = replace(self._caps, writing_streams=streams)
        atomic = calls.POSIX_RENAME in session.offers
        if self._caps.atomic_replace and not atomic:
            with self._learn:
                self._caps = replace(self._caps, atomic_replace=False)
        if extensions.HARDLINK in session.offers and not self._caps.hard_links:
            with self._learn:
                self._caps = replace(self._caps, hard_links=True)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with self._line() as line:
            yield line.session

    @property
    def requests(self) -> int:
        return self._pool.requests + self._apart.requests

    def close(self) -> None:
        self._pool.close()
        self._apart.close()
        self._leave()

    def interrupt(self, thread: int) -> None:
        self._pool.interrupt(thread)
        self._apart.interrupt(thread)

    # Addresses -------------------------------------------------------------------------------

    def resolve(self, path: str) -> str:
        path_string(path)
        with self._session() as session:
            home = self._find_home(session)
            if path in {"", "/~"} or path.startswith("/~/"):
                path = path[3:]
            path = posixpath.join(home, path)
            directory, name = posixpath.split(path)
            try:
                if name in {"", ".", ".."}:
                    return calls.real_path(session, path)
                return posixpath.join(calls.real_path(session, directory), name)
            except calls.UNTOLD:
                return "/" + posixpath.normpath(path).lstrip("/")

    def _find_home(self, session: Session) -> str:
        if self._home is None:
            self._home = calls.home(session)
        return self._home

    def join(self, directory: str, name: str) -> str:
        check_name(directory, name)
        path_string(name)
        return posixpath.join(directory, name)

    def parent(self, path: str) -> str:
        return posixpath.dirname(path.rstrip("/")) or "/"

    def name(self, path: str) -> str:
        return posixpath.basename(path.rstrip("/"))

    # Looking ---------------------------------------------------------------------------------

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        with self._session() as session:
            try:
                yield from tree.entries(session, path)
            except (NotFound, Refused):
                look.need_directory(session, path)
                raise

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        with self._session() as session:
            return look.at(session, path, follow=follow)

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[SftpReader]:
        with (
            self._session() as session,
            opened(session, path, offset, length, version) as (entry, chunks),
        ):
            yield SftpReader(entry, chunks)

    # Changing --------------------------------------------------------------------------------

    def make_dir(self, path: str) -> None:
        with self._session() as session:
            try:
                calls.make_dir(session, path)
            except Refused as error:
                if look.maybe(session, path) is not None:
                    raise AlreadyExists(path) from error
                raise look.explained(session, error, path) from error

    def delete(self, path: str) -> None:
        with self._session() as session:
            tree.remove(session, path)

    def remove_tree(self, path: str) -> tree.Removal:
        with self._session() as session:
            yield from tree.remove_tree(session, path)

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        with self._session() as session:
            look.refuse_links(session, within, target)
            look.need_own(look.see(session, source))
            if look.maybe(session, target) is not None:
                raise AlreadyExists(target)
            uploads.rename_new(session, source, target)

    def set_mode(self, path: str, mode: int, *, within: str = "") -> None:
        with self._session() as session:
            alter.set_mode(session, path, mode, within)

    def make_link(self, path: str, target: str, *, within: str = "") -> None:
        with self._session() as session:
            linking.make(session, path, target, within)

    def replace_link(
        self, path: str, target: str, *, key: str, replacing: str, within: str = ""
    ) -> None:
        with self._session() as session:
            linking.replace(session, path, target, key, replacing, within)

    def leads_to(self, path: str) -> str:
        with self._session() as session:
            return linking.leads_to(session, path)

    def make_hard_link(self, path: str, existing: str) -> None:
        with self._session() as session:
            alter.make_hard_link(session, path, existing)

    def properties(self, path: str) -> Sequence[Property]:
        with self._session() as session:
            return describe.properties(session, path)

    # Uploads ---------------------------------------------------------------------------------

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
        with self._session() as session:
            uploads.start(session, upload)
        return upload.token()

    def abandon(self, path: str, *, key: str) -> None:
        upload = uploads.plan(path, None, key=key, modified=None, mode=None)
        with self._session() as session:
            uploads.discard(session, upload)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        with self._session() as session:
            return uploads.store(session, uploads.from_token(upload), offset, body)

    def copy_into(self, upload: str, source: str, *, version: str | None) -> Sequence[str]:
        with self._session() as session:
            return server_copy.copy_into(session, uploads.from_token(upload), source, version)

    def parts(self, upload: str) -> Mapping[int, str] | None:
        with self._session() as session:
            uploads.check(session, uploads.from_token(upload))
        return None

    def staged(self, upload: str) -> str | None:
        return uploads.from_token(upload).temporary

    def finish(
        self,
        upload: str,
        receipts: Sequence[str],
        *,
        replacing: str | None,
        again: bool = False,
    ) -> Entry:
        with self._session() as session:
            return uploads.finish(
                session, uploads.from_token(upload), receipts, replacing, again=again
            )

    def abort(self, upload: str) -> None:
        with self._session() as session:
            uploads.discard(session, uploads.from_token(upload))

    # Many at once ----------------------------------------------------------------------------

    def stat_all(self, paths: Sequence[str]) -> Sequence[Entry | ProviderError]:
        try:
            with self._session() as session:
                return stat_all(session, paths)
        except ProviderError as error:
            return [error] * len(paths)

    def fetch(self, files: Sequence[Wanted]) -> Sequence[Fetched | None]:
        try:
            with self._session() as session:
                return fetch(session, files)
        except ProviderError:
            return [None] * len(files)

    def store(self, files: Sequence[Storing]) -> Sequence[Stored | None]:
        try:
            with self._session() as session:
                return gathering.store(session, files)
        except ProviderError:
            return [None] * len(files)

    def name_all(self, files: Sequence[Naming]) -> Sequence[Entry | ProviderError | None]:
        try:
            with self._session() as session:
                return gathering.name(session, files)
        except ProviderError:
            return [None] * len(files)

    # Digests ---------------------------------------------------------------------------------

    def digest(self, path: str, algorithm: str) -> str:
        if algorithm not in _CAPS.digests:
            raise Unsupported(path, f"{algorithm} digests are not made here")
        try:
            with self._line() as line:
                return self._digesting.sha256(line, path, self._find_home(line.session))
        except NothingOpened:  # its connection is full, or that is how the server is
            pass
        try:
            with self._apart.line() as line:
                return self._digesting.sha256(line, path, self._find_home(line.session))
        except NothingOpened:
            self._digesting.decide(has_shells=False)
            raise no_shell(path) from None

    # Room ------------------------------------------------------------------------------------

    def room(self, path: str) -> Room:
        with self._session() as session:
            volume, free = look.room(session, path)
        return Room(volume or self._endpoint, free)


def _none_apart(wire: Wire) -> NoReturn:
    raise NothingOpened(wire.endpoint)


def open_endpoint(endpoint: str, access: Access, patience: Patience = USUAL) -> SftpProvider:
    """The provider for "sftp://ann@host:22", with "#site" behind it for what a site says.

    Raises InvalidName, and Unsupported when that site is gone; connects when first used.
    """
    access.sites.options(endpoint)
    by = Transports(target(endpoint), access)
    return SftpProvider(endpoint, by.open, apart=by.apart, leave=by.close, patience=patience)
