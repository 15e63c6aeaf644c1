"""Where a file may be put on a web server. Pure."""

from __future__ import annotations

from providers.errors import InvalidName
from providers.http import paths
from providers.text import to_bytes

_LONGEST_NAME = 255  # bytes: what the disks behind nearly all servers take


def need_within(path: str, within: str) -> None:
    """Raise InvalidName for a path outside of the folder `within` that a person chose; "" is any.

    Web servers show no links: where one leads over there is theirs to say (faults.md D3).
    """
    above = paths.parent(path).rstrip("/")
    if within and not f"{above}/".startswith(f"{within.rstrip('/')}/"):
        raise InvalidName(path, "it is not in the folder that was chosen")


def need_short_name(path: str) -> None:
    """Raise InvalidName for a name that no disk takes: servers answer it with anything at all."""
    if len(to_bytes(paths.name(path))) > _LONGEST_NAME:
        raise InvalidName(path, f"this name is longer than servers take ({_LONGEST_NAME} bytes)")
