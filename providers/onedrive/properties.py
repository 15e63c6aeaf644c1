"""All that the service says of an item, for a person to read; what is secret is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from providers.extras import Property
from providers.onedrive import paths
from providers.onedrive.items import DOWNLOAD_URL
from providers.onedrive.look import Look

_LEFT_OUT = frozenset({DOWNLOAD_URL, "@content.downloadUrl"})
_DEEPEST = 4
_LONGEST = 500  # characters of a value


def properties(look: Look, path: str) -> Sequence[Property]:
    """As `Describer.properties`."""
    target = look.spot(paths.path_of(paths.split(path)[1])).target()
    return [*_flat(look.session.get(target, path=path), "", 0)]


def _flat(told: Mapping[str, Any], before: str, depth: int) -> Iterator[Property]:
    for name, value in told.items():
        if name in _LEFT_OUT or name.startswith("@odata.") or depth > _DEEPEST:
            continue
        where = f"{before}{name}"
        if isinstance(value, dict):
            yield from _flat(value, f"{where}.", depth + 1)
            if not value:
                yield Property(where, "yes")
        elif isinstance(value, str | int | float | bool):
            yield Property(where, str(value)[:_LONGEST])
