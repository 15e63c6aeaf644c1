"""Where the symbolic links of a copied tree lead, and which are left out. Reads, never writes."""

from __future__ import annotations

from providers.base import Entry, Kind, Provider
from providers.errors import Denied, InvalidName, NotFound, Unsupported, WrongKind
from providers.extras import Linker
from providers.records import dataclass

_MOST_FOLLOWED = 40  # one within the other, as Linux does

LEFT_OUT = "a link: links are left out, as was chosen"
NO_LINKS = "a link: the target has none"
_NO_FILE = "a link to what is neither a file nor a directory"
_KEPT_SECRET = "a link: this place does not say where it leads"


@dataclass(frozen=True, slots=True)
class Trail:
    """The way into a directory that is walked: the real directories of the links on it."""

    followed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.followed)


class NotFollowed(Exception):
    """A link that is left out; `failed`: not by choice."""

    def __init__(self, why: str, *, failed: bool = True) -> None:
        super().__init__(why)
        self.failed = failed


def followed(source: Provider, link: Entry, trail: Trail) -> tuple[Entry, Trail]:
    """What `link` leads to, and the way there. Raises NotFollowed; ConnectionLost and the like.

    A link that leads into what is being walked would never end: its own directory, those above it,
    and those of the links that were followed on the way to it.
    """
    if not isinstance(source, Linker):
        raise NotFollowed(_KEPT_SECRET, failed=False)
    try:
        real = source.leads_to(link.path)
        entry = source.stat(real)
    except NotFound as error:
        raise NotFollowed("a link that leads nowhere") from error
    except (Denied, InvalidName, Unsupported, WrongKind) as error:
        raise NotFollowed(f"a link that cannot be followed: {error.what}") from error
    if entry.kind not in (Kind.FILE, Kind.DIR):
        raise NotFollowed(_NO_FILE, failed=False)
    after = Trail((*trail.followed, source.parent(source.resolve(link.path))))
    if entry.kind is Kind.DIR and _is_loop(source, real, after):
        raise NotFollowed("a link into a folder that it is in itself: it would never end")
    return entry, after


def _is_loop(source: Provider, real: str, trail: Trail) -> bool:
    if len(trail.followed) > _MOST_FOLLOWED:
        return True
    return any(_is_at_or_below(source, here, real) for here in trail.followed)


def _is_at_or_below(source: Provider, path: str, top: str) -> bool:
    while path != top:
        above = source.parent(path)
        if above == path:
            return False
        path = above
    return True
