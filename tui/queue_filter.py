"""Which transfers the panel shows: all, or those in one kind of state. Pure."""

from __future__ import annotations

from enum import StrEnum

from transfers.model import RUNNING, JobState

_S = JobState


class Shown(StrEnum):
    """In the order in which a key goes through them."""

    ALL = "all"
    RUNNING = "running"
    WAITING = "waiting"
    PARKED = "parked"
    FAILED = "failed"
    DONE = "done"

    @property
    def states(self) -> tuple[JobState, ...]:
        """The states it stands for; none: every one."""
        return _STATES[self]

    @property
    def empty(self) -> str:
        """What is said where there is none; "" for the panel's own words."""
        return "" if self is Shown.ALL else f"No transfer is {self}. f and F show others."

    def after(self, by: int) -> Shown:
        """The one that is `by` places further on, round and round."""
        every = list(Shown)
        return every[(every.index(self) + by) % len(every)]


_STATES: dict[Shown, tuple[JobState, ...]] = {
    Shown.ALL: (),
    Shown.RUNNING: tuple(state for state in JobState if state in RUNNING),
    Shown.WAITING: (_S.QUEUED, _S.WAITING, _S.PAUSED),
    Shown.PARKED: (_S.PARKED,),
    Shown.FAILED: (_S.FAILED,),
    Shown.DONE: (_S.DONE, _S.SKIPPED, _S.CANCELLED),
}
