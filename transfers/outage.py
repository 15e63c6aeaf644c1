"""Which servers cannot be reached, since when, and who knocks there next. Pure: the clock and
randomness are passed in.

While an outage lasts, its endpoint rests for longer and longer, and then one job is let through to
knock. When that job gets anywhere, all the others go on (faults.md 5: one circuit an endpoint).
"""

from __future__ import annotations

from collections.abc import Callable

from providers.errors import Unreachable
from providers.records import dataclass, field
from transfers.messages import Ended
from transfers.model import Job, JobState, Op
from transfers.retry import delay

FREE_SECONDS = 3600.0  # of an outage, in which it costs no attempt: then even a dead server's
# queue comes to its end


@dataclass(frozen=True, slots=True)
class Missed:
    """A job met an endpoint that cannot be reached: it waits for `delay` seconds.

    `free`: the attempt is given back to it.
    """

    delay: float
    free: bool


@dataclass(slots=True)
class _Outage:
    since: float | None = None  # monotonic; None: from the next miss on
    count: int = 0  # how often it was missed in a row, as far as that lengthens the rest
    until: float | None = None  # it rests until then; None: one job may knock
    knocker: int | None = None  # the job that was let through
    waiting: set[int] = field(default_factory=set)  # jobs that met the outage


class Outages:
    """Used by the coordinator's thread only. Times in seconds on the monotonic clock."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._outages: dict[str, _Outage] = {}
        self._released: set[int] = set()

    def __contains__(self, endpoint: object) -> bool:
        return endpoint in self._outages

    def rests(self, endpoint: str) -> bool:
        """Whether no job may start there, as of the last `open_due`."""
        outage = self._outages.get(endpoint)
        return outage is not None and (outage.until is not None or outage.knocker is not None)

    def open_due(self, now: float) -> None:
        """Let one job through wherever the rest is over."""
        for outage in self._outages.values():
            if outage.until is not None and outage.until <= now:
                outage.until = None

    def next_open(self) -> float | None:
        """When `open_due` has something to do."""
        return min((o.until for o in self._outages.values() if o.until is not None), default=None)

    def started(self, job: Job) -> None:
        """`job` runs: where there is an outage, it is the one that knocks."""
        for endpoint in _concerned(job):
            if (outage := self._outages.get(endpoint)) is not None:
                outage.knocker = job.id
                outage.waiting.discard(job.id)

    def got_through(self, job: Job) -> None:
        """Both ends of `job` were there for it.

        One that had its connections before the outage proves only that the server lives: it may
        just take no more of them, and that is waited for as long as it takes.
        """
        for endpoint in _concerned(job):
            outage = self._outages.get(endpoint)
            if outage is not None and outage.knocker == job.id:
                self._released |= self._outages.pop(endpoint).waiting
            elif outage is not None:
                outage.since = None

    def ended(self, ended: Ended, now: float) -> Missed | None:
        """A run is over; None: it did not meet an outage."""
        missed = None
        if ended.stop is None and isinstance(ended.error, Unreachable):
            missed = self._missed(ended.error.endpoint, ended.job.id, now)
        elif ended.stop is None and ended.job.state is not JobState.CANCELLED:
            self.got_through(ended.job)
        for outage in self._outages.values():
            if outage.knocker == ended.job.id:  # it did not get to ask
                outage.knocker = None
        return missed

    def _missed(self, endpoint: str, job: int, now: float) -> Missed:
        outage = self._outages.setdefault(endpoint, _Outage())
        if outage.since is None:
            outage.since = now
        if outage.until is None and outage.knocker in (None, job):
            outage.count += 1
            outage.until = now + delay(outage.count, self._random)
        outage.waiting.add(job)
        until = now + delay(1, self._random) if outage.until is None else outage.until
        return Missed(max(0.0, until - now), free=now - outage.since < FREE_SECONDS)

    def wake(self, job: Job) -> None:
        """A person asked for `job` again: one knocks at once, and the back-off begins anew."""
        for endpoint in _concerned(job):
            if (outage := self._outages.get(endpoint)) is not None:
                outage.since, outage.count, outage.until = None, 0, None

    def take_released(self) -> set[int]:
        """The jobs that waited for an outage which is over since this was last asked."""
        released, self._released = self._released, set()
        return released


def _concerned(job: Job) -> tuple[str, ...]:
    """The endpoints that a run of `job` asks something of."""
    if job.op is Op.MAKE_DIR:
        return (job.target.endpoint,)
    if job.op is Op.REMOVE_DIR:
        return (job.source.endpoint,)
    return (job.source.endpoint, job.target.endpoint)
