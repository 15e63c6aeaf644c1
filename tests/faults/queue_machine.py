"""A queue told at random what to do, killed at random: it does what a model says (faults.md G3).

    python -m tests.faults.queue_machine --steps 10000 [--seed 7]

A whole queue is run, its coordinator and its workers, on places in memory where every copy stands
still until something is made to happen to it. After each step the queue must come to be as
`queue_model.py` says, which knows the commands and not how they are carried out; its journal must
say the same, and what lies at the places must fit.
"""

from __future__ import annotations

import argparse
import itertools
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from providers.base import Place
from tests.faults.gated_places import OLD, SOURCES, TARGETS, Life, World, content
from tests.faults.mortal_journal import Dying, MortalJournal
from tests.faults.queue_model import Expected, Happens, Is, QueueModel
from transfers import engine as engines
from transfers.engine import JOURNAL_NAME, Engine
from transfers.journal import Journal
from transfers.model import (
    RUNNING,
    Cancel,
    Clear,
    Command,
    Enqueue,
    Hold,
    Job,
    JobState,
    Move,
    NewJob,
    Op,
    ParkReason,
    Pause,
    Policy,
    Resolve,
    Resume,
    Retry,
    SetPriority,
    Unpark,
)
from transfers.recover import recovered

STEPS_A_RUN = 50
_MOST_JOBS = 40
_SECONDS = 30.0  # only reached when something is not as the model says
_MEMORY = Path("/dev/shm")  # a disk in memory: many times faster, and a kill loses no more there
_NEVER = 1e6  # times the usual delay: what waits does not go on by itself
_STATES = {
    Is.QUEUED: JobState.QUEUED,
    Is.CLEANING: JobState.QUEUED,
    Is.PAUSED: JobState.PAUSED,
    Is.WAITING: JobState.WAITING,
    Is.CONFLICT: JobState.PARKED,
    Is.ASKING: JobState.PARKED,
    Is.FULL: JobState.PARKED,
    Is.POISON: JobState.PARKED,
    Is.DONE: JobState.DONE,
    Is.SKIPPED: JobState.SKIPPED,
    Is.CANCELLED: JobState.CANCELLED,
    Is.FAILED: JobState.FAILED,
}
_PARKED_FOR = {
    Is.CONFLICT: ParkReason.CONFLICT,
    Is.ASKING: ParkReason.SIGN_IN,
    Is.FULL: ParkReason.SPACE,
    Is.POISON: ParkReason.OTHER,
}

_pick = st.integers(0, _MOST_JOBS)
_some = st.lists(_pick, min_size=1, max_size=4)
_picks = st.one_of(_some, _some, _some, st.none())
_kinds = st.sampled_from([Op.COPY, Op.COPY, Op.MOVE, Op.MOVE, Op.MAKE_DIR, Op.NOTE])
_jobs = st.tuples(_kinds, st.booleans())
_plans = st.lists(_jobs, min_size=1, max_size=5)
_happens = st.sampled_from(Happens)
_dying = st.sampled_from(Dying) | st.none()
_steering = st.sampled_from([Pause, Resume, Cancel, Retry, Clear])
_deadly = _steering | st.sampled_from([Enqueue, Hold])


class QueueMachine(RuleBasedStateMachine):
    done: ClassVar[Counter[str]] = Counter()

    @initialize(plan=st.lists(_jobs, min_size=8, max_size=14))
    def begin(self, plan: list[tuple[Op, bool]]) -> None:
        self.names = itertools.count(1)
        self.world = World()
        self.model = QueueModel()
        self._start(Path(tempfile.mkdtemp()))
        self.enqueue(plan, Policy.ASK)

    def teardown(self) -> None:
        self.life.kill()
        self.engine.close()
        shutil.rmtree(self.folder)

    # What a person does --------------------------------------------------------------------------

    @rule(plan=_plans, policy=st.sampled_from(Policy))
    def enqueue(self, plan: list[tuple[Op, bool]], policy: Policy) -> None:
        if len(self.model.jobs) + len(plan) <= _MOST_JOBS:
            self._do(*self._planned(plan, policy))

    @rule(picks=_picks, kind=_steering)
    def steer(self, picks: list[int] | None, kind: type) -> None:
        self._do(*self._steered(kind, self._numbers(picks)))

    @rule(kind=_steering)
    def steer_all(self, kind: type) -> None:
        self._do(*self._steered(kind, None))

    @rule(pick=_pick, kinds=st.lists(_steering, min_size=1, max_size=2), what=_happens)
    def steer_one_that_runs(self, pick: int, kinds: list[type], what: Happens) -> None:
        """Then something happens to it, if it runs still."""
        if (job := self._running(pick)) is not None:
            for kind in kinds:
                self._do(*self._steered(kind, (job.number,)))
            self._let(job, what)

    @rule(picks=_picks, priority=st.integers(-3, 3))
    def prioritise(self, picks: list[int] | None, priority: int) -> None:
        numbers = self._numbers(picks)
        self._do(SetPriority(numbers, priority), lambda: self.model.prioritise(numbers, priority))

    @rule(picks=_picks, by=st.integers(-4, 4), to=st.sampled_from(["", "top", "bottom"]))
    def move(self, picks: list[int] | None, by: int, to: str) -> None:
        numbers = self._numbers(picks or []) or ()
        self._do(Move(numbers, by, to), lambda: self.model.move(numbers, by, to))

    @rule(pick=_pick, policy=st.sampled_from(Policy), whole_batch=st.booleans())
    def answer(self, pick: int, policy: Policy, whole_batch: bool) -> None:
        for number in self._numbers([pick]) or ():
            command = Resolve(number, policy, whole_batch)
            self._do(command, lambda n=number: self.model.resolve(n, policy, whole_batch))

    @rule(pick=_pick)
    def sign_in(self, pick: int) -> None:
        for number in self._numbers([pick]) or ():
            endpoint = self.model.jobs[number].new.target.endpoint
            self._do(Unpark(endpoint), lambda e=endpoint: self.model.unpark(e))

    @rule(on=st.sampled_from([True, False, False]))
    def hold(self, on: bool) -> None:
        self._do(*self._holding(on))

    # What happens --------------------------------------------------------------------------------

    @rule(happenings=st.lists(st.tuples(_happens, _pick), min_size=2, max_size=8))
    def happen(self, happenings: list[tuple[Happens, int]]) -> None:
        for what, pick in happenings:
            if (job := self._running(pick)) is not None:
                self._let(job, what)

    def _let(self, job: Expected, what: Happens) -> None:
        if job.state is Is.RUNNING:
            self.model.happens(job.number, what)
            self.life.let(job.name, what)
            self.done[f"times {what}"] += 1
            self._settle()

    def _running(self, pick: int) -> Expected | None:
        running = [job for job in self.model.jobs.values() if job.state is Is.RUNNING]
        return running[pick % len(running)] if running else None

    @rule(picks=_picks, kind=_deadly, plan=_plans, manner=_dying)
    def kill(
        self, picks: list[int] | None, kind: type, plan: list[tuple[Op, bool]], manner: Dying | None
    ) -> None:
        """As it writes what a command does; without a manner, while all stands still. No farewell:
        the journal is as it is."""
        if manner is None:
            copy = Path(tempfile.mkdtemp())
            for path in self.folder.glob(f"{JOURNAL_NAME}*"):
                shutil.copy(path, copy)
            self._live_on_in(copy)
        elif kind is Hold:
            self._die_of(*self._holding(not self.model.held), manner)
        elif kind is not Enqueue:
            self._die_of(*self._steered(kind, self._numbers(picks)), manner)
        elif len(self.model.jobs) + len(plan) <= _MOST_JOBS:
            self._die_of(*self._planned(plan, Policy.OVERWRITE), manner)

    def _die_of(self, command: Command, expected: Callable[[], object], manner: Dying) -> None:
        """A command that changes nothing is not written, and nobody dies of it."""
        MortalJournal.dies = manner
        try:
            self.engine.send(command)
        except RuntimeError:
            if manner is Dying.AFTER:
                expected()
            self.done[f"times killed {manner}"] += 1
            self._live_on_in(MortalJournal.left, starting=manner is Dying.AFTER)
        else:
            expected()
            MortalJournal.dies = None
            self._settle()

    # The model -----------------------------------------------------------------------------------

    @invariant()
    def journal_and_world_fit(self) -> None:
        self.done["steps"] += 1
        rows = [row.job for row in self.engine.snapshot(0, 1000).rows]
        assert self._journaled() == [recovered(job) for job in rows]
        assert self.model.accepted == len(rows) + self.model.removed
        for job in self.model.jobs.values():
            self._look_at_places(job)
        lying = {job.name for job in self.model.jobs.values() if job.left} | self.model.orphans
        assert self.world.unfinished() == lying

    def _journaled(self) -> list[Job]:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(self.folder / JOURNAL_NAME, folder)
            journal = Journal(Path(folder) / JOURNAL_NAME)
            jobs, notice = journal.load(), journal.notice
            journal.close()
        assert notice == ""
        return sorted((recovered(job) for job in jobs), key=lambda job: job.seq)

    def _look_at_places(self, job: Expected) -> None:
        if job.new.op is Op.MAKE_DIR:
            assert (job.target in self.world.store.nodes) == (job.state is Is.DONE)
        if job.new.op not in (Op.COPY, Op.MOVE):
            return
        done, new = job.state is Is.DONE, content(job.name)
        gone = done and job.new.op is Op.MOVE
        assert self.world.get(job.new.source.path) == (None if gone else new), job
        before = OLD if job.stood else None
        there = new if done and not job.renamed else before
        assert self.world.get(job.new.target.path) == there, job
        if job.renamed:
            assert self.world.get(job.target) == (new if done else None), job

    def _do(self, command: Command, expected: Callable[[], object]) -> None:
        self.engine.send(command)
        expected()
        self.done["commands"] += 1
        self._settle()

    def _settle(self) -> None:
        """Wait until the queue is as the model says."""
        self.model.runs()
        with self.world.changed:
            as_expected = self.world.changed.wait_for(lambda: not self._differences(), _SECONDS)
            assert as_expected, "\n".join(self._differences())

    def _differences(self) -> list[str]:
        queue = self.engine.snapshot(0, 1000)
        rows = [row.job for row in queue.rows]
        if queue.held is not self.model.held:
            return [f"it is {queue.held} that the queue is held"]
        if [job.id for job in rows] != self.model.order:
            return [f"the order is {[job.id for job in rows]} instead of {self.model.order}"]
        return [
            f"job {job.id} is {job}, expected {self.model.jobs[job.id]}"
            for job in rows
            if not self._fits(job, self.model.jobs[job.id])
        ]

    def _fits(self, job: Job, expected: Expected) -> bool:
        asked = (expected.new.op, expected.new.source.path, expected.target, expected.policy)
        if (job.op, job.source.path, job.target.path, job.policy) != asked:
            return False
        told = (job.priority, job.pausing, job.cancelling)
        if expected.state is Is.RUNNING:
            still = job.state in RUNNING and self.life.still(expected.name)
            return still and told == (expected.priority, expected.pausing, expected.cancelling)
        cleaning = expected.state is Is.CLEANING
        return (
            job.state is _STATES[expected.state]
            and job.park is _PARKED_FOR.get(expected.state)
            and told == (expected.priority, False, cleaning)
        )

    # The queue's process -------------------------------------------------------------------------

    def _start(self, folder: Path) -> None:
        self.folder = folder
        self.life = Life(self.world)
        self.engine = Engine(folder, self.life.open, workers=_MOST_JOBS, random=lambda: _NEVER)
        self.engine.listen(lambda changes: self._heard())

    def _heard(self) -> None:
        with self.world.changed:
            self.world.changed.notify_all()

    def _live_on_in(self, folder: Path, *, starting: bool = False) -> None:
        """Another process goes on with the journal in `folder`; the one before is gone."""
        self.done["kills"] += 1
        self.life.kill()
        self.engine.close()
        shutil.rmtree(self.folder)
        self.model.killed(starting=starting)
        self._start(folder)
        self._settle()

    # Drawing -------------------------------------------------------------------------------------

    def _planned(
        self, plan: list[tuple[Op, bool]], policy: Policy
    ) -> tuple[Enqueue, Callable[[], None]]:
        new, there = [], set[str]()
        for op, stands in plan:
            name = f"j{next(self.names)}"
            source = Place(f"memory://from-{name}", f"{SOURCES}/{name}")
            target = Place(f"memory://to-{name}", f"{TARGETS}/{name}")
            if op in (Op.COPY, Op.MOVE):
                self.world.add(name, there=stands)
                there |= {target.path} if stands else set()
            new.append(NewJob(op, source, target, failed=op is Op.NOTE and stands))
        return Enqueue(tuple(new), policy), lambda: self.model.enqueue(new, policy, there)

    def _holding(self, on: bool) -> tuple[Hold, Callable[[], None]]:
        return Hold(on), lambda: self.model.hold(on)

    def _steered(
        self, kind: type, numbers: tuple[int, ...] | None
    ) -> tuple[Command, Callable[[], None]]:
        expected = {
            Pause: self.model.pause,
            Resume: self.model.resume,
            Cancel: self.model.cancel,
            Retry: self.model.retry,
            Clear: self.model.clear,
        }
        return kind(numbers), lambda: expected[kind](numbers)

    def _numbers(self, picks: list[int] | None) -> tuple[int, ...] | None:
        if picks is None or not self.model.jobs:
            return None if picks is None else ()
        numbers = sorted(self.model.jobs)
        return tuple(numbers[pick % len(numbers)] for pick in picks)


def run(steps: int, first_seed: int) -> Counter[str]:
    """At least so many steps, in runs of `STEPS_A_RUN`; what was done."""
    QueueMachine.done.clear()
    for number in itertools.count(first_seed):
        left = steps - QueueMachine.done["steps"]
        if left <= 0:
            return QueueMachine.done
        options = settings(
            max_examples=min(100, left // STEPS_A_RUN + 1),
            stateful_step_count=STEPS_A_RUN,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # a failure is told as it came: shrinking takes minutes
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(seed(number)(QueueMachine), settings=options)
    raise AssertionError


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.queue_machine")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    if _MEMORY.is_dir():
        tempfile.tempdir = str(_MEMORY)
    engines.Journal = MortalJournal  # type: ignore[misc]
    engines._ALIVE_SECONDS = 0.02  # of a coordinator that may have died
    sys.stdout.write(f"seed {options.seed}\n")
    done = run(options.steps, options.seed)
    figures = ", ".join(f"{count} {what}" for what, count in sorted(done.items()))
    sys.stdout.write(f"{figures}; seed {options.seed}\n")
    sys.stdout.write(f"{done['steps']} steps, {done['kills']} kills: as the model says\n")


if __name__ == "__main__":
    main()
