"""Whether an address lies in a folder, as its place builds addresses. Asks nobody."""

from __future__ import annotations

from providers.base import Provider


def is_below(provider: Provider, path: str, top: str) -> bool:
    """Whether `path` is in the directory `top`, at any depth."""
    while path != top:
        above = provider.parent(path)
        if above == top:
            return True
        if above == path:
            return False
        path = above
    return False
