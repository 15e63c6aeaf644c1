"""Two panes in step: what one did between two places, done from another place."""

from __future__ import annotations

from providers.base import Place, Provider
from providers.records import dataclass

_DEEPEST = 1000  # folders


@dataclass(frozen=True, slots=True)
class Steps:
    """Some folders up, or down into these; neither: it is the same place."""

    up: int = 0
    down: tuple[str, ...] = ()


def between(provider: Provider, start: Place, end: Place) -> Steps | None:
    """What leads from `start` to `end`; None when one is not above the other."""
    if start.endpoint != end.endpoint:
        return None
    if (up := _names_below(provider, end.path, start.path)) is not None:
        return Steps(up=len(up))
    down = _names_below(provider, start.path, end.path)
    return None if down is None else Steps(down=down)


def _names_below(provider: Provider, top: str, path: str) -> tuple[str, ...] | None:
    """The names that lead from `top` down to `path`; None when it is not below."""
    names: list[str] = []
    while path != top:
        above = provider.parent(path)
        if above == path or len(names) >= _DEEPEST:
            return None
        names.append(provider.name(path))
        path = above
    return tuple(reversed(names))


def after(provider: Provider, start: str, steps: Steps) -> str | None:
    """Where `steps` lead from `start`; None: above the root. Raises InvalidName for a name that
    this place cannot have."""
    path = start
    for _ in range(steps.up):
        above = provider.parent(path)
        if above == path:
            return None
        path = above
    for name in steps.down:
        path = provider.join(path, name)
    return path
