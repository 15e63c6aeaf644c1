"""HTTP(S) as a place: the contract of `providers.base` over one site's session.

Uploads are in `uploading.py`; folders are what `listing` makes of the pages a server shows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from providers.access import Access
from providers.base import Body, Capabilities, Entry, Kind, Parts
from providers.errors import (
    AlreadyExists,
    AuthRequired,
    Denied,
    InvalidName,
    NotFound,
    Unsupported,
    WrongKind,
)
from providers.http import folders, paths, reading
from providers.http.options import options_of
from providers.http.references import is_reference, remember_query
from providers.http.session import Session
from providers.http.sidecars import MOST_BYTES, Sidecars, is_sidecar
from providers.http.uploading import Uploads
from providers.records import replace
from providers.web.delivery import Delivery
from providers.web.headers import strong_etag
from providers.web.patience import USUAL, Patience

__all__ = ["HttpProvider", "open_endpoint"]

_NOT_FOR_US = (AuthRequired, Denied, NotFound, Unsupported, WrongKind)
_FAR_STREAMS = 4
_FAR = 0.005  # seconds to connect: from there on several streams may be faster than one
_CAPS = Capabilities(
    connections=6,
    ranged_reads=True,
    real_directories=True,
    atomic_replace=False,
    exact_versions=False,
    digests=frozenset(),
    parts=None,
    told_when_read=True,
)
_WRITABLE = replace(
    _CAPS,
    real_directories=False,
    parts=Parts(order="sequential", min_size=1, max_size=1 << 62, max_count=1),
    in_place=True,
    renames=False,
    shows_stored=False,
    keeps_modified=False,
)


class HttpProvider:
    """See `providers.base` for what each method promises. Connects when it is first used."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._learn = threading.Lock()
        self._caps = _CAPS if session.options.upload == "none" else _WRITABLE
        self._uploads = Uploads(session)
        self._sidecars = Sidecars(self._fetch_sidecar, self._glance)

    @property
    def caps(self) -> Capabilities:
        return self._caps

    @property
    def requests(self) -> int:
        return self._session.requests

    def close(self) -> None:
        self._session.close()

    def interrupt(self, thread: int) -> None:
        self._session.interrupt(thread)

    # Addresses -------------------------------------------------------------------------------

    def resolve(self, path: str) -> str:
        """A query is kept as a secret, and only a reference to it is in the address."""
        plain, mark, query = path.partition("?")
        address = paths.canonical(plain)
        if not mark or not query:
            return address
        if is_reference(query):
            return f"{address}?{query}"
        if not query.isprintable() or " " in query:
            raise InvalidName(address, "the part behind “?” has characters that no address has")
        return remember_query(self._access, self._session.endpoint, address, query)

    def join(self, directory: str, name: str) -> str:
        return paths.join(directory, name)

    def parent(self, path: str) -> str:
        return paths.parent(path)

    def name(self, path: str) -> str:
        return paths.name(path)

    # Looking ---------------------------------------------------------------------------------

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        beside: list[str] = []
        for page in folders.pages(self._session, path):
            beside += [entry.name for entry in page if is_sidecar(entry.name)]
            yield page
        self._sidecars.saw(path, beside)

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        entry = self._uploads.look(path)
        if entry.kind is Kind.FILE:
            self._get_to_know(entry)
        return entry

    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> AbstractContextManager[Delivery]:
        return reading.read(self._session, path, offset=offset, length=length, version=version)

    def published(self, entry: Entry) -> Mapping[str, str]:
        if "?" in entry.path:
            return {}
        return self._sidecars.of(paths.parent(entry.path), entry.name)

    def _get_to_know(self, entry: Entry) -> None:
        """Several streams help over a distance, and need versions that tell parts apart."""
        useful = strong_etag(entry.version) is not None and self._session.distance >= _FAR
        streams = _FAR_STREAMS if useful else 1
        if self._caps.streams != streams:
            with self._learn:
                self._caps = replace(self._caps, streams=streams)

    # Changing --------------------------------------------------------------------------------

    def make_dir(self, path: str) -> None:
        """Nothing to do: folders appear with what is put in them."""
        try:
            reading.look(self._session, path)
        except (Denied, NotFound, Unsupported):
            return
        raise AlreadyExists(path)

    def delete(self, path: str) -> None:
        """A folder only when it is certain to be empty."""
        folder = self._uploads.look(path).kind is Kind.DIR
        if folder:
            folders.need_empty(self._session, path)
        self._uploads.delete(path, folder=folder)

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        raise Unsupported(source, "a web server that is no WebDAV renames nothing")

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
        return self._uploads.begin(path, size, within=within)

    def abandon(self, path: str, *, key: str) -> None:
        """There is no unfinished file."""

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        return self._uploads.put_part(upload, index, offset, body)

    def parts(self, upload: str) -> Mapping[int, str] | None:
        return None

    def staged(self, upload: str) -> str | None:
        return None

    def finish(
        self,
        upload: str,
        receipts: Sequence[str],
        *,
        replacing: str | None,
        again: bool = False,
    ) -> Entry:
        """What is told of `replacing` was asked for when the bytes were sent."""
        return self._uploads.finish(upload, receipts, again=again)

    def abort(self, upload: str) -> None:
        """There is no unfinished file."""

    # Sidecars --------------------------------------------------------------------------------

    def _fetch_sidecar(self, folder: str, name: str) -> bytes | None:
        """None also for what cannot be had: only what is stated can be held against a copy."""
        try:
            with self._session.send("GET", paths.child(folder, name)) as response:
                usable = response.status == 200 and response.proven and not response.url_changed
                return response.text(MOST_BYTES) if usable else None
        except _NOT_FOR_US:
            return None

    def _glance(self, folder: str) -> list[str] | None:
        try:
            return folders.glance(self._session, folder)
        except _NOT_FOR_US:
            return None


def open_endpoint(endpoint: str, access: Access, patience: Patience = USUAL) -> HttpProvider:
    """The provider for "https://ann@host". Raises InvalidName; connects when first used."""
    options = options_of(access.sites.options(endpoint))
    return HttpProvider(Session(endpoint, options, access, patience=patience), access)
