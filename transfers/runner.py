"""A worker thread's frame: runs one job and tells the coordinator how it ended, whatever came."""

from __future__ import annotations

import logging
import queue
import random

from providers.errors import ProviderError
from transfers.control import Stopped
from transfers.messages import Ended, Message
from transfers.model import JobState
from transfers.retry import Verdict, judge
from transfers.run import Run
from transfers.worker import clean_up, work

_LOG = logging.getLogger("wharfie.worker")


class InternalError(ProviderError):
    """A mistake of Wharfie's own: it costs one job, never the queue."""

    what = "Wharfie made a mistake here"
    advice = "The log has the details; please report it."


def run_job(run: Run, inbox: queue.SimpleQueue[Message]) -> None:
    """Work `run` and put exactly one Ended into `inbox`."""
    try:
        ended = _worked(run)
    except Exception as error:  # noqa: BLE001 - a bug, and another one in cleaning up after it
        ended = Ended(run.job, error=_mistake(run, error), verdict=Verdict(JobState.FAILED))
    inbox.put(ended)


def _worked(run: Run) -> Ended:
    try:
        job = work(run)
        return Ended(job, conflict=run.conflict)
    except Stopped as stopped:
        return Ended(run.job, stop=stopped.why, checkpoint=run.control.checkpoint)
    except ProviderError as error:
        return _failed(run, error)
    except Exception as error:  # noqa: BLE001 - a bug here must cost one job, not the queue
        return _failed(run, _mistake(run, error))


def _mistake(run: Run, error: Exception) -> InternalError:
    _LOG.exception("job %d", run.job.id)
    return InternalError(run.job.source.path, f"an internal error ({type(error).__name__})")


def _failed(run: Run, error: ProviderError) -> Ended:
    """Judge the error; unfinished bytes that will never be used again are removed here."""
    verdict = judge(error, run.job.attempt, run.job.attempts, run.job.restarts, random.random)
    if verdict.state is JobState.FAILED and verdict.restart:
        clean_up(run)
    checkpoint = None if verdict.restart else run.control.checkpoint
    return Ended(run.job, error=error, verdict=verdict, checkpoint=checkpoint)
