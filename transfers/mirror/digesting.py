"""Whether two files hold the same, by digests: what their places tell, and what can be made.

Nothing is fetched over a network for it: a place that is near is read, and one that digests its
own files is asked to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from providers.base import Digester, Entry, Hasher, Publisher, Stating
from providers.errors import Denied, NotFound, SourceChanged, Unsupported, WrongKind
from providers.records import dataclass, replace
from transfers.digests import ALGORITHM
from transfers.mirror.judging import stated
from transfers.mirror.model import Side
from transfers.scan import ScanCancelled

NONE_IN_COMMON = "no digest in common"

Told = tuple[str, bool] | None
"""The algorithm, and whether both have the same; None: there is none that both can have."""

CANNOT = (Denied, NotFound, SourceChanged, Unsupported, WrongKind)
"""What says that one file cannot be digested; its place can be asked about others."""

_USUAL = frozenset({"md5", "sha1", "sha256", "sha384", "sha512"})


@dataclass(frozen=True, slots=True)
class Digesting:
    """How the digests of two trees are had. `cancelled`: whether the person gave up."""

    left: Side
    right: Side
    cancelled: Callable[[], bool]

    def compared(self, left: Entry, right: Entry) -> Told:
        """By a digest that both tell, else one that one tells and the other can make, else one
        that both can make. Raises ConnectionLost, ScanCancelled, and what says that one of them
        cannot be looked at."""
        left, right = self.in_full(left, self.left), self.in_full(right, self.right)
        if not left.digests and isinstance(self.left.provider, Publisher):
            # What lies beside a copy may be older than the copy: the right is not asked for it.
            left = replace(left, digests=self.left.provider.published(left))
        told = stated(left, right)
        if told is not None:
            return told
        return self._first(left, right, self.algorithms(left, right))

    def algorithms(self, left: Entry, right: Entry) -> tuple[str, ...]:
        """Those of digests that both tell, or can make where the other tells one, or can make."""
        common = [name for name in left.digests if name in right.digests]
        both = (ALGORITHM,) if all(map(self._makes_usual, (self.left, self.right))) else ()
        return tuple(dict.fromkeys((*common, *self._crossing(left, right), *both)))

    def digest(self, entry: Entry, side: Side, algorithm: str) -> str:
        """What its place tells, or what can be made, in lower case; "" where neither is so.
        Raises ConnectionLost, ScanCancelled."""
        told = entry.digests.get(algorithm, "")
        if not told and self._makes(side, algorithm):
            try:
                told = self._made(entry, side, algorithm)
            except CANNOT:
                return ""
        return told.lower()

    def checkable(self, left: Entry, right: Entry) -> bool:
        """Whether the listing tells a digest of one, and the other need only be read nearby."""
        return any(
            side.provider.caps.near and self._makes(side, name)
            for entry, side in ((left, self.right), (right, self.left))
            for name in entry.digests
        )

    def checked(self, left: Entry, right: Entry) -> Told:
        """As `compared`, for what is `checkable`: no place is asked for more than it told."""
        return self._first(left, right, tuple(self._crossing(left, right)))

    def _first(self, left: Entry, right: Entry, algorithms: tuple[str, ...]) -> Told:
        for algorithm in dict.fromkeys(algorithms):
            try:
                found = self._both(left, right, algorithm)
            except CANNOT:
                continue
            if all(found):
                return algorithm, len({each.lower() for each in found}) == 1
        return None

    def _both(self, left: Entry, right: Entry, algorithm: str) -> list[str]:
        """Of both, the far one first: where that has none, nothing need be read nearby."""
        files = ((left, self.left), (right, self.right))
        return [
            entry.digests.get(algorithm) or self._made(entry, side, algorithm)
            for entry, side in sorted(files, key=lambda file: file[1].provider.caps.near)
        ]

    def _crossing(self, left: Entry, right: Entry) -> Iterator[str]:
        """The algorithms of digests that one place tells, and the other can make."""
        yield from (name for name in left.digests if self._makes(self.right, name))
        yield from (name for name in right.digests if self._makes(self.left, name))

    def in_full(self, entry: Entry, side: Side) -> Entry:
        """`entry` with the digests that its place tells only when it is asked about one file."""
        if entry.digests or not side.provider.caps.states:
            return entry
        return side.provider.stat(entry.path)

    def _makes(self, side: Side, algorithm: str) -> bool:
        caps = side.provider.caps
        return algorithm in caps.digests or (
            caps.near and (algorithm in _USUAL or self._stating(algorithm) is not None)
        )

    def _makes_usual(self, side: Side) -> bool:
        return self._makes(side, ALGORITHM)

    def _stating(self, algorithm: str) -> Stating | None:
        """The place whose own kind of digest that is."""
        for side in (self.left, self.right):
            if algorithm in side.provider.caps.states and isinstance(side.provider, Stating):
                return side.provider
        return None

    def _made(self, entry: Entry, side: Side, algorithm: str) -> str:
        """The digest of its bytes; "" where there is none of so many."""
        provider = side.provider
        if algorithm in provider.caps.digests and isinstance(provider, Digester):
            return provider.digest(entry.path, algorithm)
        stating = self._stating(algorithm)
        hasher: Hasher = hashlib.new(algorithm) if stating is None else stating.hasher(algorithm)
        with provider.read(entry.path) as reader:
            for chunk in reader.chunks():
                if self.cancelled():
                    raise ScanCancelled
                hasher.update(chunk)
        return hasher.hexdigest()
