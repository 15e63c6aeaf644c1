"""A worker thread's frame: runs one job and tells the coordinator how it ended, whatever came."""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import replace

from providers.base import Measured
from providers.errors import NoSpace, ProviderError, Throttled
from transfers.control import Stop, Stopped
from transfers.ending import InternalError
from transfers.leftovers import clean_up
from transfers.messages import Ended, Message
from transfers.model import Job, JobState
from transfers.retry import Verdict, judge
from transfers.run import Run
from transfers.worker import cancelled, work

_GOES_ON = "Free some space there: it goes on by itself while the queue runs."
_LOG = logging.getLogger("wharfie.worker")


def run_job(run: Run, inbox: queue.SimpleQueue[Message]) -> None:
    """Work `run` and put exactly one Ended into `inbox`; none when it was given up before."""
    thread = threading.get_ident()
    run.control.threads.add(thread)
    try:
        ended = _worked(run)
    except Exception as error:  # noqa: BLE001 - a bug, and another one in cleaning up after it
        ended = Ended(run.job, error=_mistake(run, error), verdict=Verdict(JobState.FAILED))
    run.control.threads.discard(thread)
    if run.control.ends():
        inbox.put(replace(ended, job=_accounted(run, ended.job)))


def _accounted(run: Run, job: Job) -> Job:
    """`job`, saying whether unfinished bytes may lie at its destination."""
    return replace(job, begun=not run.clean and job.state is not JobState.DONE)


def _worked(run: Run) -> Ended:
    try:
        return Ended(work(run), conflict=run.conflict, checkpoint=run.control.checkpoint)
    except Stopped as stopped:
        return _stopped(run, stopped.why)
    except ProviderError as error:
        asked = _asked_to_stop(run)
        if asked is None:
            return _failed(run, error)
        # How a connection ends that is cut off says nothing; how long to leave a server alone does.
        told = error if isinstance(error, Throttled) else None
        return replace(_stopped(run, asked), error=told)
    except Exception as error:  # noqa: BLE001 - a bug here must cost one job, not the queue
        return _failed(run, _mistake(run, error))


def _asked_to_stop(run: Run) -> Stop | None:
    """What was asked for before an error came: cutting a connection off is how it is enforced."""
    try:
        run.control.check()
    except Stopped as stopped:
        return stopped.why
    return None


def _stopped(run: Run, why: Stop) -> Ended:
    if why is Stop.CANCEL and not run.control.over:
        return Ended(cancelled(run))
    return Ended(run.job, stop=why, checkpoint=run.control.checkpoint)


def _mistake(run: Run, error: Exception) -> InternalError:
    _LOG.exception("job %d", run.job.id)
    return InternalError(run.job.source.path, f"an internal error ({type(error).__name__})")


def _failed(run: Run, error: ProviderError) -> Ended:
    """Judge the error; unfinished bytes that will never be used again are removed here."""
    verdict = judge(error, run.job.attempt, run.job.attempts, run.job.restarts, run.random)
    if verdict.state is JobState.FAILED and verdict.restart:
        clean_up(run)
    checkpoint = None if verdict.restart else run.control.checkpoint
    volume = _volume(run) if isinstance(error, NoSpace) else ""
    if volume:
        error = NoSpace(error.path, error.what, advice=_GOES_ON)
    return Ended(run.job, error=error, verdict=verdict, volume=volume, checkpoint=checkpoint)


def _volume(run: Run) -> str:
    """The name of the full disk; "" when the place does not tell, or cannot just now."""
    try:
        target = run.target()
        if not isinstance(target, Measured):
            return ""
        return target.room(target.parent(run.job.target.path)).volume
    except ProviderError:
        return ""
