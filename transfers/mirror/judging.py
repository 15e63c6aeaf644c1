"""Whether two files are the same, by what their places tell of them. Pure.

Times are compared as finely as the poorer of both tells them. A place that does not keep the time
that a file was given (`Capabilities.keeps_modified`) tells when it was stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from providers.base import Capabilities, Entry, Kind
from providers.records import dataclass, replace
from transfers.mirror.model import Criteria, Mark, Pair
from transfers.mirror.offsets import in_words, offsets

SIZE = "size"
TIME = "time"
SIZE_AND_TIME = "size and time"
STORED = "when it was stored"
NOTHING_TOLD = "neither size nor time is told"
LEADS = "where it leads"

_FINEST = 0.002  # seconds: two places that tell fractions round them at a thousandth
_SECOND = 1.0
_MINUTE = 60.0
_STEP = 2.0  # what FAT rounds to
_FEWEST_STEPS = 3  # pairs


@dataclass(frozen=True, slots=True)
class Rules:
    """What is known of how both sides tell times. `tolerance`: seconds."""

    left_keeps: bool | None = True
    right_keeps: bool | None = True
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mark of two files, and what told so."""

    mark: Mark
    why: str


def rules_of(left: Capabilities, right: Capabilities, criteria: Criteria) -> Rules:
    return Rules(left.keeps_modified, right.keeps_modified, criteria.tolerance)


def judged(left: Entry, right: Entry, rules: Rules) -> Verdict:
    """What size, time and the digests that both tell already say of two files."""
    order = _order(left, right, rules)
    sized = left.size is not None and right.size is not None
    if sized and left.size != right.size:
        # A time of storing that is late enough tells nothing of which content is the later one.
        blind = order == 0 or (order is not None and order < 0 and not rules.right_keeps)
        return Verdict(Mark.DIFFERENT if blind else by_order(order), SIZE)
    told = stated(left, right)
    if told is not None:
        algorithm, same = told
        return Verdict(Mark.SAME if same else by_order(order), algorithm)
    if order is None:
        if not sized:
            return Verdict(Mark.DIFFERENT, NOTHING_TOLD)
        return Verdict(Mark.SAME, SIZE)
    keeps = rules.left_keeps and rules.right_keeps
    if order == 0:
        agreed = SIZE_AND_TIME if sized else TIME
        return Verdict(Mark.SAME, agreed if keeps else f"{SIZE}, and {STORED}")
    return Verdict(by_order(order), TIME if keeps else STORED)


def of_links(left: Entry, right: Entry) -> Verdict | None:
    """Of two links: their texts alone, whatever they lead to. None: one is not told."""
    if not (left.target and right.target):
        return None
    return Verdict(Mark.SAME if left.target == right.target else Mark.DIFFERENT, LEADS)


def by_order(order: int | None) -> Mark:
    """Of two files that differ: `order` as `later` tells it."""
    if not order:
        return Mark.DIFFERENT
    return Mark.NEWER if order > 0 else Mark.OLDER


def stated(left: Entry, right: Entry) -> tuple[str, bool] | None:
    """A digest that both places tell, and whether it is the same. None: they have none in common.

    One that differs tells more than one that is the same: of several a weak one may be equal by
    somebody's will.
    """
    common = [name for name in left.digests if name in right.digests]
    if not common:
        return None
    for name in common:
        if left.digests[name].lower() != right.digests[name].lower():
            return name, False
    return ("sha256" if "sha256" in common else common[0]), True


def order_of(left: Entry, right: Entry, rules: Rules) -> int | None:
    """1: the left was changed later, -1: earlier, 0: no difference shows; None: nothing tells."""
    return _order(left, right, rules)


def _order(left: Entry, right: Entry, rules: Rules) -> int | None:
    if left.modified is None or right.modified is None:
        return None
    ahead = left.modified - right.modified
    # Within the second of its storing nobody knows which was first: rather a copy too many.
    alike = grain(left, right) if rules.right_keeps is not False else 0.0
    if ahead > 0:
        return 1 if ahead >= alike + rules.tolerance else 0
    if not rules.right_keeps:
        # Stored after the left was changed: it is what was there then (the rule of `aws s3 sync`).
        return 0
    return -1 if -ahead >= alike + rules.tolerance else 0


def grain(left: Entry, right: Entry) -> float:
    """Seconds by which two times may differ that were one, as coarsely as the poorer tells it."""
    return max(_grain(left), _grain(right))


def _grain(entry: Entry) -> float:
    if entry.modified is None or entry.modified % _SECOND:
        return _FINEST
    return _MINUTE if whole_minutes(entry) else _SECOND


def whole_minutes(entry: Entry) -> bool:
    """Whether its time may be that of a web server's index: there seconds are left out, and a
    version is never told."""
    return entry.version is None and entry.modified is not None and entry.modified % _MINUTE == 0


def settle(pairs: Iterable[Pair]) -> tuple[list[Pair], tuple[str, ...]]:
    """The pairs of a whole comparison with the marks that all of them together correct, and what a
    person should know of that.

    Give it the SAME ones as well: they tell how the others' times are to be read. Only files of
    one size that a time alone told apart become SAME.
    """
    found = [*pairs]
    times = {at: _times(pair) for at, pair in enumerate(found) if _by_time(pair)}
    agreeing = sum(pair.why == SIZE_AND_TIME for pair in found)
    remarks: list[str] = []
    steps = {at: each for at, each in times.items() if abs(each[0] - each[1]) < _STEP}
    if len(steps) >= _FEWEST_STEPS and _in_steps(found):
        remarks.append(f"the right tells times in steps of {_STEP:g} seconds")
        _settled(found, steps, f"{SIZE}, and {TIME} in steps of {_STEP:g} seconds")
        times = {at: each for at, each in times.items() if at not in steps}
    for offset in offsets([*times.values()], agreeing):
        held = {at: each for at, each in times.items() if offset.holds(each)}
        amount = in_words(offset)
        _settled(found, held, f"{SIZE}, and {TIME} but for a clock {amount}")
        remarks.append(
            f"{len(held):,} files of the same size have times on the right that are all {amount}: "
            "taken for a clock, a time zone or summer time, and for the same files"
        )
    return found, tuple(remarks)


def _by_time(pair: Pair) -> bool:
    return pair.why == TIME and pair.mark in (Mark.NEWER, Mark.OLDER) and _sized(pair)


def _sized(pair: Pair) -> bool:
    left, right = pair.left, pair.right
    return left is not None and right is not None and left.size == right.size is not None


def _times(pair: Pair) -> tuple[float, float]:
    left, right = pair.left, pair.right
    assert left is not None and right is not None
    return left.modified or 0.0, right.modified or 0.0


def _in_steps(pairs: Sequence[Pair]) -> bool:
    """Whether the right has told no time of a file that FAT could not."""
    files = (p.right for p in pairs if p.right is not None and p.right.kind is Kind.FILE)
    return not any((entry.modified or 0.0) % _STEP for entry in files)


def _settled(pairs: list[Pair], which: Iterable[int], why: str) -> None:
    for at in which:
        pairs[at] = replace(pairs[at], mark=Mark.SAME, why=why)
