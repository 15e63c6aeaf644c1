"""How a path that is typed can go on: what of it is a folder, and which names begin like the rest.

Names are compared and typed as they are shown (`providers.text.printable`); each candidate knows
what it really is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from providers.base import Entry, Kind, Place
from providers.records import dataclass
from providers.text import printable


@dataclass(frozen=True, slots=True)
class Candidate:
    """`text` goes on behind the folder typed; `place` is None for the name of a site."""

    text: str
    place: Place | None = None

    @property
    def ends(self) -> bool:
        """Whether nothing can follow it."""
        return not self.text.endswith(("/", ":"))


def parted(text: str, sites: Iterable[str], separators: str = f"/{os.sep}") -> tuple[str, str]:
    """The folder that `text` begins with, with its separator, and the rest; "work:" is one."""
    cut = max(text.rfind(separator) for separator in separators) + 1
    if not cut:
        site, colon, _ = text.partition(":")
        cut = len(site) + 1 if colon and site in set(sites) else 0
    return text[:cut], text[cut:]


def candidate(endpoint: str, entry: Entry) -> Candidate:
    """What stands for `entry`."""
    end = "/" if entry.kind is Kind.DIR else ""
    return Candidate(printable(entry.name) + end, Place(endpoint, entry.path))


def begins(text: str, part: str) -> bool:
    """Whether a candidate's `text` begins with `part`, in any case; hidden ones must be meant."""
    hidden = text.startswith(".") and not part.startswith(".")
    return not hidden and text.casefold().startswith(part.casefold())


def fitting(candidates: Iterable[Candidate], part: str) -> list[Candidate]:
    """Those that begin with `part`: what can go on first, by name."""
    found = [each for each in candidates if begins(each.text, part)]
    return sorted(found, key=lambda each: (each.ends, each.text.casefold(), each.text))


def common(candidates: Sequence[Candidate], part: str) -> str:
    """The longest beginning that all have; `part` where that is no longer."""
    texts = [each.text for each in candidates]
    found = os.path.commonprefix(texts)  # noqa: RUF071 - letter by letter is what is wanted
    return found if len(found) > len(part) else part
