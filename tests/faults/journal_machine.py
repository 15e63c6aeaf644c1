"""Jobs changed at random, and the process killed at random: the journal is what was shown.

    python -m tests.faults.journal_machine --steps 10000 [--seed 7]

Drafts and the journal alone are run, with made-up workers that take jobs wherever their states may
lead. After each step a second journal, opened on a copy of the file, must say what was last
written. What commands must do is `queue_machine.py`'s.
"""

from __future__ import annotations

import argparse
import itertools
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.transfers.samples import new_job
from transfers.altered import altered
from transfers.book import Book
from transfers.changes import Part
from transfers.commands import carry_out
from transfers.draft import Draft
from transfers.journal import Changes, Journal, JournalError
from transfers.model import (
    LEGAL,
    RUNNING,
    Cancel,
    Clear,
    Command,
    Enqueue,
    Job,
    JobState,
    Move,
    NewJob,
    Op,
    Pause,
    Policy,
    Resolve,
    Resume,
    Retry,
    SetPriority,
)
from transfers.recover import recovered

STEPS_A_RUN = 50
_MOST_JOBS = 40

_picks = st.none() | st.lists(st.integers(0, _MOST_JOBS), min_size=1, max_size=4)
_names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8)
_names |= st.sampled_from(["\udcff", "a\n\x1b[31m", "é"])  # bytes that are no text; control codes
_new_jobs = st.builds(
    lambda name, op, size: new_job(name, op=op, size=size, note="left out" * (op is Op.NOTE)),
    _names,
    st.sampled_from(Op),
    st.none() | st.integers(0, 1 << 62),
)


_pick = st.integers(0, _MOST_JOBS)
_moves = st.tuples(_pick, st.integers(0, 60))
_RUN = {
    JobState.QUEUED: JobState.PREPARING,
    JobState.PREPARING: JobState.TRANSFERRING,
    JobState.TRANSFERRING: JobState.VERIFYING,
    JobState.VERIFYING: JobState.COMMITTING,
    JobState.COMMITTING: JobState.DONE,
}
_TO_TRANSFERRING = {
    JobState.QUEUED: JobState.PREPARING,
    JobState.PREPARING: JobState.TRANSFERRING,
    JobState.VERIFYING: JobState.TRANSFERRING,
}


class _Killed(Exception):
    """The process is gone in the middle of a transaction."""


class JournalMachine(RuleBasedStateMachine):
    """`written`: every job that was accepted and not removed by the person, as last journaled."""

    done: ClassVar[Counter[str]] = Counter()

    @initialize(jobs=st.lists(_new_jobs, min_size=6, max_size=12))
    def begin(self, jobs: list[NewJob]) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.clock = itertools.count(1000)
        self.keys = (f"{n:08x}" for n in itertools.count(1))
        self.written: dict[int, Job] = {}
        self.accepted = 0
        self.removed = 0
        # Queued again by a restart: that is journaled with the job's next change, not as one.
        self.taken_back: set[int] = set()
        self.journal = Journal(self.folder / "queue.db")
        self.book = Book()
        self._command(Enqueue(tuple(jobs)))

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.folder)

    # What a person does --------------------------------------------------------------------

    @rule(jobs=st.lists(_new_jobs, min_size=1, max_size=5), policy=st.sampled_from(Policy))
    def enqueue(self, jobs: list[NewJob], policy: Policy) -> None:
        if len(self.written) + len(jobs) <= _MOST_JOBS:
            self._command(Enqueue(tuple(jobs), policy))

    @rule(picks=_picks, kind=st.sampled_from([Pause, Resume, Cancel, Retry, Clear]))
    def steer(self, picks: list[int] | None, kind: type) -> None:
        self._command(kind(self._numbers(picks)))

    @rule(picks=_picks, priority=st.integers(-3, 3))
    def prioritise(self, picks: list[int] | None, priority: int) -> None:
        self._command(SetPriority(self._numbers(picks), priority))

    @rule(
        picks=_picks.filter(bool), by=st.integers(-4, 4), to=st.sampled_from(["", "top", "bottom"])
    )
    def move(self, picks: list[int], by: int, to: str) -> None:
        self._command(Move(self._numbers(picks) or (), by, to))

    @rule(pick=_pick, policy=st.sampled_from(Policy), all_=st.booleans())
    def answer(self, pick: int, policy: Policy, all_: bool) -> None:
        for number in self._numbers([pick]) or ():
            self._command(Resolve(number, policy, all_))

    @rule(first=_picks, then=_picks)
    def two_commands_in_one_cycle(self, first: list[int] | None, then: list[int] | None) -> None:
        self._command(Pause(self._numbers(first)), Retry(self._numbers(then)), Clear(None))

    # What workers do -----------------------------------------------------------------------

    @rule(moves=st.lists(_moves, min_size=1, max_size=8))
    def work(self, moves: list[tuple[int, int]]) -> None:
        """Jobs go on as a run does, or to any other state that may follow their own."""
        for pick, choice in moves:
            job = self._pick(pick, RUNNING | {JobState.QUEUED})
            if job is None:
                return
            legal = sorted(LEGAL[job.state] - {job.state})
            onward = _RUN[job.state]
            after = onward if choice % 3 else legal[choice % len(legal)]
            draft = self._draft()
            draft.save(altered(job, state=after, reason="because", begun=True))
            self._write(draft)

    @rule(pick=_pick, count=st.integers(1, 3), anew=st.booleans())
    def store_parts(self, pick: int, count: int, anew: bool) -> None:
        """A job is brought to where it transfers, and its worker stores parts one after another."""
        job = self._pick(pick, _TO_TRANSFERRING.keys() | {JobState.TRANSFERRING})
        while job is not None and job.state is not JobState.TRANSFERRING:
            draft = self._draft()
            job = draft.save(altered(job, state=_TO_TRANSFERRING[job.state]))
            self._write(draft)
        for number in range(count if job is not None else 0):
            assert job is not None
            draft = self._draft()
            fresh = job.upload is None or (anew and number == 0)
            upload = f"token {next(self.clock)}" if fresh else job.upload
            sent = 10 if fresh else job.sent + 10
            job = draft.save(altered(job, upload=upload, sent=sent, prefix="ab", begun=True))
            draft.changes.parts.append(Part(job.id, sent // 10, sent - 10, 10, upload or ""))
            self._write(draft)

    # What the world does --------------------------------------------------------------------

    @rule(picks=_picks, writing=st.booleans())
    def kill_and_restart(self, picks: list[int] | None, writing: bool) -> None:
        """No farewell: the file is as it is, also with a transaction half written into it."""
        if writing:
            self._die_in_a_write(picks)
        self._restart()

    def _die_in_a_write(self, picks: list[int] | None) -> None:
        """Put the file, and its rollback file, as they are in the middle in place of the real."""
        draft = self._draft()
        carry_out(Enqueue((new_job("late"),)), draft, lambda: next(self.keys))
        carry_out(Pause(self._numbers(picks)), draft, lambda: next(self.keys))
        snapshot = Path(tempfile.mkdtemp())

        def stop(changes: Changes) -> None:
            for path in self.folder.glob("queue.db*"):
                shutil.copy(path, snapshot)
            raise _Killed

        self.journal._db.execute("PRAGMA cache_size = 1")  # pages go to the file at once
        self.journal._writer._remove = stop  # type: ignore[method-assign]
        with suppress(_Killed):
            self.journal.write(draft.changes)
        shutil.rmtree(self.folder)
        self.folder = snapshot

    @rule(jobs=st.lists(_new_jobs, min_size=1, max_size=3))
    def fill_the_disk(self, jobs: list[NewJob]) -> None:
        """The write fails, as a whole; nothing was accepted."""
        db = self.journal._db
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
        draft = self._draft()
        carry_out(Enqueue(tuple(jobs)), draft, lambda: next(self.keys))
        saved = draft.changes.saved
        too_long = {number: altered(job, reason="x" * 500_000) for number, job in saved.items()}
        with pytest.raises(JournalError, match="Free some space"):
            self.journal.write(Changes(too_long))
        db.execute("PRAGMA max_page_count = 1000000")

    # What was written ------------------------------------------------------------------------

    @invariant()
    def journal_is_what_was_written(self) -> None:
        self.done["steps"] += 1
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "queue.db"
            shutil.copy(self.folder / "queue.db", copy)
            journal = Journal(copy)
            found = journal.load()
            last = [journal.history(job.id)[-1].after for job in found]
            parts = {job.id: sum(p.length for p in journal.parts(job.id)) for job in found}
            notice = journal.notice
            journal.close()
        assert notice == ""
        assert {job.id: job for job in found} == self.written
        assert self.accepted == len(found) + self.removed
        for job, state in zip(found, last, strict=True):
            assert job.state is state or job.id in self.taken_back
        assert parts == {job.id: job.sent for job in found}
        assert [recovered(job) for job in found] == [recovered(job) for job in self.book]

    def _command(self, *commands: Command) -> None:
        draft = self._draft()
        for command in commands:
            carry_out(command, draft, lambda: next(self.keys))
        self._write(draft)

    def _draft(self) -> Draft:
        return Draft(self.book, float(next(self.clock)))

    def _write(self, draft: Draft) -> None:
        """Journal, then show: as the coordinator does."""
        changes = draft.changes
        new = set(changes.saved) - set(self.written)
        gone = changes.removed & set(self.written)
        assert all(self.written[n].finished for n in gone), "removed before it was finished"
        if changes:
            self.journal.write(changes)
        self.book.apply(changes)
        for line in changes.events:
            self.taken_back -= set(range(line.job, max(line.job, line.last) + 1))
        self.written |= changes.saved
        for number in gone:
            del self.written[number]
        self.accepted += len(new)
        self.removed += len(gone)
        self.done["changed jobs"] += len(changes.saved)
        self.done["stored parts"] += len(changes.parts)

    def _restart(self) -> None:
        """Go on with a copy of what is in the folder now; closing the old one comes too late."""
        self.done["kills"] += 1
        copy = Path(tempfile.mkdtemp())
        for path in self.folder.glob("queue.db*"):
            shutil.copy(path, copy)
        self.journal.close()
        shutil.rmtree(self.folder)
        self.folder = copy
        self.journal = Journal(copy / "queue.db")
        jobs = self.journal.load()
        self.book = Book(map(recovered, jobs))
        self.taken_back |= {job.id for job in jobs if recovered(job).state is not job.state}

    def _numbers(self, picks: list[int] | None) -> tuple[int, ...] | None:
        if picks is None or not self.written:
            return None if picks is None else ()
        numbers = sorted(self.written)
        return tuple(numbers[pick % len(numbers)] for pick in picks)

    def _pick(self, pick: int, states: Collection[JobState]) -> Job | None:
        jobs = [job for job in self.book if job.state in states]
        return jobs[pick % len(jobs)] if jobs else None


def run(steps: int, first_seed: int) -> Counter[str]:
    """At least so many steps, in runs of `STEPS_A_RUN`; what was done."""
    JournalMachine.done.clear()
    for number in itertools.count(first_seed):
        left = steps - JournalMachine.done["steps"]
        if left <= 0:
            return JournalMachine.done
        options = settings(
            max_examples=min(100, left // STEPS_A_RUN + 1),
            stateful_step_count=STEPS_A_RUN,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # a failure is told as it came: shrinking takes minutes
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(seed(number)(JournalMachine), settings=options)
    raise AssertionError


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    sys.stdout.write(f"seed {options.seed}\n")
    done = run(options.steps, options.seed)
    figures = ", ".join(f"{n} {what}" for what, n in done.items())
    sys.stdout.write(f"{figures}: the journal is what was written; seed {options.seed}\n")


if __name__ == "__main__":
    main()
