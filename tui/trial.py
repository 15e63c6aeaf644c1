"""Trying a place: can it be reached, and what is there."""

from __future__ import annotations

from providers.base import Kind, Place, Provider
from providers.text import printable

_COUNTED = 1000  # entries: enough to tell that it works


def look_at(provider: Provider, place: Place) -> str:
    """What stands at the start of `place`, in words safe for a terminal. Raises ProviderError."""
    path = provider.resolve(place.path)
    entry = provider.stat(path, follow=True)
    shown = printable(path)
    if entry.kind is not Kind.DIR:
        return f"it works: {shown} is a file"
    count, more = _count(provider, path)
    if more:
        return f"it works: {count:,} entries and more in {shown}"
    return f"it works: {count:,} {'entry' if count == 1 else 'entries'} in {shown}"


def _count(provider: Provider, path: str) -> tuple[int, bool]:
    """How many entries are there, and whether it was left at that."""
    count = 0
    for page in provider.list_dir(path):
        count += len(page)
        if count >= _COUNTED:
            return count, True
    return count, False
