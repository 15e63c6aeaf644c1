"""The queue as a whole in one line: a bar, how fast, how long still, how many. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from providers.records import dataclass
from transfers.model import RUNNING, JobState, Snapshot, Totals
from tui import format as show
from tui.queue_filter import Shown
from tui.rates import Rates
from tui.widgets.transfer_row import Part, Role

_WIDE = 120
_MEDIUM = 64
_NARROW = 36
_COUNTED = (
    JobState.FAILED,
    JobState.PARKED,
    JobState.WAITING,
    JobState.PREPARING,
    JobState.TRANSFERRING,
    JobState.VERIFYING,
    JobState.COMMITTING,
    JobState.QUEUED,
    JobState.PAUSED,
    JobState.DONE,
    JobState.SKIPPED,
    JobState.CANCELLED,
)
"""What wants attention first: the end of the line is what a narrow screen cuts off."""
_COUNT_ROLES: dict[str, Role] = {"failed": "bad", "parked": "warning", "done": "good"}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the line is made of. `rates` of the last minute; `marked`: how many rows are."""

    queue: Snapshot
    rates: Rates
    shown: Shown = Shown.ALL
    marked: int = 0
    ascii_only: bool = False


def total_parts(now: Standing, width: int) -> tuple[Part, ...]:
    """The line in at most about `width` cells: what matters less is further to the right."""
    totals, queue = now.queue.totals, now.queue
    groups: list[list[Part]] = []
    if queue.held:
        groups.append([("held: H goes on" if width >= _NARROW else "held", "warning")])
    if now.shown is not Shown.ALL:
        groups.append([(f"only {now.shown}", "warning")])
    if now.marked:
        groups.append([(f"{now.marked:,} marked", "busy")])
    if totals.size:
        groups.append(_share(now, width))
    if totals.running:
        groups.append(_pace(now, width))
    if queue.rate_limit:
        groups.append([(f"limit {show.rate(queue.rate_limit)}", "dim")])
    groups.append(_count_parts(totals, width))
    between: Part = (" · " if width >= _MEDIUM else "  ", "dim")
    return _joined(groups, between)


def totals_text(totals: Totals, width: int, *, rate_limit: int = 0) -> str:
    """The same in words alone, for where there is no screen."""
    parts = []
    if totals.size:
        parts.append(_share_text(totals, width))
    if totals.running:
        parts += [show.rate(totals.rate), left_text(totals)]
    if rate_limit:
        parts.append(f"limit {show.rate(rate_limit)}")
    parts.append(", ".join(f"{n:,} {word}" for n, word in counts(totals, width)) or _NONE)
    return " · ".join(part for part in parts if part)


_NONE = "no transfers"


def left_text(totals: Totals) -> str:
    """How long it still takes; that nobody can tell is said, too."""
    if totals.eta is not None:
        return f"{show.duration(totals.eta)} left"
    return "time left not known" if totals.running and totals.moved < totals.size else ""


def counts(totals: Totals, width: int) -> list[tuple[int, str]]:
    """How many are in which state, those that want attention first; none that are not."""
    found = [(totals.counts.get(state, 0), state.value) for state in _COUNTED]
    if width < _WIDE:
        found = [pair for pair in found if pair[1] not in RUNNING]
        found.insert(2, (totals.running, "running"))
    return [pair for pair in found if pair[0]]


def _share(now: Standing, width: int) -> list[Part]:
    totals = now.queue.totals
    cells = _cells(now, width, (20, 8, 5))
    whole = totals.moved >= totals.size
    bar = show.bar(totals.moved / totals.size, cells, ascii_only=now.ascii_only)
    role: Role = "bar-done" if whole else "bar"
    text = _share_text(totals, width) if width >= _MEDIUM else _percent(totals)
    return [(bar, role), (" ", "plain"), (text, "plain")] if cells else [(text, "plain")]


def _share_text(totals: Totals, width: int) -> str:
    moved = f" · {show.size(totals.moved)}" if width >= _WIDE else ""
    return f"{_percent(totals)}{moved} of {show.size(totals.size)}"


def _percent(totals: Totals) -> str:
    return f"{int(min(1.0, totals.moved / totals.size) * 100)}%"


def _pace(now: Standing, width: int) -> list[Part]:
    totals = now.queue.totals
    cells = _cells(now, width, (15, 8, 0 if _wants_attention(totals) else 4))
    line = now.rates.line(cells, ascii_only=now.ascii_only)
    if width >= _MEDIUM:
        left = left_text(totals)
        text = show.rate(totals.rate) + (f" · {left}" if left else "")
    else:
        text = f"{show.rate(totals.rate)} {show.duration(totals.eta) or '?'}"
    return [(line, "dim"), (" ", "plain"), (text, "plain")] if cells else [(text, "plain")]


def _wants_attention(totals: Totals) -> bool:
    return any(totals.counts.get(state) for state in (JobState.FAILED, JobState.PARKED))


def _cells(now: Standing, width: int, sizes: tuple[int, int, int]) -> int:
    """How wide a picture is; words that a person must read come before pictures."""
    more = bool(now.marked) or now.shown is not Shown.ALL or now.queue.held
    if width >= _WIDE:
        return sizes[0]
    if more or width < _NARROW:
        return 0
    return sizes[1] if width >= _MEDIUM else sizes[2]


def _count_parts(totals: Totals, width: int) -> list[Part]:
    found = counts(totals, width)
    if not found:
        return [(_NONE, "dim")]
    parts: list[Part] = []
    for n, word in found:
        parts += [(", ", "dim")] if parts else []
        parts.append((f"{n:,} {word}", _COUNT_ROLES.get(word, "plain")))
    return parts


def _joined(groups: Sequence[Sequence[Part]], between: Part) -> tuple[Part, ...]:
    parts: list[Part] = []
    for group in groups:
        parts += [between] if parts else []
        parts += group
    return tuple(parts)
