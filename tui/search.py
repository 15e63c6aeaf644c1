"""What a person looks for below a folder: by name, size, age and kind. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from providers.base import Entry, Kind
from providers.records import dataclass
from providers.text import printable
from tui import listing

ALL_KINDS = frozenset(Kind)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SPANS = {"h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
_SIZE = re.compile(r"([<>]?)\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", re.IGNORECASE)
_AGE = re.compile(r"([<>]?)\s*(\d+(?:\.\d+)?)\s*([hdwy])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Criteria:
    """All of it must hold. `name`: a part of one, or a glob of all of it; times in Unix seconds."""

    name: str = ""
    least: int | None = None  # bytes
    most: int | None = None
    after: float | None = None
    before: float | None = None
    kinds: frozenset[Kind] = ALL_KINDS
    hidden: bool = False  # hidden entries and what is in hidden folders, too
    words: str = ""  # size and age as they were typed, for the heading

    @property
    def heading(self) -> str:
        """What was looked for, in a few words; safe to show."""
        parts = [f"“{printable(self.name)}”"] if self.name else []
        return ", ".join([*parts, *([self.words] if self.words else [])]) or "everything"

    def matcher(self) -> Callable[[Entry], bool]:
        """Whether an entry is what is looked for. A size or time that is not known is never."""
        named = _named(self.name)

        def matches(entry: Entry) -> bool:
            return (
                entry.kind in self.kinds
                and named(entry.name)
                and _between(entry.size, self.least, self.most)
                and _between(entry.modified, self.after, self.before)
            )

        return matches

    def enters(self, folder: Entry) -> bool:
        """Whether what is in `folder` is looked at."""
        return self.hidden or not listing.is_hidden(folder.name)


def _named(pattern: str) -> Callable[[str], bool]:
    if any(c in pattern for c in "*?"):
        return listing.glob(pattern)
    return listing.matcher(pattern)


def _between(value: float | None, least: float | None, most: float | None) -> bool:
    if least is None and most is None:
        return True
    return (
        value is not None and (least is None or value >= least) and (most is None or value <= most)
    )


def read_size(text: str) -> tuple[int | None, int | None]:
    """ ">10M" as at least so many bytes, "<1K" as at most, "10M" as ">10M"; "" is any.

    Raises ValueError with a sentence.
    """
    if not text.strip():
        return None, None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError("A size reads like >10M, <500K or 1G.")
    size = int(float(found[2]) * _UNITS[found[3].upper()])
    return (None, size) if found[1] == "<" else (size, None)


def read_age(text: str, now: float) -> tuple[float | None, float | None]:
    """ "<7d" as changed in the last week, ">1y" as longer ago, "7d" as "<7d"; "" is any.

    Raises ValueError with a sentence.
    """
    if not text.strip():
        return None, None
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise ValueError("An age reads like <7d, >1y, 12h or 2w.")
    moment = now - float(found[2]) * _SPANS[found[3].lower()]
    return (None, moment) if found[1] == ">" else (moment, None)
