"""What copying, moving and deleting act on: what is marked in a tab, whatever folder it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from providers import location
from providers.base import Entry, Place, Provider
from providers.errors import NotFound
from providers.records import dataclass
from providers.text import printable

Open = Callable[[str], Provider]
"""The provider of an endpoint. Raises ProviderError."""


@dataclass(frozen=True, slots=True)
class Group:
    """Entries of one endpoint; never none."""

    endpoint: str
    entries: tuple[Entry, ...]

    @property
    def places(self) -> list[Place]:
        return [Place(self.endpoint, entry.path) for entry in self.entries]


def grouped(endpoint: str, here: Iterable[Entry], elsewhere: Mapping[Place, Entry]) -> list[Group]:
    """`here` is at `endpoint`, and comes first."""
    found: dict[str, list[Entry]] = {endpoint: list(here)}
    for place, entry in elsewhere.items():
        found.setdefault(place.endpoint, []).append(entry)
    return [Group(end, tuple(entries)) for end, entries in found.items() if entries]


def entries(groups: Iterable[Group]) -> list[Entry]:
    return [entry for group in groups for entry in group.entries]


def one_in_another(groups: Iterable[Group], open_provider: Open) -> str:
    """The sentence that says that a marked entry is inside another one; "" when none is.

    Moved or deleted with its folder, it would be missed at its turn.
    """
    for group in groups:
        provider, marked = open_provider(group.endpoint), {e.path for e in group.entries}
        for entry in group.entries:
            if any(above in marked for above in _above(provider, entry.path)):
                shown = printable(location.show(Place(group.endpoint, entry.path)))
                return f"{shown} is inside a folder that is marked as well. Unmark one of the two."
    return ""


def _above(provider: Provider, path: str) -> list[str]:
    found: list[str] = []
    while (above := provider.parent(path)) != path:
        found.append(above)
        path = above
    return found


def one_name_twice(groups: Iterable[Group], target: Place, open_provider: Open) -> str:
    """The sentence that says why these cannot go into one folder together; "" when they can."""
    names: set[str] = set()
    for group in groups:
        provider = open_provider(group.endpoint)
        for entry in group.entries:
            name = printable(entry.name)
            if Place(group.endpoint, provider.parent(entry.path)) == target:
                return f"“{name}” is marked and is in the folder of the other pane already."
            if entry.name in names:
                return f"Two of the marked are called “{name}”: take one after the other."
            names.add(entry.name)
    return ""


def gone(
    groups: Sequence[Group], open_provider: Open, cancelled: Callable[[], bool]
) -> list[Place] | None:
    """Those that are not there any more, or are something else; None when `cancelled`.

    Blocking. Raises ProviderError where it cannot be told.
    """
    missing = []
    for group in groups:
        provider = open_provider(group.endpoint)
        for entry in group.entries:
            if cancelled():
                return None
            try:
                same = provider.stat(entry.path).kind is entry.kind
            except NotFound:
                same = False
            if not same:
                missing.append(Place(group.endpoint, entry.path))
    return missing
