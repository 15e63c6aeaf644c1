"""What befell one job, as the journal tells it: each state it went to, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from providers.records import dataclass
from transfers.model import JobState

if TYPE_CHECKING:
    from transfers.changes import Event, Part

MOST = 500  # steps: the journal keeps all, a person is told the latest


@dataclass(frozen=True, slots=True)
class Step:
    """`at` in Unix seconds; `why` for a person, one line, safe for a terminal."""

    at: float
    state: JobState
    why: str


@dataclass(frozen=True, slots=True)
class History:
    """`steps` oldest first, `left_out`: how many there were before them. `parts`: how many parts
    of an upload that is not finished its destination holds."""

    steps: tuple[Step, ...] = ()
    left_out: int = 0
    parts: int = 0


def history(events: Sequence[Event], parts: Sequence[Part]) -> History:
    """What `transfers.journal` knows of one job."""
    told = events[-MOST:]
    steps = tuple(Step(event.at, event.after, event.why) for event in told)
    return History(steps, len(events) - len(told), len(parts))
