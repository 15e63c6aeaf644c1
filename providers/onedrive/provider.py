"""OneDrive and SharePoint as a place: the contract of `providers.base` over one drive's session."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from providers.access import Access
from providers.base import Body, Capabilities, Entry, Hasher, Parts, Room
from providers.errors import ProviderError
from providers.extras import Link, Property, Revision
from providers.onedrive import changing, paths, properties, reading, revisions, rewriting, sharing
from providers.onedrive.auth import Tokens
from providers.onedrive.fragments import MULTIPLE
from providers.onedrive.graph import Session
from providers.onedrive.items import QUICKXOR
from providers.onedrive.look import Look
from providers.onedrive.options import options_of
from providers.onedrive.quickxor import QuickXor
from providers.onedrive.uploads import Uploads
from providers.seal import Seal
from providers.web.delivery import Delivery
from providers.web.patience import USUAL, Patience

__all__ = ["OneDriveProvider", "open_endpoint"]

PART = 32 * MULTIPLE
"""10 MiB: what driveitem-createuploadsession advises for a fragment."""

CAPS = Capabilities(
    connections=6,
    ranged_reads=True,
    real_directories=True,
    atomic_replace=True,
    exact_versions=True,
    digests=frozenset(),
    parts=Parts(order="sequential", min_size=MULTIPLE, max_size=PART, multiple_of=MULTIPLE),
    states=(QUICKXOR,),
    folds_names=True,
    recycles="its recycle bin",
    # Not `Discerning`: letter case does not count, and shortcuts lead to what others have too.
    # A tag names its item, so that what has the same one is the same file.
)


class OneDriveProvider:
    """See `providers.base` for what each method promises. Connects when it is first used."""

    longest_link: float = sharing.LONGEST
    caps = CAPS

    def __init__(self, session: Session, seal: Seal) -> None:
        self._session = session
        self._look = Look(session)
        self._uploads = Uploads(self._look, seal)

    @property
    def requests(self) -> int:
        return self._session.requests

    def close(self) -> None:
        self._session.close()

    def interrupt(self, thread: int) -> None:
        self._session.interrupt(thread)

    # Addresses -------------------------------------------------------------------------------

    def resolve(self, path: str) -> str:
        return paths.resolve(path)

    def join(self, directory: str, name: str) -> str:
        return paths.join(directory, name, self._session.names)

    def parent(self, path: str) -> str:
        return paths.parent(path)

    def name(self, path: str) -> str:
        return paths.name(path)

    # Looking ---------------------------------------------------------------------------------

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        return self._look.pages(path)

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        if paths.split(path)[0]:
            return revisions.revision_of(self._look, path)[0]
        return self._look.stat(path, follow=follow)

    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> AbstractContextManager[Delivery]:
        return reading.read(self._look, path, offset=offset, length=length, version=version)

    def hasher(self, algorithm: str) -> Hasher:
        return QuickXor()

    def rewrites(self, entry: Entry) -> bool:
        """Libraries change documents as they store them; personal drives change nothing."""
        if not rewriting.is_rewritten(entry.name):
            return False
        return not self._look.anchors.drive_of(self._look.spot(entry.path), entry.path).personal

    def room(self, path: str) -> Room:
        """The quota of the drive that `path` is in. The path need not exist."""
        spot = self._look.spot(path)
        drive = self._look.anchors.drive_of(spot, path, fresh=True)
        return Room(drive.id, drive.free)

    # Changing --------------------------------------------------------------------------------

    def make_dir(self, path: str) -> None:
        changing.make_dir(self._look, path)

    def delete(self, path: str) -> None:
        changing.delete(self._look, path)

    def remove_tree(self, path: str) -> Generator[ProviderError | None, None, None]:
        return changing.remove_tree(self._look, path)

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        changing.rename(self._look, source, target, within=within)

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
        return self._uploads.begin(
            path, size, key=key, part_size=part_size, modified=modified, within=within
        )

    def abandon(self, path: str, *, key: str) -> None:
        self._uploads.abandon(path, key=key)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        return self._uploads.put_part(upload, index, offset, body)

    def copy_into(self, upload: str, source: str, *, version: str | None) -> Sequence[str]:
        return self._uploads.copy_into(upload, source, version)

    def parts(self, upload: str) -> Mapping[int, str] | None:
        return self._uploads.parts(upload)

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
        return self._uploads.finish(upload, receipts, replacing=replacing, again=again)

    def abort(self, upload: str) -> None:
        self._uploads.abort(upload)

    # More of it (providers.extras) ------------------------------------------------------------

    def revisions(self, path: str) -> Iterator[Sequence[Revision]]:
        return revisions.revisions(self._look, path)

    def share(self, path: str, seconds: float) -> Link:
        return sharing.share(self._look, path, seconds)

    def properties(self, path: str) -> Sequence[Property]:
        return properties.properties(self._look, path)


def open_endpoint(endpoint: str, access: Access, patience: Patience = USUAL) -> OneDriveProvider:
    """The provider for "onedrive:" or "onedrive:ann@example.com#work". Raises InvalidName;
    connects, and asks who signs in, when it is first used."""
    options = options_of(access.sites.options(endpoint))
    tokens = Tokens(endpoint, options, access)
    session = Session(endpoint, tokens.service.graph, options, access, tokens, patience=patience)
    return OneDriveProvider(session, Seal(access.seal_key))
