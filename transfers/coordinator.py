"""The coordinator's cycle: take messages, decide, journal, show, start what can be started."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable

from providers.base import Provider
from providers.records import replace
from providers.text import printable
from transfers.book import Book, first_free_id
from transfers.collecting import without_collecting
from transfers.commands import carry_out
from transfers.control import Checkpoint, Stop
from transfers.dispatch import Dispatch
from transfers.draft import Draft, IllegalTransition
from transfers.ending import Ending, end_of, merged
from transfers.gate import Gate
from transfers.history import history
from transfers.journal import Journal, JournalError
from transfers.leftovers import doubt
from transfers.limit import Limiter
from transfers.limits import Limits
from transfers.messages import (
    Asked,
    Ended,
    Inbox,
    Message,
    Quit,
    Reported,
    RoomSeen,
    Sent,
    Widened,
    collect,
)
from transfers.model import (
    Cancel,
    Clear,
    Hold,
    Job,
    JobState,
    Resume,
    Retry,
    RunExisting,
    SetLimits,
    Unpark,
)
from transfers.outage import Missed, Outages
from transfers.pool import ProviderPool
from transfers.recover import checkpoint, has_parts, recovered
from transfers.rests import Rests
from transfers.retry import MORE_ATTEMPTS
from transfers.run import Run
from transfers.runs import Runs, Tuning
from transfers.schedule import Lane, Schedule, lane_of
from transfers.space import FullDisks, parked_for, try_again
from transfers.view import View
from transfers.watchdog import LOOK_SECONDS

_LOG = logging.getLogger("wharfie.queue")
_SAVE_AGAIN_SECONDS = 1.0
_QUIT_SECONDS = 1.5
_LONGEST_NAP = 3600.0  # a server's Retry-After may be longer than a system can wait at once


class Coordinator:
    """Owns all state. Lives in one thread; `inbox` is the only way in."""

    def __init__(
        self,
        journal: Journal,
        inbox: Inbox,
        view: View,
        open_provider: Callable[[str], Provider],
        tuning: Tuning,
        closing: threading.Event,
    ) -> None:
        self._journal = journal
        self._inbox = inbox
        self._view = view
        self._tuning = tuning
        self._closing = closing  # set before Quit is sent
        self._pool = ProviderPool(open_provider)
        self._limiter = Limiter(time.monotonic)
        self._outages = Outages(tuning.random)
        self._rests = Rests()
        self._gate = Gate(self._pool.connections, rests=self._is_asked_nothing)
        self._limits = Limits(self._limiter, self._gate)
        self._schedule = Schedule()
        self._book = Book()
        self._streams: dict[int, int] = {}  # connections of each run that has more than one
        self._checkpoints: dict[int, Checkpoint] = {}
        self._left_alone: set[int] = set()  # queued by an earlier run, and not to be worked yet
        self._furthest: dict[int, int] = {}  # bytes of each job that were stored at the best
        self._disks = FullDisks(self._pool.get, lambda disk, free: inbox.put(RoomSeen(disk, free)))
        self._runs = Runs(inbox, self._pool, self._limiter, self._disks.full, tuning)
        self._dispatcher = Dispatch(self._schedule, self._gate, self._outages, self._runs)
        self._quit_by: float | None = None

    @without_collecting()
    def load(self, run_existing: bool, held: bool | None) -> None:
        """Read the journal. What an earlier run left unfinished is queued again.

        `held`: whether anything is started; None: as a person left it.
        """
        jobs = [recovered(job) for job in self._journal.load()]
        self._book = Book(jobs, first_free_id(self._journal.settings()))
        for job in jobs:
            if job.sent and has_parts(job):
                kept = checkpoint(job, self._journal.parts(job.id))
                if kept is not None:
                    self._checkpoints[job.id] = kept
                    self._view.ended(job.id, kept.offset)
            self._schedule.note(None, job, known_only=not run_existing)
            if job.state is JobState.QUEUED and not run_existing:
                self._left_alone.add(job.id)
            self._gate.note(None, job)
        settings = self._journal.settings()
        self._limits.restore(settings, self._tuning.workers, self._tuning.rate, held)
        self._opening: tuple[float | None, ...] = ()
        self._rests.restore(settings)
        self._limits.show(self._view)
        self._view.notice = self._journal.notice
        self._view.start(self._book)

    def run(self) -> None:
        """Cycle until told to quit. Commands and reports of one cycle share one commit."""
        draft = Draft(self._book, time.time())
        starting = self._dispatch(draft)
        if self._save(draft):
            self._start(starting)
        self._show()
        while not self._finished():
            messages = collect(self._inbox, self._patience())
            with without_collecting():
                if not self._cycle(messages):
                    break
        self._runs.stop_all()
        self._let_go()
        self._journal.close()
        self._pool.close()
        self._disks.close()

    def _cycle(self, messages: list[Message]) -> bool:
        """False: it could not be journaled before the queue was closed."""
        draft = Draft(self._book, time.time())
        replies = [self._take(message, draft) for message in messages]
        self._wake_waiting(draft)
        self._runs.watch()
        starting = [] if self._quit_by else self._dispatch(draft)
        if not self._save(draft):
            return False
        self._start(starting)
        self._show()
        for reply in replies:
            reply()
        return True

    # Messages ------------------------------------------------------------------------------

    def _patience(self) -> float | None:
        now = time.monotonic()
        look = now + LOOK_SECONDS if self._runs else None
        opens = self._opening if self._quit_by is None else ()
        times = (self._schedule.next_due(), *opens, self._quit_by, look)
        known = [at for at in times if at is not None]
        return min(_LONGEST_NAP, max(0.0, min(known) - now)) if known else None

    def _take(self, message: Message, draft: Draft) -> Callable[[], None]:
        """`_handle`, with a mistake of ours answered to whom it concerns: the queue goes on."""
        try:
            return self._handle(message, draft)
        except IllegalTransition as error:
            _LOG.exception("refused")
            if isinstance(message, Sent | Reported):
                message.reply.set_exception(error)
            return _nothing

    def _handle(self, message: Message, draft: Draft) -> Callable[[], None]:
        """Decide on one message; returns what to do once the decision is journaled."""
        if isinstance(message, Reported):
            return self._report(message, draft)
        if isinstance(message, Ended):
            self._end(message, draft)
        elif isinstance(message, Sent):
            return self._command(message, draft)
        elif isinstance(message, Widened):
            return self._widen(message)
        elif isinstance(message, RoomSeen):
            try_again(message, self._disks, draft)
        elif isinstance(message, Asked):
            return self._tell_history(message)
        elif isinstance(message, Quit) and self._quit_by is None:
            self._quit_by = time.monotonic() + _QUIT_SECONDS
            self._runs.stop_all()
        return _nothing

    def _command(self, message: Sent, draft: Draft) -> Callable[[], None]:
        command = message.command
        if isinstance(command, SetLimits | Hold):
            draft.changes.settings |= self._limits.change(command)
            self._limits.show(self._view)
            if self._gate.held:
                self._runs.hand_back(Stop.YIELD)
        elif isinstance(command, RunExisting):
            self._left_alone.clear()
            for left in draft.jobs():
                self._schedule.note(left, left)
        concerned = carry_out(command, draft, lambda: secrets.token_hex(4))
        wanted = isinstance(command, Cancel | Resume | Retry | Unpark)
        if wanted or isinstance(command, Clear):
            self._stir(concerned, draft, wanted=wanted)
        return lambda: message.reply.set_result(concerned)

    def _stir(self, concerned: Iterable[int], draft: Draft, *, wanted: bool) -> None:
        """What jobs waited for they no longer do, as a person has spoken. `wanted`: to go on."""
        asked: set[str] = set()
        for job_id in concerned:
            if (job := draft.get(job_id)) is None:
                self._checkpoints.pop(job_id, None)
                continue
            if wanted:
                self._gate.wake(lane_of(job))
                if not job.cancelling:
                    self._outages.wake(job)
                before = self._book.get(job_id)  # what it waited for: it no longer does
                asked.add("" if before is None else before.asks)
            self._give_up_cleaning(job, draft)
        for name in asked - {""}:
            self._disks.opened(name, waited=bool(parked_for(name, draft)))

    def _give_up_cleaning(self, job: Job, draft: Draft) -> None:
        """A cancelled job does not wait for a sign-in or a lost server only to remove its rest."""
        if not job.cancelling or job.state is not JobState.QUEUED:
            return
        there = job.target.endpoint
        rests = self._rests.resting(there)
        if rests or there in self._outages or self._gate.asks(there):
            why = "asked to be left alone" if rests else "cannot be reached"
            why = "wants a sign-in" if self._gate.asks(there) else why
            left = f"{doubt(job)}its unfinished bytes may be left behind: {there} {why}"
            draft.save(replace(job, state=JobState.CANCELLED, reason=printable(left)))

    def _widen(self, message: Widened) -> Callable[[], None]:
        run, granted = self._runs.get(message.job), 1
        if run is not None and run.alone and message.job not in self._streams:
            granted = self._gate.widened(lane_of(run.job), message.streams)
            self._streams[message.job] = granted
        return lambda: message.reply.set_result(granted)

    def _tell_history(self, message: Asked) -> Callable[[], None]:
        """Once this cycle is journaled: what was journaled with it is told, too."""

        def tell() -> None:
            try:
                events, parts = self._journal.history(message.job), self._journal.parts(message.job)
                message.reply.set_result(history(events, parts))
            except JournalError as error:
                message.reply.set_exception(RuntimeError(str(error)))

        return tell

    def _report(self, message: Reported, draft: Draft) -> Callable[[], None]:
        job = merged(message.job, draft.get(message.job.id))
        if message.part is not None:
            job = replace(job, crashes=0)
        if job.state in (JobState.TRANSFERRING, JobState.COMMITTING):
            self._outages.got_through(job)
        if job.sent > self._furthest.get(job.id, 0):  # it gets on: no attempt was in vain
            self._furthest[job.id] = job.sent
            job = replace(job, attempts=max(job.attempts, job.attempt + MORE_ATTEMPTS))
        job = draft.save(job)
        if message.part is not None:
            draft.changes.parts.append(message.part)
        return lambda: message.reply.set_result(job)

    def _end(self, message: Ended, draft: Draft) -> None:
        job = merged(message.job, draft.get(message.job.id))
        lane = lane_of(job)
        if self._runs.ended(job.id):
            self._gate.ended(lane, self._streams.pop(job.id, 1))
        self._checkpoints.pop(job.id, None)
        missed = self._outages.ended(message, time.monotonic())
        ending = end_of(job, message, self._tuning.random, missed)
        self._rest(ending, lane, missed)
        if ending.throttled:
            draft.changes.settings |= self._rests.begin(ending.throttled, ending.rest)
        job = ending.job
        resumable = not job.finished or job.state is JobState.FAILED
        if resumable and message.checkpoint is not None and job.proof is None:
            self._checkpoints[job.id] = message.checkpoint
        if job.finished:
            self._furthest.pop(job.id, None)
        kept = self._checkpoints.get(job.id)
        self._view.ended(job.id, 0 if kept is None else kept.offset)
        self._give_up_cleaning(draft.save(job, message.conflict), draft)

    def _rest(self, ending: Ending, lane: Lane, missed: Missed | None) -> None:
        """Leave alone for a while what is in trouble, and what was full."""
        job = ending.job
        if ending.delay is not None:
            until = time.monotonic() + ending.delay
            self._schedule.wait(job.id, until)
            self._view.waiting(job.id, until)
            if missed is None:  # or the endpoint rests, in every lane
                self._gate.rest(lane, until)
        elif job.cancelling:
            self._gate.wake(lane)
        if ending.full:
            self._disks.note(ending.full, job.target)
        elif job.state is JobState.DONE:
            self._disks.stored(job.target.endpoint)

    def _wake_waiting(self, draft: Draft) -> None:
        now = time.monotonic()
        self._outages.open_due(now)
        for job_id in (*self._schedule.due(now), *self._outages.take_released()):
            job = draft.get(job_id)
            if job is not None and job.state is JobState.WAITING:
                draft.save(replace(job, state=JobState.QUEUED, reason=""))

    # Journal and start ---------------------------------------------------------------------

    def _dispatch(self, draft: Draft) -> list[list[Job]]:
        """Take what may start now; the jobs of one list are for one thread."""
        self._note(draft)
        self._opening = self._opens()  # what opens from here on may not be seen to be open below
        return self._dispatcher.take(draft)

    def _note(self, draft: Draft) -> None:
        """Have the schedule and the gate take in every change so far of this cycle."""
        for job in draft.changes.saved.values():
            before = self._book.get(job.id)
            if self._left_alone and (job.state is not JobState.QUEUED or job.cancelling):
                self._left_alone.discard(job.id)
            self._schedule.note(before, job, known_only=job.id in self._left_alone)
            self._gate.note(before, job)
        for job_id in draft.changes.removed:
            self._schedule.note(self._book.get(job_id), None)
            self._gate.note(self._book.get(job_id), None)

    def _save(self, draft: Draft) -> bool:
        """Journal, then show. A journal that cannot be written holds the whole queue.

        False: it was closed before it could be written. Nothing of `draft` happened, then.
        """
        while draft.changes:
            try:
                self._journal.write(draft.changes)
                break
            except JournalError as error:
                self._view.notice = str(error)
                _LOG.error("%s", error)
                if self._closing.wait(_SAVE_AGAIN_SECONDS):
                    return False
        self._view.notice = self._journal.notice
        self._view.publish(draft.changes, draft.pushed)
        for signal in draft.signals:
            self._runs.signal(signal)
        return True

    def _start(self, starting: list[list[Job]]) -> None:
        for jobs in starting:
            runs = [self._made(job) for job in jobs]
            self._runs.start(runs)
            for run in runs:
                self._view.started(run.job.id, run.control.gauge)

    def _made(self, job: Job) -> Run:
        clean = self._dispatcher.is_clean(job)
        return self._runs.made(job, self._checkpoints.pop(job.id, None), clean=clean)

    def _let_go(self) -> None:
        """What does not end in time is stopped all the same: that is no crash of its making."""
        draft = Draft(self._book, time.time())
        for job_id in self._runs:
            if (job := draft.get(job_id)) is not None:
                draft.save(end_of(job, Ended(job, stop=Stop.QUIT), self._tuning.random).job)
        self._save(draft)

    def _show(self) -> None:
        """How the queue as a whole stands after a cycle."""
        queued = self._book.counts[JobState.QUEUED] > len(self._left_alone)
        waits = queued and any(at is not None for at in self._opens())
        self._view.busy = bool(self._runs) or waits or self._schedule.next_due() is not None
        self._view.idle = not self._view.busy and not self._disks.watching
        if waits and not self._runs and not self._journal.notice:
            self._view.notice = self._rests.sentence()

    def _opens(self) -> tuple[float | None, ...]:
        """When what rests may be tried again, on the monotonic clock."""
        lanes = self._gate.next_open(time.monotonic())
        return (lanes, self._outages.next_open(), self._rests.next_open())

    def _is_asked_nothing(self, endpoint: str) -> bool:
        return self._rests.resting(endpoint) or self._outages.rests(endpoint)

    def _finished(self) -> bool:
        if self._quit_by is None:
            return False
        return not self._runs or time.monotonic() >= self._quit_by


def _nothing() -> None:
    return
