"""A worker thread's frame: runs jobs and tells the coordinator how each ended, whatever came."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from providers.base import Measured
from providers.errors import NoSpace, ProviderError, Throttled
from providers.records import dataclass, replace
from transfers import together
from transfers.altered import altered
from transfers.batch import SECONDS, Batch
from transfers.control import Stop, Stopped
from transfers.ending import InternalError
from transfers.leftovers import clean_up
from transfers.messages import Ended, Inbox, Proven, Together
from transfers.model import Job, JobState
from transfers.opening import let_go
from transfers.retry import Verdict, judge
from transfers.run import Run
from transfers.worker import bring, cancelled, forget_kept, give_name, prove_kept

_GOES_ON = "Free some space there: it goes on by itself while the queue runs."
_LOG = logging.getLogger("wharfie.worker")


def run_batch(batch: Batch, inbox: Inbox) -> None:
    """Work `batch`, and put one Ended for each run into `inbox`; none for what was given up before.

    What has all its bytes is journaled together, and then given its name.
    """
    while (run := batch.take()) is not None:
        began = run.clock()
        over, proven = _brought(run, batch, began)
        batch.spent += run.clock() - began
        journaled: Sequence[Job | Exception] = ()
        if proven:
            message = Proven(tuple(run.job for run in proven))
            inbox.put(message)
            journaled = message.reply.result()
        began = run.clock()
        over += _named(proven, journaled)
        batch.spent += run.clock() - began
        news = tuple(_accounted(one) for one in over if one.run.control.ends())
        if news:
            inbox.put(Together(news))


@dataclass(frozen=True, slots=True)
class _Over:
    run: Run
    ended: Ended


def _brought(first: Run, batch: Batch, began: float) -> tuple[list[_Over], list[Run]]:
    """The runs that are over, and those whose job, COMMITTING, is to be journaled.

    Those that go together, or as many as `SECONDS` suffice for.
    """
    over: list[_Over] = []
    proven: list[Run] = []
    ended: list[_Over] = []
    begun = deque([first])
    if (between := together.ends(first)) is not None:
        carried = _carried(between, first, batch)
        for run in carried:  # asked once of each: a stop may be asked for between two looks
            if _is_proven(run):
                proven.append(run)
            else:
                ended.append(_Over(run, _framed(run, _proof)))
        begun = deque() if carried else _next_of(batch)
    gathers = together.gathers(first)
    while begun:
        run = begun.popleft()
        run.together = gathers
        ended.append(_Over(run, _framed(run, bring)))
        if _concerns_others(ended[-1].ended):
            over += _handed_back(batch.take_back_all())
            break
        if not begun and run.clock() - began < SECONDS:
            begun = _next_of(batch)
    for one in _stored_together(ended):
        if _wants_name(one.ended):
            one = _Over(one.run, _framed(one.run, partial(_unless_stopped, one.ended.job)))
        if _wants_name(one.ended):
            one.run.job = one.ended.job
            proven.append(one.run)
        else:
            over.append(one)
    return over, proven


def _next_of(batch: Batch) -> deque[Run]:
    another = batch.take()
    return deque() if another is None else deque([another])


def _carried(between: together.Ends, first: Run, batch: Batch) -> list[Run]:
    """Those of the batch that went together. What did not may take long, and waits where others can
    have it."""
    runs = [first, *batch.take_back_all()]
    carried = together.carry(between, runs)
    for run in runs:
        run.left = True
    across = {run.job.id for run in carried}
    batch.put_back([run for run in runs if run.job.id not in across])
    return carried


def _is_proven(run: Run) -> bool:
    """Whether it is to be journaled, and nobody wants it to stop."""
    return run.job.state is JobState.COMMITTING and run.control.stop_asked is None


def _proof(run: Run) -> Job:
    run.job = altered(run.job, state=JobState.VERIFYING, proof=None)
    run.control.check()
    return prove_kept(run)


def _named(runs: Sequence[Run], journaled: Sequence[Job | Exception]) -> Iterator[_Over]:
    """How `runs` ended, whose jobs were `journaled`."""
    told = [run.job.expected for run in runs]
    going = []
    for run, job, expected in zip(runs, journaled, told, strict=True):
        if isinstance(job, Job):
            run.job = job
            if run.seen is not None and job.expected == expected:
                going.append(run)
    if going:
        together.name(going)
    for run, job, expected in zip(runs, journaled, told, strict=True):
        yield _Over(run, _framed(run, partial(_name_given, job, expected)))


def _name_given(journaled: Job | Exception, expected: str, run: Run) -> Job:
    if isinstance(journaled, Exception):
        raise journaled
    return give_name(run, expected)


def _handed_back(runs: Iterable[Run]) -> Iterator[_Over]:
    for run in runs:
        let_go(run)
        yield _Over(run, never_begun(run))


def _stored_together(ended: Sequence[_Over]) -> list[_Over]:
    """`ended`, those whose bytes were kept carried on to the proof of what was stored.

    Where the place may be what is wrong, what was not stored waits for one to find that out.
    """
    kept = [one.run for one in ended if _is_kept(one)]
    if kept:
        together.store(kept)
    carried_on: list[_Over] = []
    lost = False
    for one in ended:
        if not _is_kept(one):
            carried_on.append(one)
        elif lost and one.run.seen is None:
            forget_kept(one.run)
            carried_on += _handed_back([one.run])
        else:
            carried_on.append(_Over(one.run, _framed(one.run, prove_kept)))
            lost = lost or _concerns_others(carried_on[-1].ended)
    return carried_on


def _is_kept(one: _Over) -> bool:
    ended = one.ended
    going_on = ended.stop is None and ended.error is None
    return one.run.kept is not None and going_on and ended.job.state is JobState.VERIFYING


def _wants_name(ended: Ended) -> bool:
    return ended.job.state is JobState.COMMITTING and ended.stop is None and ended.error is None


def _concerns_others(ended: Ended) -> bool:
    """Whether what went wrong may be of the place rather than of the file."""
    verdict = ended.verdict
    return verdict is not None and verdict.state in (JobState.WAITING, JobState.PARKED)


def _unless_stopped(job: Job, run: Run) -> Job:
    run.control.check()  # the last moment at which nothing has changed for anybody
    return job


def _framed(run: Run, step: Callable[[Run], Job]) -> Ended:
    """What came of `step`, whatever it raised."""
    thread = threading.get_ident()
    run.control.threads.add(thread)
    try:
        return _worked(run, step)
    except Exception as error:  # noqa: BLE001 - a bug, and another one in cleaning up after it
        return Ended(run.job, error=_mistake(run, error), verdict=Verdict(JobState.FAILED))
    finally:
        run.control.threads.discard(thread)


def _accounted(over: _Over) -> Ended:
    """How the run ended, saying whether unfinished bytes may lie at its destination."""
    ended = over.ended
    begun = not over.run.clean and ended.job.state is not JobState.DONE
    if ended.job.begun is begun:
        return ended
    return replace(ended, job=altered(ended.job, begun=begun))


def never_begun(run: Run, why: Stop = Stop.YIELD) -> Ended:
    """The end of a run that no thread has begun."""
    if why is Stop.CANCEL:
        return Ended(replace(run.job, state=JobState.CANCELLED, reason="", begun=False))
    job = replace(run.job, begun=not run.clean)
    return Ended(job, stop=why, checkpoint=run.control.checkpoint)


def _worked(run: Run, step: Callable[[Run], Job]) -> Ended:
    try:
        return Ended(step(run), conflict=run.conflict, checkpoint=run.control.checkpoint)
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
