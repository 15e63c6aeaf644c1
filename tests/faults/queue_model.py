"""What each command must do to each job, and each event: written down a second time, from what the
commands promise (`transfers/model.py`), and not from how the queue does it.

Every job has places of its own and as many may run as there are, so that what is queued runs at
once, and stands still in its second part until something is made to happen to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from transfers.model import NewJob, Op, Policy


class Is(StrEnum):
    """What a job is, as a person tells it; a parked one by what it waits for."""

    QUEUED = "queued"
    RUNNING = "running"
    CLEANING = "cancelled, and what it left is still to be removed"
    PAUSED = "paused"
    WAITING = "waiting"
    CONFLICT = "parked: conflict"
    ASKING = "parked: sign-in"
    FULL = "parked: no space"
    POISON = "parked: the queue's process died of it again and again"
    DONE = "done"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    FAILED = "failed"


ASKS_AGAIN = frozenset({Is.CONFLICT, Is.ASKING, Is.FULL, Is.WAITING})  # of another process
_DEADLY = 3  # deaths of the process
ENDED = frozenset({Is.DONE, Is.SKIPPED, Is.CANCELLED, Is.FAILED})


class Happens(StrEnum):
    """What is made to happen to a job that runs."""

    NOTHING = "one more part is stored"
    DONE = "all is stored"
    LOST = "the connection is lost"
    DENIED = "the destination refuses it"
    ASKED = "the destination wants a sign-in"
    FULL = "the destination is full"


_OUTCOMES = {
    Happens.NOTHING: Is.RUNNING,
    Happens.DONE: Is.DONE,
    Happens.LOST: Is.WAITING,
    Happens.DENIED: Is.FAILED,
    Happens.ASKED: Is.ASKING,
    Happens.FULL: Is.FULL,
}


@dataclass(slots=True)
class Expected:
    """A job. `stood`: a file was at its destination; `renamed`: so it goes to another name.

    `left`: bytes of it lie there unfinished; `begun`: they may. `pausing`, `cancelling`: it runs,
    and was told. `deaths`: how often the queue's process died while it ran, nothing stored since.
    """

    number: int
    batch: int
    new: NewJob
    policy: Policy
    stood: bool
    state: Is = Is.QUEUED
    priority: int = 0
    left: bool = False
    pausing: bool = False
    cancelling: bool = False
    renamed: bool = False
    begun: bool = False
    deaths: int = 0

    @property
    def name(self) -> str:
        return self.new.target.path.rpartition("/")[2]

    @property
    def target(self) -> str:
        return f"{self.new.target.path} (2)" if self.renamed else self.new.target.path

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(slots=True)
class QueueModel:
    """`order` are the jobs' numbers as they are shown. `orphans`: names of copies that a job which
    is gone could not clean up, and said so."""

    jobs: dict[int, Expected] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    held: bool = False
    accepted: int = 0
    removed: int = 0
    orphans: set[str] = field(default_factory=set)

    # What a person does --------------------------------------------------------------------------

    def enqueue(self, new: Sequence[NewJob], policy: Policy, there: set[str]) -> None:
        """`there`: the destinations at which a file stands."""
        batch = self.accepted + 1
        for job in new:
            self.accepted += 1
            state = Is.QUEUED
            if job.op is Op.NOTE:
                state = Is.FAILED if job.failed else Is.SKIPPED
            stood = job.target.path in there
            self.jobs[self.accepted] = Expected(self.accepted, batch, job, policy, stood, state)
            self.order.append(self.accepted)

    def pause(self, numbers: Iterable[int] | None) -> None:
        """Not what waits for a person, nor what was cancelled."""
        for job in self._chosen(numbers):
            if job.state is Is.RUNNING:
                job.pausing = job.pausing or not job.cancelling
            elif job.state in (Is.QUEUED, Is.WAITING):
                job.state = Is.PAUSED

    def resume(self, numbers: Iterable[int] | None) -> None:
        """What was paused, and what is parked but for a conflict; what waits, if it is named."""
        again = {Is.PAUSED, Is.ASKING, Is.FULL, Is.POISON}
        if numbers is not None:
            again.add(Is.WAITING)
        for job in self._chosen(numbers):
            job.pausing = False
            if job.state in again:
                self._again(job)

    def cancel(self, numbers: Iterable[int] | None) -> None:
        for job in self._chosen(numbers):
            if job.state is Is.RUNNING:
                job.cancelling, job.pausing = True, False
            elif not job.ended and job.state is not Is.CLEANING:
                out_of_reach = job.state is Is.ASKING
                job.state = Is.CLEANING if job.begun and not out_of_reach else Is.CANCELLED

    def retry(self, numbers: Iterable[int] | None) -> None:
        """All that failed; of those that are named, also what was cancelled, waits or is parked."""
        again = {Is.FAILED}
        if numbers is not None:
            again |= {Is.CANCELLED, Is.POISON, *ASKS_AGAIN}
        for job in self._chosen(numbers):
            if job.state in again and job.new.op is not Op.NOTE:
                job.deaths = 0
                self._again(job)

    def _again(self, job: Expected) -> None:
        """What it was parked for was no fault of its own."""
        if job.state is Is.POISON:
            job.deaths = 0
        job.state = Is.QUEUED

    def clear(self, numbers: Iterable[int] | None) -> None:
        for job in [job for job in self._chosen(numbers) if job.ended]:
            del self.jobs[job.number]
            self.order.remove(job.number)
            self.removed += 1
            self.orphans |= {job.name} if job.left else set()

    def prioritise(self, numbers: Iterable[int] | None, priority: int) -> None:
        for job in self._chosen(numbers):
            if not job.ended:
                job.priority = priority

    def move(self, numbers: Iterable[int], by: int, to: str) -> None:
        """Those chosen keep their order, and stop at the ends and behind one another."""
        chosen = [number for number in self.order if number in set(numbers)]
        if to:
            rest = [number for number in self.order if number not in chosen]
            self.order = chosen + rest if to == "top" else rest + chosen
            return
        self._shift(chosen if by < 0 else chosen[::-1], by)

    def _shift(self, chosen: list[int], by: int) -> None:
        """The foremost in the direction of the move comes first."""
        for done, number in enumerate(chosen):
            at = self.order.index(number)
            self.order.remove(number)
            last = len(self.order)
            wanted = max(at + by, done) if by < 0 else min(at + by, last - done)
            self.order.insert(wanted, number)

    def resolve(self, number: int, policy: Policy, whole_batch: bool) -> None:
        """For all: the others of its batch that are still to be asked about."""
        answered = self.jobs[number]
        for job in self.jobs.values():
            asked = job.batch == answered.batch and job.policy is Policy.ASK
            if job.ended or not (job is answered or (whole_batch and asked)):
                continue
            job.policy = policy
            if job.state is Is.CONFLICT:
                job.state = Is.QUEUED

    def hold(self, on: bool) -> None:
        """Nothing more is started, also by the next process; what runs goes on."""
        self.held = on

    def unpark(self, endpoint: str) -> None:
        for job in self.jobs.values():
            if job.state is Is.ASKING and job.new.target.endpoint == endpoint:
                job.state = Is.QUEUED

    # What the world does -------------------------------------------------------------------------

    def happens(self, number: int, what: Happens) -> None:
        """To a job that runs. One that was told to stop does so, whatever else happens."""
        job = self.jobs[number]
        if job.cancelling:
            job.state = Is.CANCELLED
        elif job.pausing:
            job.state = Is.PAUSED
        else:
            job.state = _OUTCOMES[what]
        if job.ended:
            job.left = job.begun = False
        job.cancelling = job.pausing = False

    def killed(self, *, starting: bool = False) -> None:
        """The queue's process is gone, and there is another: what was asked for still holds.

        `starting`: whatever may run had just been told to.
        """
        started = self._may_start() if starting else []
        for job in self.jobs.values():
            if job.state is Is.RUNNING or job in started:
                job.deaths += 1
                job.begun = job.begun or job.new.op is not Op.MAKE_DIR
            if job.state is Is.RUNNING:
                resting = Is.PAUSED if job.pausing else Is.QUEUED
                job.state = Is.CLEANING if job.cancelling else resting
            elif job.state in ASKS_AGAIN:
                job.state = Is.QUEUED
            if job.deaths >= _DEADLY:
                job.state = Is.POISON
            job.pausing = job.cancelling = False

    def _may_start(self) -> list[Expected]:
        """What would be started at this moment; whoever is suspect, alone."""
        started: list[Expected] = []
        for job in self._due():
            others = bool(started) or self._anything_runs()
            if (job.deaths and others) or any(other.deaths for other in started):
                break
            started.append(job)
        return started

    def runs(self) -> None:
        """Whatever may run does, in its turn, as far as it goes by itself. A suspect runs alone,
        and nobody passes it."""
        for job in self._due():
            if job.deaths and self._anything_runs():
                return
            job.deaths = 0
            if job.state is Is.CLEANING:
                job.state, job.left, job.begun = Is.CANCELLED, False, False
            else:
                self._run(job)

    def _due(self) -> list[Expected]:
        """In their turns. While the queue is held, what a cancelled job left is removed."""
        turns = {number: turn for turn, number in enumerate(self.order)}
        states = {Is.CLEANING} if self.held else {Is.CLEANING, Is.QUEUED}
        due = [job for job in self.jobs.values() if job.state in states]
        return sorted(due, key=lambda job: (-job.priority, turns[job.number]))

    def _anything_runs(self) -> bool:
        return any(job.state is Is.RUNNING for job in self.jobs.values())

    def _run(self, job: Expected) -> None:
        in_the_way = job.stood and not job.renamed
        if job.new.op is Op.MAKE_DIR:
            job.state = Is.DONE
        elif in_the_way and job.policy is Policy.ASK:
            job.state = Is.CONFLICT
        elif in_the_way and job.policy is Policy.SKIP:
            job.state, job.left, job.begun = Is.SKIPPED, False, False
        else:
            job.renamed = job.renamed or (in_the_way and job.policy is Policy.RENAME)
            job.state, job.left, job.begun = Is.RUNNING, True, True

    def _chosen(self, numbers: Iterable[int] | None) -> list[Expected]:
        if numbers is None:
            return list(self.jobs.values())
        return [self.jobs[number] for number in dict.fromkeys(numbers)]
