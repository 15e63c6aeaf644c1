"""The tabs of a pane, as data. Only the one in front has a listing; the others are read when they
come to the front."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.cells import cell_len

from providers.base import Entry, Place
from providers.records import dataclass, field
from tui import format as show
from tui.history import History
from tui.listing import View
from tui.search import Criteria

_LEAST = 6  # cells of a tab
_AROUND = 2  # blanks of them


@dataclass(slots=True)
class Tab:
    """What a tab is while another one is in front; history and `elsewhere` are always here.

    `marks` (by path) are of its place. `elsewhere`: marks of other places, while they are kept.
    """

    place: Place
    view: View = field(default_factory=View)
    title: str = ""
    read: bool = False  # it was shown once: `place` is what it is called there
    parent: str | None = None
    search: Criteria | None = None  # what is found below its place is what it shows
    cursor: str | None = None
    marks: dict[str, Entry] = field(default_factory=dict)
    keeping: bool = False
    elsewhere: dict[Place, Entry] = field(default_factory=dict)
    history: History = field(default_factory=History)

    def keep(self, endpoint: str, marks: Mapping[str, Entry]) -> None:
        """Let go of the folder with these marks; they stay."""
        self.elsewhere |= {Place(endpoint, path): entry for path, entry in marks.items()}

    def take(self, endpoint: str, here: Callable[[str], bool]) -> dict[str, Entry]:
        """The marks of the paths that are `here`, by path; they are elsewhere no more."""
        found = [p for p in self.elsewhere if p.endpoint == endpoint and here(p.path)]
        return {place.path: self.elsewhere.pop(place) for place in found}


class Tabs:
    """At least one tab, and which one is in front."""

    def __init__(self, first: Tab) -> None:
        self.all = [first]
        self.at = 0

    @property
    def front(self) -> Tab:
        return self.all[self.at]

    def add(self, tab: Tab) -> None:
        """Put `tab` behind the one in front, and to the front."""
        self.at += 1
        self.all.insert(self.at, tab)

    def close(self) -> None:
        """Drop the one in front; there must be another."""
        del self.all[self.at]
        self.at = min(self.at, len(self.all) - 1)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the tab bar from the cell `left` on: a click on it brings `tab` to the front."""

    tab: int
    left: int
    text: str


def laid_out(titles: Sequence[str], at: int, width: int) -> list[Piece]:
    """The tabs in `width` cells: cut where they are long, and those around `at` where they are
    many, with "‹" and "›" for the others."""
    first, last = 0, len(titles)
    if len(titles) * _LEAST > width:
        room = max(1, (width - 2) // _LEAST)
        first = min(max(0, at - room // 2), len(titles) - room)
        last, width = first + room, max(0, width - 2)
    wanted = [max(_LEAST, cell_len(show.clip(t, width)) + _AROUND) for t in titles[first:last]]
    most = max((m for m in range(_LEAST, width + 1) if _fits(wanted, m, width)), default=width)
    left, pieces = 0, []
    if first:
        pieces, left = [Piece(first - 1, 0, "‹")], 1
    for tab, cells in enumerate(wanted, first):
        inside = max(0, min(cells, most) - _AROUND)
        title = show.fit(show.clip_middle(titles[tab], inside), inside)
        pieces.append(Piece(tab, left, f" {title} "))
        left += inside + _AROUND
    if last < len(titles):
        pieces.append(Piece(last, left, "›"))
    return pieces


def _fits(wanted: Sequence[int], most: int, width: int) -> bool:
    return sum(min(cells, most) for cells in wanted) <= width
