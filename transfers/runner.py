"""A worker thread's frame: runs jobs and tells the coordinator how each ended, whatever came."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from providers.base import Measured
from providers.errors import NoSpace, ProviderError, Throttled
from providers.many import Gathering
from providers.records import dataclass, replace
from transfers import together
from transfers.altered import altered
from transfers.batch import SECONDS, Batch
from transfers.control import Stop, Stopped
from transfers.ending import InternalError
from transfers.leftovers import clean_up
from transfers.messages import Ended, Inbox, Reported, Together
from transfers.model import Job, JobState
from transfers.opening import let_go
from transfers.retry import Verdict, judge
from transfers.run import Run
from transfers.worker import bring, cancelled, forget_gathered, give_name, prove_gathered

_GOES_ON = "Free some space there: it goes on by itself while the queue runs."
_LOG = logging.getLogger("wharfie.worker")


def run_batch(batch: Batch, inbox: Inbox) -> None:
    """Work `batch`, and put one Ended for each run into `inbox`; none for what was given up before.

    What has all its bytes is journaled together, and then given its name.
    """
    while (run := batch.take()) is not None:
        began = run.clock()
        gathering = together.gatherer(run)
        over, asked = _brought(run, batch, gathering, began)
        batch.spent += run.clock() - began
        if asked:
            inbox.put(Together(tuple(one.message for one in asked)))
            asked[-1].message.reply.exception()  # waits for all of them
        began = run.clock()
        if gathering is not None:
            together.name(gathering, [one.run for one in asked if one.may_be_named()])
        over += [_Over(one.run, _framed(one.run, one.named)) for one in asked]
        batch.spent += run.clock() - began
        news = tuple(_accounted(one) for one in over if one.run.control.ends())
        if news:
            inbox.put(Together(news))


@dataclass(frozen=True, slots=True)
class _Over:
    run: Run
    ended: Ended


@dataclass(frozen=True, slots=True)
class _Asked:
    """A run whose file may have its name once `message` is journaled."""

    run: Run
    message: Reported

    def may_be_named(self) -> bool:
        """Whether it goes with others: it was journaled, and a person asked for nothing else."""
        reply = self.message.reply
        if not self.run.gathered or reply.exception() is not None:
            return False
        return reply.result().expected == self.message.job.expected

    def named(self, run: Run) -> Job:
        run.job = self.message.reply.result()
        return give_name(run, self.message.job.expected)


def _brought(
    first: Run, batch: Batch, gathering: Gathering | None, began: float
) -> tuple[list[_Over], list[_Asked]]:
    """The runs that `SECONDS` suffice for: those that are over, and those that want their name."""
    ended: list[_Over] = []
    over: list[_Over] = []
    begun = _opened(first, batch)
    while begun:
        run = begun.popleft()
        run.gathering = gathering
        ended.append(_Over(run, _framed(run, bring)))
        if _concerns_others(ended[-1].ended):
            over += _handed_back([*begun, *batch.take_back_all()])
            break
        if not begun and run.clock() - began < SECONDS and (another := batch.take()) is not None:
            begun.append(another)
    if gathering is not None:
        ended = _sent_together(gathering, ended)
    asked = []
    for one in ended:
        if _wants_name(one.ended):
            one = _Over(one.run, _framed(one.run, partial(_unless_stopped, one.ended.job)))
        if _wants_name(one.ended):
            asked.append(_Asked(one.run, Reported(one.ended.job)))
        else:
            over.append(one)
    return over, asked


def _opened(first: Run, batch: Batch) -> deque[Run]:
    """The runs to begin with: `first`, and where many sources are read at once those that were.

    What was not may take long, and waits where others can have it.
    """
    source = together.fetcher(first)
    if source is None:
        return deque([first])
    others = list(batch.take_back_all())
    together.fetch(source, [first, *others])
    batch.put_back([run for run in others if run.opened is None])
    return deque([first, *(run for run in others if run.opened is not None)])


def _handed_back(runs: Iterable[Run]) -> Iterator[_Over]:
    for run in runs:
        let_go(run)
        yield _Over(run, never_begun(run))


def _sent_together(gathering: Gathering, ended: Sequence[_Over]) -> list[_Over]:
    """`ended`, those whose bytes were gathered carried on to the proof of what was stored.

    Where the place may be what is wrong, what was not stored waits for one to find that out.
    """
    sent = [one.run for one in ended if _is_gathered(one)]
    if sent:
        together.send(gathering, sent)
    carried_on: list[_Over] = []
    lost = False
    for one in ended:
        if not _is_gathered(one):
            carried_on.append(one)
        elif lost and one.run.seen is None:
            forget_gathered(one.run)
            carried_on += _handed_back([one.run])
        else:
            carried_on.append(_Over(one.run, _framed(one.run, prove_gathered)))
            lost = lost or _concerns_others(carried_on[-1].ended)
    return carried_on


def _is_gathered(one: _Over) -> bool:
    ended = one.ended
    going_on = ended.stop is None and ended.error is None
    return one.run.gathered and going_on and ended.job.state is JobState.VERIFYING


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
