"""The coordinator's cycle: take messages, decide, journal, show, start what can be started."""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from providers.base import Place, Provider
from providers.text import printable
from transfers.book import Book
from transfers.commands import carry_out
from transfers.control import Checkpoint, Control, Stop
from transfers.draft import Draft, IllegalTransition
from transfers.gate import Gate
from transfers.journal import Journal, JournalError, Part
from transfers.limit import Limiter
from transfers.messages import Ended, Message, Quit, Reported, Sent
from transfers.model import (
    RUNNING,
    Cancel,
    Job,
    JobState,
    Op,
    ParkReason,
    Resume,
    Retry,
    SetLimits,
    Unpark,
)
from transfers.pool import ProviderPool
from transfers.retry import Verdict
from transfers.run import Run
from transfers.runner import run_job
from transfers.schedule import Lane, Schedule
from transfers.view import View

_LOG = logging.getLogger("wharfie.queue")
_SAVE_AGAIN_SECONDS = 1.0
_QUIT_SECONDS = 2.0
_LONGEST_NAP = 3600.0  # a server's Retry-After may be longer than a system can wait at once


class Coordinator:
    """Owns all state. Lives in one thread; `inbox` is the only way in."""

    def __init__(
        self,
        journal: Journal,
        inbox: queue.SimpleQueue[Message],
        view: View,
        open_provider: Callable[[str], Provider],
        workers: int,
        rate: int,
        closing: threading.Event,
    ) -> None:
        self._journal = journal
        self._inbox = inbox
        self._view = view
        self._closing = closing  # set before Quit is sent
        self._pool = ProviderPool(open_provider)
        self._limiter = Limiter(time.monotonic, rate)
        self._gate = Gate(workers, self._pool.connections)
        self._schedule = Schedule()
        self._book = Book()
        self._runs: dict[int, Run] = {}
        self._checkpoints: dict[int, Checkpoint] = {}
        self._known_directories: set[Place] = set()
        self._quit_by: float | None = None

    def load(self, run_existing: bool) -> None:
        """Read the journal. What an earlier run left unfinished is queued again."""
        jobs = [_recovered(job) for job in self._journal.load()]
        self._book = Book(jobs)
        if run_existing:
            # Removals wait for the rest of their batch, wherever they were moved to.
            for job in sorted(jobs, key=lambda job: job.op is Op.REMOVE_DIR):
                self._schedule.note(None, job)
        self._view.rate_limit, self._view.workers = self._limiter.rate, self._gate.workers
        self._view.start(self._book)

    def run(self) -> None:
        """Cycle until told to quit. Commands and reports of one cycle share one commit."""
        draft = Draft(self._book, time.time())
        starting = self._dispatch(draft)
        if self._save(draft):
            self._start(starting)
        while not self._finished():
            messages = self._collect()
            draft = Draft(self._book, time.time())
            replies = [self._take(message, draft) for message in messages]
            self._wake_waiting(draft)
            starting = [] if self._quit_by else self._dispatch(draft)
            if not self._save(draft):
                break
            for reply in replies:
                reply()
            self._start(starting)
        for run in self._runs.values():
            run.control.stop(Stop.QUIT)
        self._journal.close()
        self._pool.close()

    # Messages ------------------------------------------------------------------------------

    def _collect(self) -> list[Message]:
        """At least one message, or none when it is time to look at the clock."""
        try:
            messages = [self._inbox.get(timeout=self._patience())]
        except queue.Empty:
            return []
        while not self._inbox.empty():
            messages.append(self._inbox.get())
        return messages

    def _patience(self) -> float | None:
        now = time.monotonic()
        times = (self._schedule.next_due(), self._gate.next_open(now), self._quit_by)
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
        elif isinstance(message, Quit) and self._quit_by is None:
            self._quit_by = time.monotonic() + _QUIT_SECONDS
            for run in self._runs.values():
                run.control.stop(Stop.QUIT)
        return _nothing

    def _command(self, message: Sent, draft: Draft) -> Callable[[], None]:
        command = message.command
        if isinstance(command, SetLimits):
            self._set_limits(command)
            concerned: tuple[int, ...] = ()
        else:
            concerned = carry_out(command, draft, lambda: secrets.token_hex(4))
        for job_id in concerned:
            job = draft.get(job_id)
            if job is not None and isinstance(command, Cancel | Resume | Retry | Unpark):
                self._gate.wake(_lane(job))
            elif job is None:
                self._checkpoints.pop(job_id, None)
        return lambda: message.reply.set_result(concerned)

    def _set_limits(self, command: SetLimits) -> None:
        if command.rate is not None:
            self._limiter.set_rate(command.rate)
        if command.workers is not None:
            self._gate.workers = max(1, command.workers)
        self._view.rate_limit, self._view.workers = self._limiter.rate, self._gate.workers

    def _report(self, message: Reported, draft: Draft) -> Callable[[], None]:
        before = draft.get(message.job.id)
        job = draft.save(_merged(message.job, draft))
        if before is not None and before.upload != job.upload:
            draft.forget_parts(job.id)
        if message.part is not None:
            draft.changes.parts.append(message.part)
        return lambda: message.reply.set_result(job)

    def _end(self, message: Ended, draft: Draft) -> None:
        job = _merged(message.job, draft)
        lane = _lane(job)
        run = self._runs.pop(job.id, None)
        self._gate.ended(lane)
        self._checkpoints.pop(job.id, None)
        if message.stop is not None:
            # A pause may have been taken back while its worker was ending.
            state = JobState.PAUSED if run and run.control.pausing else JobState.QUEUED
            job = replace(job, state=state, reason="", attempt=max(0, job.attempt - 1))
        elif message.error is not None and message.verdict is not None:
            job = self._judged(job, message.verdict, printable(str(message.error)), lane)
            if run and run.control.pausing and job.state in (JobState.WAITING, JobState.QUEUED):
                job = replace(job, state=JobState.PAUSED, reason="")
        elif job.park is ParkReason.CONFLICT and job.policy is not message.job.policy:
            # It was answered, with the rest of its batch, while its worker was looking.
            job = replace(job, state=JobState.QUEUED, park=None, reason="", attempt=job.attempt - 1)
        if job.cancelling and not job.finished:
            job = replace(job, state=JobState.QUEUED)
            self._gate.wake(lane)
        if not job.finished and message.checkpoint is not None and job.proof is None:
            self._checkpoints[job.id] = message.checkpoint
        kept = self._checkpoints.get(job.id)
        self._view.ended(job.id, 0 if kept is None else kept.offset)
        draft.save(job, message.conflict)

    def _judged(self, job: Job, verdict: Verdict, reason: str, lane: Lane) -> Job:
        if verdict.state is JobState.WAITING:
            until = time.monotonic() + verdict.delay
            self._schedule.wait(job.id, until)
            self._view.waiting(job.id, until)
            self._gate.rest(lane, until)
        return _after(verdict, job, reason)

    def _wake_waiting(self, draft: Draft) -> None:
        for job_id in self._schedule.due(time.monotonic()):
            job = draft.get(job_id)
            if job is not None and job.state is JobState.WAITING:
                draft.save(replace(job, state=JobState.QUEUED, reason=""))

    # Journal and start ---------------------------------------------------------------------

    def _dispatch(self, draft: Draft) -> list[Job]:
        """Take what may start now; marked PREPARING so that the journal says so first."""
        self._note(draft)
        starting = []
        self._gate.next_open(time.monotonic())
        while (job := self._schedule.take(draft.get, self._gate.has_room)) is not None:
            job = replace(job, state=JobState.PREPARING, attempt=job.attempt + 1, reason="")
            starting.append(draft.save(job))
            self._gate.started(_lane(job))
        return starting

    def _note(self, draft: Draft) -> None:
        """Have the schedule and the gate take in every change so far of this cycle."""
        for job in draft.changes.saved.values():
            before = self._book.get(job.id)
            self._schedule.note(before, job)
            self._gate.note(before, job)
        for job_id in draft.changes.removed:
            self._schedule.note(self._book.get(job_id), None)

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
        self._view.notice = ""
        self._view.publish(draft.changes, draft.pushed)
        for signal in draft.signals:
            if signal.job not in self._runs:
                continue
            control = self._runs[signal.job].control
            if signal.why is None:
                control.take_back_pause()
            else:
                control.stop(signal.why)
        return True

    def _start(self, starting: list[Job]) -> None:
        for job in starting:
            control = Control()
            control.checkpoint = self._checkpoints.pop(job.id, None)
            run = Run(
                job=job,
                control=control,
                limiter=self._limiter,
                provider=self._pool.get,
                reporter=self._reporter,
                known_directories=self._known_directories,
            )
            self._runs[job.id] = run
            self._view.started(job.id, control.gauge)
            name = f"transfer-{job.id}"
            target = run_job
            threading.Thread(target=target, args=(run, self._inbox), name=name, daemon=True).start()

    def _reporter(self, job: Job, part: Part | None, wait: bool) -> Job:
        """Called by workers; with `wait` it returns once the journal has it."""
        message = Reported(job, part)
        self._inbox.put(message)
        return message.reply.result() if wait else job

    def _finished(self) -> bool:
        if self._quit_by is None:
            return False
        return not self._runs or time.monotonic() >= self._quit_by


def _recovered(job: Job) -> Job:
    """A job as an earlier run left it. The journal keeps its old state until it moves again."""
    if job.state in RUNNING or job.state in (JobState.WAITING, JobState.PARKED):
        return replace(job, state=JobState.QUEUED, park=None, asks="")
    return job


def _merged(reported: Job, draft: Draft) -> Job:
    """The worker's word, but for what a person may have changed meanwhile."""
    current = draft.get(reported.id)
    if current is None:
        return reported
    return replace(reported, seq=current.seq, policy=current.policy, cancelling=current.cancelling)


def _after(verdict: Verdict, job: Job, reason: str) -> Job:
    return replace(
        job,
        state=verdict.state,
        reason=reason,
        park=verdict.park,
        asks=verdict.asks,
        restarts=job.restarts + verdict.counted,
        proof=job.proof if not verdict.restart or job.upload is None else None,
    )


def _lane(job: Job) -> Lane:
    return (job.source.endpoint, job.target.endpoint)


def _nothing() -> None:
    return
