"""Where one was since Wharfie was started, the latest first. Not written down anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from providers.base import Place
from providers.errors import ProviderError
from providers.sites import Sites
from tui.bookmarks import address_of

_MOST = 20  # places


class Recent:
    """The places that panes have shown."""

    def __init__(self) -> None:
        self._places: list[Place] = []

    def note(self, place: Place) -> None:
        """A pane shows `place`."""
        others = (each for each in self._places if each != place)
        self._places = [place, *others][:_MOST]

    def addresses(self, sites: Sites | None, besides: Sequence[str]) -> list[str]:
        """What leads there again, and then what is `besides`; addresses with secrets are left
        out."""
        found: dict[str, None] = {}
        for place in self._places:
            try:
                found[address_of(place, sites)] = None
            except ProviderError:
                continue  # it cannot be written down: nothing is lost by not offering it
        return list(found | dict.fromkeys(besides))
