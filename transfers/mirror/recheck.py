"""Whether the two trees are still as a plan says, looked at before it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from providers.base import Entry, Kind
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyProblem,
    InvalidName,
    NotFound,
    ProviderError,
)
from providers.names import folded
from providers.records import dataclass, field, replace
from transfers.mirror.model import Action, MirrorPlan, Side, Step
from transfers.mirror.planning import settled
from transfers.scan import ScanCancelled

T = TypeVar("T")
_DELETES = frozenset({Action.DELETE_RIGHT, Action.DELETE_LEFT})


class BadPlan(Exception):
    """A saved plan that is none, or not of these two places: the text is a sentence."""


def recheck(
    plan: MirrorPlan,
    left: Side,
    right: Side,
    *,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[MirrorPlan, tuple[Step, ...]]:
    """`plan` with only the steps that still hold, and those that do not, with the reason.

    Each folder that a step is about is listed once. What could not be looked at does not hold, and
    where a copy does not, nothing is deleted. Raises BadPlan where the plan is of other places,
    AuthRequired, HostKeyProblem, ConnectionLost, ScanCancelled.
    """
    if (plan.left, plan.right) != (left.place, right.place):
        raise BadPlan("this plan was made for other folders than these")
    follow = plan.wish.links == "follow"
    sides = (_Looking(left, "left", follow), _Looking(right, "right", follow))
    looked = []
    for step in plan.steps:
        if cancelled():
            raise ScanCancelled
        looked.append(_looked_at(step, *sides))
    pairs = list(zip(plan.steps, settled(_nothing_deleted(plan, looked)), strict=True))
    stale = [now for was, now in pairs if _given_up(was, now)]
    still = [was for was, now in pairs if not _given_up(was, now)]
    return replace(plan, steps=tuple(still)), tuple(stale)


def _given_up(was: Step, now: Step) -> bool:
    return was.action is not Action.SKIP and now.action is Action.SKIP


def _nothing_deleted(plan: MirrorPlan, looked: list[Step]) -> Iterator[Step]:
    """`looked`, without deletions where something that was to be brought is not."""
    pairs = zip(plan.steps, looked, strict=True)
    lost = sum(was.action not in _DELETES and _given_up(was, now) for was, now in pairs)
    copies = "1 copy of this plan does" if lost == 1 else f"{lost:,} copies of this plan do"
    for now in looked:
        if lost and now.action in _DELETES:
            why = f"not deleted, because {copies} not hold any more"
            now = replace(now, action=Action.SKIP, why=why)
        yield now


def _looked_at(step: Step, left: _Looking, right: _Looking) -> Step:
    """`step`, skipped with the reason where it does not hold."""
    if step.action is Action.SKIP:
        return step
    pairs = (step.pair,) if step.moved_from is None else (step.pair, step.moved_from)
    for pair in pairs:
        for side, path, planned in (
            (left, pair.left_path, pair.left),
            (right, pair.right_path, pair.right),
        ):
            if why := side.differs(path, planned):
                return replace(step, action=Action.SKIP, why=why)
    return step


class _NotTold(Exception):
    """It could not be looked at: the text says why."""


_MISSING: dict[str, Entry] = {}


@dataclass(slots=True)
class _Looking:
    """One side's folders, each listed once."""

    side: Side
    called: str  # "left"
    follow: bool  # what links lead to was compared
    _folders: dict[str, dict[str, Entry] | str] = field(default_factory=dict)  # str: why not
    _inside: set[str] = field(default_factory=set)  # folders that are below the top

    def differs(self, path: str, planned: Entry | None) -> str:
        """What is not as it was `planned` at `path`; "": it is."""
        try:
            found = self._there(path)
        except _NotTold as error:
            return f"it could not be looked at on the {self.called}: {error}"
        if found is None and planned is None:
            return ""
        if found is None:
            return f"it is gone on the {self.called}"
        if planned is None:
            return f"something stands there on the {self.called}, where nothing did"
        same = _alike(found, planned)
        return "" if same else f"it is not what it was on the {self.called}"

    def _there(self, path: str) -> Entry | None:
        """What stands there. Raises _NotTold."""
        provider = self.side.provider
        self._need_inside(path)
        entries, name = self._listed(provider.parent(path)), provider.name(path)
        found = entries.get(name) or entries.get(self._key(name))
        if found is not None and found.kind is Kind.LINK and self.follow:
            return _asked(lambda: provider.stat(path, follow=True))
        return found

    def _need_inside(self, path: str) -> None:
        """Raise _NotTold unless the place itself takes each name on the way from the top to `path`
        for one: a plan may have been edited. A loop: trees may be very deep."""
        provider, passed = self.side.provider, []
        while path != self.side.place.path and path not in self._inside:
            folder = provider.parent(path)
            try:
                whole = provider.join(folder, provider.name(path)) == path
            except InvalidName as error:
                raise _NotTold(error.what) from error
            if not whole or folder == path:
                raise _NotTold("its address is not in the folder of this plan")
            passed.append(path)
            path = folder
        self._inside.update(passed)

    def _listed(self, folder: str) -> dict[str, Entry]:
        """By name, and by `_key`; nothing where the folder is missing. Raises _NotTold."""
        if self._is_missing(folder):
            return _MISSING
        if folder not in self._folders:
            try:
                self._folders[folder] = _asked(lambda: self._read(folder)) or _MISSING
            except _NotTold as error:
                self._folders[folder] = str(error)
        found = self._folders[folder]
        if isinstance(found, str):
            raise _NotTold(found)
        return found

    def _is_missing(self, folder: str) -> bool:
        """Whether one above it is known to be: nothing below that is asked for."""
        provider, top = self.side.provider, self.side.place.path
        while folder not in self._folders and folder != top:
            folder = provider.parent(folder)
        return self._folders.get(folder) is _MISSING

    def _read(self, folder: str) -> dict[str, Entry]:
        entries = [entry for page in self.side.provider.list_dir(folder) for entry in page]
        return {self._key(each.name): each for each in entries} | {e.name: e for e in entries}

    def _key(self, name: str) -> str:
        """Equal for names that the place takes for the same."""
        return folded(name) if self.side.provider.caps.folds_names else name


def _asked(call: Callable[[], T]) -> T | None:
    """The place's answer; None: it is missing. Raises _NotTold where it gives none."""
    try:
        return call()
    except NotFound:
        return None
    except (AuthRequired, HostKeyProblem, ConnectionLost):
        raise
    except ProviderError as error:
        raise _NotTold(error.what) from error


def _alike(found: Entry, planned: Entry) -> bool:
    """Whether it is what was compared: its version, or else its size and time."""
    if found.kind is not planned.kind or found.kind is Kind.DIR:
        return found.kind is planned.kind
    if found.version is not None and planned.version is not None:
        return found.version == planned.version
    return (found.size, found.modified) == (planned.size, planned.modified)
