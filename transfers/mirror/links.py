"""Links: why they are left out, and those that are followed: what they lead to, without end.

Only those of the left: on the right nothing is written, nor removed, through a link (faults.md D3).
They may lead anywhere on their place, as with `cp -L`: whoever asks for it chose to trust the tree.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from providers.base import Entry, Kind, Provider
from providers.errors import Denied, InvalidName, NotFound, Unsupported, WrongKind
from providers.extras import Linker
from providers.records import dataclass, field, replace
from transfers.mirror.closer import unread
from transfers.mirror.model import Mark, Pair, Side, Wish

_MOST_HOPS = 40  # of one link that leads to a link, as Linux has it
_MOST_FOLLOWED = 8  # on one path, where a place does not tell what links lead to


def left_out(left: Side, right: Side, wish: Wish) -> str:
    """Why links are left out; "": they are compared by their texts, and made as links."""
    if wish.links != "link":
        return "a link"
    linkers = (isinstance(side.provider, Linker) for side in (left, right))
    return "" if all(linkers) else "a link: not both places have links"


@dataclass(frozen=True, slots=True)
class Trail:
    """Where a folder of the walk really is, and the folders that links were followed in before."""

    real: str
    before: tuple[str, ...] = ()

    def below(self, provider: Provider, name: str) -> Trail:
        return Trail(provider.join(self.real, name), self.before)


@dataclass(frozen=True, slots=True)
class Led:
    """Where a link leads: `entry` has its name, and the address of what it leads to, so that all
    that is done with it meets no link. Without one: why it is not followed,
    and whether that is because it could not be looked at."""

    entry: Entry | None
    trail: Trail | None = None
    why: str = ""
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """The links of one folder of the left, by name."""

    links: Mapping[str, Led] = field(default_factory=dict)

    def entry(self, listed: Entry) -> Entry:
        found = self.links.get(listed.name)
        return listed if found is None else found.entry or listed

    def trail(self, name: str) -> Trail | None:
        found = self.links.get(name)
        return None if found is None else found.trail

    def pair(self, pair: Pair) -> Pair:
        """`pair` with why its link is not followed."""
        found = self.links.get(pair.relative[-1]) if self.links and pair.left else None
        if found is None or found.entry is not None:
            return pair
        return replace(pair, mark=Mark.UNKNOWN if found.unknown else pair.mark, why=found.why)


def follow(provider: Provider, link: Entry, trail: Trail) -> Led:
    """Where `link`, of the folder of `trail`, leads. Raises ConnectionLost, AuthRequired."""
    try:
        there = provider.stat(link.path, follow=True)
    except (InvalidName, NotFound, Unsupported) as error:
        return Led(None, why=f"a link that leads nowhere: {error.what}")
    except Denied as error:
        return Led(None, why=unread(error), unknown=True)
    found = _end(provider, link, trail, there)
    before = (*trail.before, trail.real)
    if found.kind is Kind.DIR:
        if any(_holds(provider, found.path, folder) for folder in before):
            return Led(None, why="a link to a folder it is in: that would never end")
        if len(before) > _MOST_FOLLOWED:
            return Led(None, why="a link behind too many others")
    return Led(replace(found, name=link.name), Trail(found.path, before))


def _end(provider: Provider, link: Entry, trail: Trail, there: Entry) -> Entry:
    """`there`, with the address that is no link, where the texts of links tell it."""
    try:
        here = provider.join(trail.real, link.name)
        for _ in range(_MOST_HOPS):
            found = provider.stat(here)
            if found.kind is not Kind.LINK:
                same = (found.kind, found.version) == (there.kind, there.version)
                return found if same else there
            if not found.target:
                return there
            here = provider.resolve(posixpath.join(provider.parent(here), found.target))
    except (Denied, InvalidName, NotFound, Unsupported, WrongKind):
        pass  # another folder's link is between, or the place writes addresses in its own way
    return there


def _holds(provider: Provider, folder: str, path: str) -> bool:
    """Whether `path` is `folder` or below it."""
    while path != folder:
        above = provider.parent(path)
        if above == path:
            return False
        path = above
    return True
