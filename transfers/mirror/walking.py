"""Both trees at once, folder by folder: each folder of each side is listed once.

The folders come in one order, whatever answers first. What one side cannot show is UNKNOWN, and
nothing below it counts as missing on the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import islice

from providers.base import Entry, Kind
from providers.errors import NotFound, ProviderError
from providers.records import dataclass, replace
from transfers.mirror.closer import Closer, unread
from transfers.mirror.crew import Crew
from transfers.mirror.ignoring import Ignoring
from transfers.mirror.links import Followed, Trail, follow, left_out
from transfers.mirror.model import Mark, Pair, Side, Wish
from transfers.mirror.own_times import OwnTimes
from transfers.mirror.pairing import Folder, Pairing, kept_places
from transfers.scan import ScanCancelled

_AHEAD = 4  # folders whose lists are asked for before those before them are compared
_PAGE = 1000  # pairs

_Entries = list[Entry]


def compare(
    left: Side,
    right: Side,
    wish: Wish,
    *,
    on_progress: Callable[[int], None],
    cancelled: Callable[[], bool],
    times: OwnTimes | None = None,
) -> Iterator[Sequence[Pair]]:
    """The pairs of two trees, in pages, as they are found; the tops themselves are none.

    A folder comes before what is in it. Below a folder that only one side has everything is
    reported too; below a NAME, a TYPE, an UNKNOWN and what is LEFT_OUT nothing is. A name that the
    left cannot have is NAME, and not ONLY_RIGHT. `on_progress` is given the number of pairs so far.

    `times`: what is known of the left's own times, where its lists tell none; more is added to it.

    Marks by time are first words: `judging.settle` looks at all of them. Raises ValueError for a
    pattern that is none, ScanCancelled, and for a top that cannot be listed, a lost connection or a
    sign-in that is needed the ProviderError. A right that is not there counts as an empty one.
    """
    walk = _Walk(left, right, wish, cancelled, times or OwnTimes())
    found = 0
    try:
        for page in walk.pages():
            found += len(page)
            on_progress(found)
            yield page
    finally:
        walk.crew.close()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A folder whose lists are under way; None: it is not on that side."""

    folder: Folder
    left: Future[_Entries] | None
    right: Future[_Entries] | None


class _Walk:
    def __init__(
        self,
        left: Side,
        right: Side,
        wish: Wish,
        cancelled: Callable[[], bool],
        times: OwnTimes,
    ) -> None:
        self._left, self._right, self._wish = left, right, wish
        kept = kept_places(left, right, wish.backup)
        self._pairing = Pairing(
            left, right, Ignoring(wish.patterns), kept, left_out(left, right, wish)
        )
        self.crew = Crew(left, right, cancelled)
        self._closer = Closer(left, right, wish.criteria, self.crew.over, times)

    def pages(self) -> Iterator[Sequence[Pair]]:
        """A stack of folders that are to be asked for, and a few that are: memory is that of the
        folders beside the way down, and of the lists of the few that were asked for."""
        left, right = self._left.place.path, self._right.place.path
        stack = [Folder(Pair((), Mark.SAME, None, None, left, right), Trail(left))]
        asked: deque[_Asked] = deque()
        while stack or asked:
            while stack and len(asked) < _AHEAD:
                asked.append(self._ask(stack.pop()))
            below = yield from self._compared(asked.popleft())
            stack.extend(reversed(below))

    def _ask(self, folder: Folder) -> _Asked:
        pair = folder.pair
        left = self._list(self._left, pair.left_path) if folder.on_left else None
        right = self._list(self._right, pair.right_path) if folder.on_right else None
        return _Asked(folder, left, right)

    def _list(self, side: Side, path: str) -> Future[_Entries]:
        def listed() -> _Entries:
            found: _Entries = []
            for page in side.provider.list_dir(path):
                if self.crew.over():
                    raise ScanCancelled
                found.extend(page)
            return found

        return self.crew.submit(side, listed)

    def _compared(self, asked: _Asked) -> Generator[Sequence[Pair], None, list[Folder]]:
        """The pages of one folder, its own pair first; returns the folders in it."""
        folder = asked.folder
        try:
            left = self._entries(asked.left)
            right = self._right_entries(asked)
        except ProviderError as error:
            if not folder.pair.relative:
                raise
            yield [replace(folder.pair, mark=Mark.UNKNOWN, why=unread(error))]
            return []
        if folder.pair.relative:
            yield [folder.pair]
        below: list[Folder] = []
        followed = self._followed(folder, left)
        left = [followed.entry(entry) for entry in left]
        pairs = map(followed.pair, self._pairing.pairs(folder, left, right))
        while page := [*islice(pairs, _PAGE)]:
            below += [self._below(folder, pair, followed) for pair in page if _is_folder(pair)]
            found = [pair for pair in page if not _is_folder(pair)]
            if found:
                yield self._judged(found)
        return below

    def _entries(self, asked: Future[_Entries] | None) -> _Entries:
        return [] if asked is None else self.crew.answer(asked)

    def _right_entries(self, asked: _Asked) -> _Entries:
        try:
            return self._entries(asked.right)
        except NotFound:
            if asked.folder.pair.relative:
                raise
            return []  # it is made with what comes into it

    def _followed(self, folder: Folder, left: _Entries) -> Followed:
        if self._wish.links != "follow":
            return Followed()
        provider = self._left.provider
        asked = {
            entry.name: self.crew.submit(self._left, partial(follow, provider, entry, folder.trail))
            for entry in left
            if entry.kind is Kind.LINK
        }
        return Followed({name: self.crew.answer(each) for name, each in asked.items()})

    def _below(self, folder: Folder, pair: Pair, followed: Followed) -> Folder:
        name = pair.relative[-1]
        if pair.left is None or self._wish.links != "follow":
            return Folder(pair, folder.trail)
        return Folder(pair, followed.trail(name) or folder.trail.below(self._left.provider, name))

    def _judged(self, page: list[Pair]) -> list[Pair]:
        """The page with files and links judged; those in doubt are asked about, a few at once."""
        closer, crew = self._closer, self.crew
        first = [closer.first(pair) for pair in page]
        far = self._right if self._left.provider.caps.near else self._left
        asked = {
            at: crew.submit(far, partial(closer.second, pair))
            for at, pair in enumerate(first)
            if closer.doubts(pair)
        }
        for at, future in asked.items():
            first[at] = crew.answer(future)
        return first


def _is_folder(pair: Pair) -> bool:
    """Whether it is to be compared: a folder that one side or both have."""
    either = pair.left or pair.right
    is_dir = either is not None and either.kind is Kind.DIR
    return is_dir and pair.mark in (Mark.SAME, Mark.NEW, Mark.ONLY_RIGHT)
