"""`wharfie copy SOURCE... TARGET`: a queue of its own jobs, followed to the end."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from providers.access import Access
from providers.base import Kind, Place, Provider
from providers.errors import NotFound, WrongKind
from providers.location import parse
from providers.registry import open_provider
from transfers.engine import Engine
from transfers.journal import JournalError
from transfers.model import (
    Enqueue,
    Job,
    JobState,
    NewJob,
    Op,
    Policy,
    StateChanged,
    Verify,
)
from transfers.pool import ProviderPool
from transfers.scan import plan_directory, plan_one, plan_tree
from tui.headless.report import Report
from tui.headless.sign_in import sign_in
from tui.settings import Home

_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """What the command line asked for. `rate` in bytes a second, 0 for no limit."""

    sources: tuple[str, ...]
    target: str
    move: bool = False
    policy: Policy = Policy.ASK
    verify: Verify = Verify.AUTO
    workers: int = 4
    rate: int = 0
    as_json: bool = False


def run_copy(order: CopyOrder, home: Home, access: Access) -> int:
    """Plan, queue and follow. Raises ProviderError, QueueInUse, JournalError, KeyboardInterrupt."""
    pool = ProviderPool(lambda endpoint: sign_in(endpoint, access))
    with _terminated_as_interrupt():
        engine = Engine(
            home.queue,
            lambda endpoint: open_provider(endpoint, access),
            workers=order.workers,
            rate=order.rate,
            run_existing=False,
        )
        try:
            jobs = plan(order, pool)
            pool.close()
            report = Report(order.as_json)
            follow(engine, Enqueue(jobs, order.policy, order.verify), report)
        finally:
            pool.close()
            engine.close()
    report.summary()
    return 0 if report.all_fine else 1


def plan(order: CopyOrder, pool: ProviderPool) -> tuple[NewJob, ...]:
    """The jobs of `order`, in the order given."""
    place = parse(order.target)
    target = pool.get(place.endpoint)
    place = Place(place.endpoint, target.resolve(place.path))
    into = (
        order.target.endswith("/")
        or len(order.sources) > 1
        or _kind(target, place.path) is Kind.DIR
    )
    jobs: list[NewJob] = []
    for text in order.sources:
        jobs.extend(_plan_source(text, pool, target, place, into=into, move=order.move))
    return tuple(jobs)


def _plan_source(
    text: str, pool: ProviderPool, target: Provider, place: Place, *, into: bool, move: bool
) -> Sequence[NewJob]:
    there = parse(text)
    source = pool.get(there.endpoint)
    there = Place(there.endpoint, source.resolve(there.path))
    contents = text.endswith("/")
    entry = source.stat(there.path, follow=contents)
    if entry.kind is Kind.DIR and (contents or not into):
        _require_directory_or_nothing(target, place.path)
        return plan_directory(
            source, entry, there.endpoint, target, place, move=move, keep_source=contents
        )
    if contents:
        raise WrongKind(there.path, "is not a directory", advice="Leave out the / at its end.")
    if into:
        return plan_tree(source, [entry], there.endpoint, target, place, move=move)
    return plan_one(there, entry, place, move=move)


def _kind(provider: Provider, path: str) -> Kind | None:
    """What stands at `path`; None when nothing does."""
    try:
        return provider.stat(path, follow=True).kind
    except NotFound:
        return None


def _require_directory_or_nothing(provider: Provider, path: str) -> None:
    if _kind(provider, path) not in (Kind.DIR, None):
        raise WrongKind(path, "is a file; a directory cannot be copied over it")


def follow(engine: Engine, command: Enqueue, report: Report) -> None:
    """Queue `command` and report each of its jobs once it is finished or parked.

    When one is parked because its endpoint asks something, the others there stay queued behind it;
    and so do the removals of a move's emptied directories, whatever it is parked for. Raises
    JournalError when the queue stopped working.
    """
    parked = False
    changes: queue.SimpleQueue[Sequence[StateChanged]] = queue.SimpleQueue()
    stop = engine.listen(changes.put)
    try:
        left = dict(zip(_send(engine, command, report), command.jobs, strict=True))
        while left:
            for job in _settled(changes):
                if left.pop(job.id, None) is not None:
                    report.job(job)
                parked = parked or job.state is JobState.PARKED
                if job.asks:
                    left = {i: new for i, new in left.items() if not _needs(new, job.asks)}
            if parked and all(new.op is Op.REMOVE_DIR for new in left.values()):
                break
            running, snapshot = engine.running, engine.snapshot(0, 0)
            if not running:
                raise JournalError(snapshot.notice)
            report.notice(snapshot.notice)
            report.progress(snapshot.totals)
    finally:
        stop()
        report.clear_progress()


def _send(engine: Engine, command: Enqueue, report: Report) -> tuple[int, ...]:
    """Queue `command`; while the queue's disk is full that waits, and says so.

    Raises JournalError when the queue stopped working.
    """
    sent: Future[tuple[int, ...]] = Future()

    def send() -> None:
        try:
            sent.set_result(engine.send(command))
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            sent.set_exception(error)

    threading.Thread(target=send, name="enqueue", daemon=True).start()
    while True:
        try:
            return sent.result(_LOOK_SECONDS)
        except TimeoutError:
            report.notice(engine.snapshot(0, 0).notice)
        except RuntimeError as error:
            raise JournalError(engine.snapshot(0, 0).notice or str(error)) from error


def _needs(job: NewJob, endpoint: str) -> bool:
    """Whether `job` waits for an answer about `endpoint`, which nobody will give here."""
    return endpoint in (job.source.endpoint, job.target.endpoint)


def _settled(changes: queue.SimpleQueue[Sequence[StateChanged]]) -> Iterator[Job]:
    """The jobs that came to rest within the next moment."""
    try:
        first = changes.get(timeout=_LOOK_SECONDS)
    except queue.Empty:
        return
    for change in first:
        if change.job.finished or change.job.state is JobState.PARKED:
            yield change.job


@contextmanager
def _terminated_as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: the queue is kept."""
    previous: list[tuple[signal.Signals, Callable[[int, FrameType | None], object] | int | None]]
    previous = []

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    try:
        for name in names:
            number = signal.Signals[name]
            previous.append((number, signal.signal(number, interrupt)))
        yield
    finally:
        for number, handler in previous:
            signal.signal(number, handler)
