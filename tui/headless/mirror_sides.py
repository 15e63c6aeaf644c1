"""The two trees of a mirror: found, and refused where one cannot become like the other."""

from __future__ import annotations

from collections.abc import Mapping

from providers.access import Access
from providers.base import Kind, Place, Provider
from providers.errors import InvalidName, NotFound, WrongKind
from providers.extras import Counting
from providers.location import parse, show
from providers.records import dataclass
from transfers.mirror.model import MirrorPlan, Side
from transfers.pool import ProviderPool
from tui.inside import is_below


@dataclass(frozen=True, slots=True)
class Sides:
    """`left` is never changed, `right` becomes like it."""

    left: Side
    right: Side


def sides_of(
    source: str, target: str, saved: MirrorPlan | None, pool: ProviderPool, access: Access
) -> Sides:
    """Both trees, of the addresses typed or of a saved plan.

    The target need not be there, the folder that it is to be in must. Raises ProviderError.
    """
    if saved is None:
        left, right = (_side(parse(text, access.sites), pool) for text in (source, target))
    else:
        left, right = (Side(place, pool.get(place.endpoint)) for place in (saved.left, saved.right))
    _need_apart(left.place, right.place, left.provider)
    _need_folder(left.provider, left.place)
    _need_room_for(right.provider, right.place)
    return Sides(left, right)


def asked_so_far(sides: Sides) -> Mapping[str, int]:
    """How many requests went to "source" and "target", or to "both" where these are one place.

    What is on this computer is asked for nothing.
    """
    counted: dict[str, Provider] = {"source": sides.left.provider, "target": sides.right.provider}
    if sides.left.provider is sides.right.provider:
        counted = {"both": sides.left.provider}
    return {each: place.requests for each, place in counted.items() if isinstance(place, Counting)}


def _side(place: Place, pool: ProviderPool) -> Side:
    provider = pool.get(place.endpoint)
    return Side(Place(place.endpoint, provider.resolve(place.path)), provider)


def _need_apart(left: Place, right: Place, provider: Provider) -> None:
    if left.endpoint != right.endpoint:
        return
    one, other = left.path, right.path
    if one == other or is_below(provider, one, other) or is_below(provider, other, one):
        raise InvalidName(
            show(right),
            "a folder cannot be mirrored into itself, nor into one that holds it",
            advice="Choose a folder elsewhere.",
        )


def _need_folder(provider: Provider, place: Place) -> None:
    if provider.stat(place.path, follow=True).kind is not Kind.DIR:
        raise WrongKind(show(place), "is no folder", advice="Use wharfie copy for single files.")


def _need_room_for(provider: Provider, place: Place) -> None:
    """A disk that is not mounted must not be mistaken for a target that is not there yet."""
    try:
        _need_folder(provider, place)
    except NotFound:
        above = provider.parent(place.path)
        if provider.caps.real_directories and above != place.path:
            _need_folder(provider, Place(place.endpoint, above))
