"""What one transaction of the journal writes."""

from __future__ import annotations

from collections.abc import Iterable

from providers.records import dataclass, field
from transfers.model import Job, JobState


@dataclass(slots=True)
class Event:
    """A line of the history of `job`, or of all from `job` to `last`. `at` in Unix seconds."""

    job: int
    at: float
    before: JobState | None
    after: JobState
    why: str
    last: int = 0  # 0: of `job` alone


@dataclass(frozen=True, slots=True)
class Part:
    """A stored part of a job's upload: where it lies in the file, and the place's receipt."""

    job: int
    number: int
    start: int  # bytes
    length: int  # bytes
    receipt: str


@dataclass(slots=True)
class Changes:
    """What one transaction writes. `forgotten`: jobs whose parts are no longer any."""

    saved: dict[int, Job] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    forgotten: set[int] = field(default_factory=set)  # carried out before `parts` are stored
    parts: list[Part] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    restated: set[int] = field(default_factory=set)  # of `saved`: known, only STATUS columns differ

    def __bool__(self) -> bool:
        return bool(self.saved or self.removed or self.settings or self.parts or self.forgotten)

    def note(self, job: int, at: float, before: JobState | None, after: JobState, why: str) -> None:
        """Add to the history. What befalls job after job is one line for all of them."""
        if self.events:
            line = self.events[-1]
            if (
                (line.last or line.job) + 1 == job
                and line.after is after
                and line.before is before
                and line.at == at
                and line.why == why
            ):
                line.last = job
                return
        self.events.append(Event(job, at, before, after, why))

    def note_all(self, jobs: Iterable[Job], at: float, before: JobState | None) -> None:
        """`note` for each of `jobs`, that they came from `before` to the state they have."""
        line: Event | None = None
        for job in jobs:
            if (
                line is not None
                and job.id == line.last + 1
                and job.state is line.after
                and job.reason == line.why
            ):
                line.last = job.id
                continue
            self.note(job.id, at, before, job.state, job.reason)
            line = self.events[-1]
            line.last = job.id
