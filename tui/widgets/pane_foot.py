"""The line below a list: what is read, marked and filtered, or what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

from providers import location
from providers.base import Entry, Place
from providers.records import replace
from providers.text import printable
from tui import format as show
from tui.listing import Request

_NONE: Mapping[str, int] = MappingProxyType({})


class PaneFoot(Static):
    """Facts beside each other, and one at the right end where there is room for it; an error stands
    alone, on more lines where it needs them."""

    def __init__(self) -> None:
        super().__init__(markup=False, classes="footer")
        self._said, self._aside = "", ""

    def show(self, facts: Iterable[str], error: str, aside: str = "") -> None:
        resized = bool(error) or self.has_class("-error")
        self.set_class(bool(error), "-error")
        self._said, self._aside = error or " · ".join(facts), "" if error else aside
        self.update(Text(self._line), layout=resized)

    def on_resize(self) -> None:
        if self._aside:
            self.update(Text(self._line), layout=False)

    @property
    def _line(self) -> str:
        gap = self.content_size.width - cell_len(self._said) - cell_len(self._aside)
        return f"{self._said}{' ' * gap}{self._aside}" if self._aside and gap > 1 else self._said


def reading(asked: Request, shown: Place, count: int) -> str:
    """That `asked` is read, while `shown` is what stands there; `count` entries so far."""
    if asked.search is not None and asked.known is None:
        return f"searching… {count:,} found"
    what = "" if asked.place == shown else f" {printable(_named(asked.place, shown))}"
    return f"reading{what}… {count:,}" if count else f"reading{what}…"


def _named(place: Place, shown: Place) -> str:
    """The path is enough where what is shown is of the same place."""
    plain = replace(place, path="") if place.path == "/~" else place
    return plain.path if plain.path and place.endpoint == shown.endpoint else location.show(plain)


def marked(
    here: Sequence[Entry], measured: Mapping[str, int] = _NONE, elsewhere: Sequence[Entry] = ()
) -> str:
    """`measured`: bytes in folders that were added up, by path."""
    total = sum(measured.get(entry.path, entry.size or 0) for entry in here)
    total += sum(entry.size or 0 for entry in elsewhere)
    where = f", {len(elsewhere):,} elsewhere" if elsewhere else ""
    return f"{len(here) + len(elsewhere):,} marked{where}, {show.size(total)}"


def filtered(pattern: str, rows: int, entries: int) -> str:
    return f"“{printable(pattern)}”: {rows:,} of {entries:,}"


def counted(rows: int, *, found: bool = False) -> str:
    if found:
        return f"{rows:,} found, Enter goes to the folder" if rows else "nothing found"
    return f"{rows:,} entry" if rows == 1 else f"{rows:,} entries"


def free(room: int | None) -> str:
    """`room` in bytes; None: not known."""
    return "" if room is None else f"{show.size(room)} free"
