"""A sign for each row of a pane: kept apart from comparing, which few starts come to."""

from __future__ import annotations

from providers.base import Entry, Kind
from providers.records import dataclass


@dataclass(frozen=True, slots=True)
class PairSign:
    """`word` is for who listens; `role` colours it. It is about the entry as it was compared: with
    another `size` or `modified` it is none any more."""

    sign: str
    word: str
    role: str
    size: int | None = None
    modified: float | None = None

    def about(self, entry: Entry) -> bool:
        return entry.kind is Kind.DIR or (entry.size, entry.modified) == (self.size, self.modified)


class Signs(dict[str, PairSign]):
    """By the address of the entry. Empty: nothing was compared."""

    def of(self, entry: Entry | None) -> PairSign | None:
        """What was found of `entry`, while it is as it was then."""
        sign = None if entry is None else self.get(entry.path)
        return sign if entry is not None and sign is not None and sign.about(entry) else None

    def drawn(self, entry: Entry | None) -> tuple[str, str]:
        """What stands before a name, and its role."""
        sign = self.of(entry)
        return ("  " if self else "", "faint") if sign is None else (f"{sign.sign} ", sign.role)

    def calls_for(self, entry: Entry) -> bool:
        """Whether the other side lacks something that `entry` has."""
        sign = self.of(entry)
        return sign is not None and sign.word in _WANTED


_WANTED = ("only here", "newer", "different")
NO_SIGNS = Signs()
