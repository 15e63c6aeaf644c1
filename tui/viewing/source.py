"""What the viewer asks a place for: in a thread, through the sign-in, ended when nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from providers.base import Entry, Place, Provider
from tui.enquiry import ask, read_pages
from tui.viewing import ranges
from tui.viewing.listing import Listing
from tui.viewing.ranges import Piece
from tui.viewing.zips import list_zip

if TYPE_CHECKING:
    from tui.sign_in import SignIn

TakePiece: TypeAlias = Callable[[Piece], None]
"""Takes a piece on the screen's own thread. One may come again: a sign-in came between."""


class Source:
    """One file of a place. Every call raises ProviderError; only in a Textual worker."""

    def __init__(self, sign_in: SignIn, provider: Provider, place: Place) -> None:
        self._sign_in = sign_in
        self._provider = provider
        self.place = place
        self.name = provider.name(place.path)
        self._whole: tuple[Entry, bytes] | None = None

    @property
    def near(self) -> bool:
        """Whether reading costs no network."""
        return self._provider.caps.near

    async def beginning(self, take: TakePiece) -> None:
        """`ranges.beginning`."""
        await self._read(partial(ranges.beginning, self._provider, self.place.path), take)

    async def more(self, entry: Entry, offset: int, length: int, take: TakePiece) -> None:
        """`ranges.pieces`."""
        await self._read(partial(ranges.pieces, self._provider, entry, offset, length), take)

    async def all_of(self, entry: Entry) -> bytes:
        """Every byte of a file whose size is known; kept, so that it is asked for once."""
        if self._whole is None or self._whole[0] is not entry:
            call = partial(ranges.fetch, self._provider, entry, 0, entry.size or 0)
            self._whole = (entry, await ask(self._sign_in, self._provider, call))
        return self._whole[1]

    def has_all_of(self, entry: Entry) -> bool:
        """Whether `all_of` would cost nothing."""
        return self.near or (self._whole is not None and self._whole[0] is entry)

    async def zip_listing(self, entry: Entry) -> Listing:
        """What a zip holds. Raises NotReadable, too."""
        fetch = partial(ranges.fetch, self._provider, entry)
        call = partial(list_zip, fetch, entry.size or 0)
        return await ask(self._sign_in, self._provider, call)

    async def _read(self, pieces: Callable[[], Iterable[Piece]], take: TakePiece) -> None:
        def pages() -> Iterator[Sequence[Piece]]:
            for piece in pieces():
                yield [piece]

        def took(page: Sequence[Piece], anew: bool) -> None:
            for piece in page:
                take(piece)

        await read_pages(self._sign_in, self._provider, pages, took)
