"""A plan as text, to be looked at and approved later; what comes back is trusted with nothing.

The text holds endpoints, paths and what listings told of files: no secret. It may have been edited,
or made by somebody else: every address must be inside one of the two trees, and every action one
that its pair allows. `recheck` then looks whether the trees are still as the plan says.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from providers.base import Entry, Kind
from providers.errors import InvalidName
from providers.names import check_name
from providers.text import printable
from transfers.mirror.model import Action, Keep, Mark, MirrorPlan, Pair, Step
from transfers.mirror.plain import NotPlain, from_plain, to_plain
from transfers.mirror.planning import allowed
from transfers.mirror.recheck import BadPlan, recheck

__all__ = ["BadPlan", "as_text", "from_text", "recheck"]

_FORMAT, _VERSION = "wharfie mirror plan", 1
_LAST = 253402300800.0  # Unix seconds of the year 10000, which no calendar here has
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_ONLY_LEFT, _ONLY_RIGHT = frozenset({Mark.NEW}), frozenset({Mark.ONLY_RIGHT})
_BOTH = frozenset({Mark.NEWER, Mark.OLDER, Mark.DIFFERENT, Mark.SAME, Mark.TYPE})


def as_text(plan: MirrorPlan) -> str:
    """`plan` as JSON, the same for the same plan, in ASCII: names that are no UTF-8 survive.

    Each step is a line, so that plans can be searched and compared as text.
    """
    told = to_plain(plan)
    steps = ",\n".join(json.dumps(step) for step in told.pop("steps"))
    head = json.dumps({"format": _FORMAT, "version": _VERSION, "plan": told})
    return f'{head[:-1]},\n"steps": [\n{steps}\n]}}\n'


def from_text(text: str) -> MirrorPlan:
    """What `as_text` made. Raises BadPlan, with a sentence, for anything else."""
    try:
        told = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadPlan("this is no saved mirror plan: it is not JSON") from error
    if not isinstance(told, dict) or told.get("format") != _FORMAT:
        raise BadPlan("this is no saved mirror plan")
    if told.get("version") != _VERSION:
        raise BadPlan(
            "this plan was saved by another version of Wharfie: compare the two sides again"
        )
    try:
        plan: MirrorPlan = from_plain(MirrorPlan, _whole(told))
    except (NotPlain, RecursionError) as error:
        raise BadPlan(f"this saved plan is damaged: {printable(str(error))}") from error
    _check(plan)
    return plan


def _whole(told: dict[str, Any]) -> Any:
    """The plan with its steps."""
    plan = told.get("plan")
    return {**plan, "steps": told.get("steps")} if isinstance(plan, dict) else plan


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("no number")


# What an edited plan may not say ----------------------------------------------------------------


def _check(plan: MirrorPlan) -> None:
    wish = plan.wish
    if not (0 <= plan.made < _LAST and 0 <= wish.most_deleted <= 1):
        raise BadPlan("this saved plan is damaged: a time or a share is none")
    if wish.keep is Keep.BACKUP and not wish.backup:
        raise BadPlan("this saved plan is damaged: it names no backup folder")
    seen: set[tuple[str, ...]] = set()
    for step in plan.steps:
        for pair in _pairs(step):
            _check_pair(plan, pair)
            if pair.relative in seen:
                raise _bad(pair, "two steps are about it")
            seen.add(pair.relative)
        if step.moved_from is not None:
            _check_pair(plan, step.moved_from)
        _check_action(step)


def _pairs(step: Step) -> tuple[Pair, ...]:
    """Those that no other step may be about. The old place of a copy has a step of its own."""
    if step.action is Action.RENAME and step.moved_from is not None:
        return (step.pair, step.moved_from)
    return (step.pair,)


def _check_pair(plan: MirrorPlan, pair: Pair) -> None:
    if not pair.relative:
        raise _bad(pair, "it has no name")
    try:
        for name in pair.relative:
            check_name("", name)
    except InvalidName as error:
        raise _bad(pair, error.what) from error
    for path, top in ((pair.left_path, plan.left.path), (pair.right_path, plan.right.path)):
        if path and not _inside(path, top):
            raise _bad(pair, f"“{printable(path)}” is not in the folder “{printable(top)}”")
    if not _stands_right(pair):
        raise _bad(pair, f"its mark is “{pair.mark}”, and its two sides are not so")


def _stands_right(pair: Pair) -> bool:
    """Whether something stands where the mark says it does."""
    left, right = pair.left is not None, pair.right is not None
    if (left and not pair.left_path) or (right and not pair.right_path):
        return False
    if pair.mark in _BOTH:
        return left and right
    return (pair.mark not in _ONLY_LEFT or (left and not right)) and (
        pair.mark not in _ONLY_RIGHT or (right and not left)
    )


def _inside(path: str, top: str) -> bool:
    """Whether `path` is an address below `top`, and nothing in it leads out again."""
    windows = _WINDOWS.match(top) is not None
    separators = "\\/" if windows else "/"
    start = top.rstrip(separators)
    rest = path[len(start) :]
    if "\0" in path or not path.startswith(start) or rest[:1] not in tuple(separators):
        return False
    names = re.split(r"[\\/]", rest[1:]) if windows else rest[1:].split("/")
    return not {"", ".", ".."} & set(names)


def _check_action(step: Step) -> None:
    old, pair = step.moved_from, step.pair
    if old is None:
        if step.action not in allowed(pair):
            raise _bad(pair, f"“{step.action}” is not possible there")
        return
    moved = step.action in (Action.RENAME, Action.RIGHT) and Action.RIGHT in allowed(pair)
    if not (moved and old.mark is Mark.ONLY_RIGHT and _is_file(pair.left) and _is_file(old.right)):
        raise _bad(pair, "it cannot have been moved there")


def _is_file(entry: Entry | None) -> bool:
    return entry is not None and entry.kind is Kind.FILE


def _bad(pair: Pair, what: str) -> BadPlan:
    shown = printable("/".join(map(str, pair.relative))) or "a step"
    return BadPlan(f"this saved plan is damaged at “{shown}”: {what}")
