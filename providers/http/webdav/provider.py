"""WebDAV as a place: the contract of `providers.base` over one site's session.

Two promises are as weak as the protocol. `delete` looks whether a folder is empty and then asks for
its removal, and servers remove folders with all in them: what appears in between goes too. And
`make_dir` looks first as well, since some servers answer success for a folder that exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager

from providers.access import Access
from providers.base import Body, Capabilities, Entry, Kind, Parts, Room
from providers.errors import (
    AlreadyExists,
    Denied,
    NotEmpty,
    NotFound,
    SourceChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.http import paths, reading
from providers.http.options import options_of
from providers.http.session import Session
from providers.http.target import need_short_name, need_within
from providers.http.webdav import look, nextcloud, uploads
from providers.http.webdav.look import change
from providers.records import replace
from providers.web.delivery import Delivery
from providers.web.patience import USUAL, Patience

__all__ = ["WebdavProvider", "open_endpoint"]

_FAR = 0.005  # seconds to connect: from there on several streams may be faster than one
_FAR_STREAMS = 4
_CAPS = Capabilities(
    connections=4,
    ranged_reads=True,
    real_directories=True,
    atomic_replace=False,
    exact_versions=False,
    digests=frozenset(),
    parts=Parts(order="sequential", min_size=1, max_size=1 << 62, max_count=1),
    keeps_modified=None,  # unless a server has shown that it does
)


class WebdavProvider:
    """See `providers.base` for what each method promises. Connects when it is first used."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._nextcloud = False  # whether a path looked like one's
        self._chunked: bool | None = None  # whether it takes chunks; None: it was not asked yet
        self._timed = False  # whether it has said of a file that it has the time it was given

    @property
    def caps(self) -> Capabilities:
        streams = _FAR_STREAMS if self._session.distance >= _FAR else 1
        chunked = self._nextcloud if self._chunked is None else self._chunked
        parts = nextcloud.PARTS if chunked else _CAPS.parts
        keeps = True if self._timed or chunked else _CAPS.keeps_modified
        return replace(_CAPS, streams=streams, parts=parts, keeps_modified=keeps)

    @property
    def requests(self) -> int:
        return self._session.requests

    def close(self) -> None:
        self._session.close()

    def interrupt(self, thread: int) -> None:
        self._session.interrupt(thread)

    # Addresses -------------------------------------------------------------------------------

    def resolve(self, path: str) -> str:
        return paths.canonical(paths.without_query(path))

    def join(self, directory: str, name: str) -> str:
        return paths.join(directory, name)

    def parent(self, path: str) -> str:
        return paths.parent(path)

    def name(self, path: str) -> str:
        return paths.name(path)

    # Looking ---------------------------------------------------------------------------------

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        return look.children(self._session, path)

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        self._nextcloud = self._nextcloud or nextcloud.serves(path)
        return look.entry(self._session, path)

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[Delivery]:
        with ExitStack() as stack:
            opening = reading.read(self._session, path, offset=offset, length=length, version=None)
            try:
                reader = stack.enter_context(opening)
            except (Denied, NotFound, Unsupported):
                if self.stat(path).kind is Kind.DIR:
                    raise WrongKind(path, "is a directory") from None
                raise
            yield self._known(reader, path, version)

    def _known(self, reader: Delivery, path: str, version: str | None) -> Delivery:
        """`reader` with the version that PROPFIND tells, which is the one that was agreed on.

        An answer to GET may have a weak tag, or another one. Looked at after its head came, a file
        that still has the agreed version had it then.
        """
        found = reader.entry.version
        if found is None or found != (version or found):
            found = look.at(self._session, path).version
        if version is not None and found != version:
            raise SourceChanged(path)
        return Delivery(replace(reader.entry, version=found), reader)

    def room(self, path: str) -> Room:
        return Room(self._session.endpoint, look.free(self._session, path))

    # Changing --------------------------------------------------------------------------------

    def make_dir(self, path: str) -> None:
        if look.maybe(self._session, path) is not None:
            raise AlreadyExists(path)
        done = change(self._session, "MKCOL", f"{path}/", shown=path, doing="making it")
        if done.error is not None:
            error = look.explained(self._session, done, path)
            raise AlreadyExists(path) if done.status == 405 and error is done.error else error

    def delete(self, path: str) -> None:
        address = path
        if look.at(self._session, path).kind is Kind.DIR:
            address = f"{path}/"
            with closing(look.children(self._session, path)) as pages:
                if next(pages, None) is not None:
                    raise NotEmpty(path)
        done = change(self._session, "DELETE", address, shown=path, doing="removing it")
        if done.error is not None:
            raise done.error

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        need_within(target, within)
        slash = "/" if look.at(self._session, source).kind is Kind.DIR else ""
        if look.maybe(self._session, target) is not None:
            raise AlreadyExists(target)
        uploads.move_new(self._session, f"{source}{slash}", f"{target}{slash}")

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
        need_within(path, within)
        need_short_name(path)
        if self._chunked is not False and nextcloud.cuts(path, size):
            chunks = nextcloud.plan(path, size, key=key, part_size=part_size, modified=modified)
            if nextcloud.start(self._session, chunks):
                self._chunked = True
                return chunks.token()
            if self._chunked:
                raise UploadExpired(path, "the server takes no chunks at the moment")
            self._chunked = False
        upload = uploads.plan(path, size, key=key, modified=modified)
        uploads.start(self._session, upload)
        return upload.token()

    def abandon(self, path: str, *, key: str) -> None:
        uploads.discard(self._session, uploads.temporary_path(path, key))
        if nextcloud.serves(path):
            nextcloud.discard(self._session, nextcloud.folder_of(path, key))

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        chunks = nextcloud.from_token(upload)
        if chunks is not None:
            self._chunked = True
            return nextcloud.store(self._session, chunks, index, offset, body)
        receipt = uploads.store(self._session, uploads.from_token(upload), index, offset, body)
        self._timed = self._timed or uploads.is_timed([receipt])
        return receipt

    def copy_into(self, upload: str, source: str, *, version: str | None) -> Sequence[str]:
        if nextcloud.from_token(upload) is not None:
            raise Unsupported(source, "it is as large as what is sent in chunks")
        return [uploads.copy(self._session, uploads.from_token(upload), source, version)]

    def parts(self, upload: str) -> Mapping[int, str] | None:
        chunks = nextcloud.from_token(upload)
        if chunks is not None:
            self._chunked = True
            return nextcloud.parts(self._session, chunks)
        uploads.check(self._session, uploads.from_token(upload))
        return None

    def staged(self, upload: str) -> str | None:
        if nextcloud.from_token(upload) is not None:
            return None
        return uploads.from_token(upload).temporary

    def finish(
        self,
        upload: str,
        receipts: Sequence[str],
        *,
        replacing: str | None,
        again: bool = False,
    ) -> Entry:
        chunks = nextcloud.from_token(upload)
        if chunks is not None:
            return nextcloud.finish(self._session, chunks, receipts, replacing, again=again)
        plain = uploads.from_token(upload)
        return uploads.finish(self._session, plain, receipts, replacing, again=again)

    def abort(self, upload: str) -> None:
        chunks = nextcloud.from_token(upload)
        if chunks is not None:
            nextcloud.discard(self._session, chunks.folder)
        else:
            uploads.discard(self._session, uploads.from_token(upload).temporary)


def open_endpoint(endpoint: str, access: Access, patience: Patience = USUAL) -> WebdavProvider:
    """The provider for "davs://ann@host". Raises InvalidName; connects when first used."""
    options = options_of(access.sites.options(endpoint))
    return WebdavProvider(Session(endpoint, options, access, patience=patience))
