"""`wharfie mirror SOURCE TARGET`: compared here, carried out by the queue, followed to the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from providers.access import Access
from providers.records import dataclass
from providers.registry import open_provider
from transfers.journal_error import JournalError
from transfers.mirror import guard, own_times
from transfers.mirror.jobs import jobs as jobs_of
from transfers.mirror.model import MirrorPlan, Pair, Step
from transfers.mirror.own_times import OwnTimes
from transfers.mirror.pair_lock import PairInUse, key_of, pair_lock
from transfers.mirror.planning import is_failure
from transfers.model import Enqueue, Job, Op, Policy
from transfers.pool import ProviderPool
from tui.headless import earlier, mirror_plans, mirror_receipts
from tui.headless.carry_out import carry_out
from tui.headless.interrupts import terminated_as_interrupt
from tui.headless.mirror_order import MirrorOrder
from tui.headless.mirror_report import MirrorReport, done_in_words, plan_in_words, print_plan
from tui.headless.mirror_sides import Sides, asked_so_far, sides_of
from tui.headless.reach import reach
from tui.headless.sign_in import asking
from tui.settings import Home, make_private


@dataclass(frozen=True, slots=True)
class _Found:
    """What is to be done; `stale`: what of a saved plan is not to be done any more."""

    plan: MirrorPlan
    pairs: Sequence[Pair] = ()
    stale: tuple[Step, ...] = ()


def run_mirror(order: MirrorOrder, home: Home, access: Access) -> int:
    """Returns the exit status.

    Raises ProviderError, QueueInUse, JournalError, KeyboardInterrupt.
    """
    mirror_receipts.check(order.receipts, access.sites)
    saved = order.saved
    pool = ProviderPool(lambda endpoint: open_provider(endpoint, access))
    with terminated_as_interrupt():
        try:
            sides = asking(
                access, lambda: sides_of(order.source, order.target, saved, pool, access)
            )
            if order.looks_only:
                times = own_times.read(_times_of(home, sides))
                return _look(order, _found(order, sides, saved, access, times), sides)
            return _run_alone(order, sides, saved, home, access)
        except PairInUse as error:
            if order.skip_if_running:
                return 0
            return _say(str(error))
        finally:
            pool.close()


def _found(
    order: MirrorOrder,
    sides: Sides,
    saved: MirrorPlan | None,
    access: Access,
    times: OwnTimes,
) -> _Found:
    """Compare, or look whether a saved plan still holds."""
    if saved is not None:
        plan, stale = asking(access, lambda: mirror_plans.still(saved, sides))
        return _Found(plan, stale=stale)
    wish = mirror_plans.wish_for(order.wish, order.backup, sides, access.sites)
    plan, pairs = asking(access, lambda: mirror_plans.compared(sides, wish, time.time(), times))
    return _Found(plan, pairs)


def _look(order: MirrorOrder, found: _Found, sides: Sides) -> int:
    """Print the plan, or keep it."""
    plan = found.plan
    if order.save_plan is not None:
        mirror_plans.write(order.save_plan, plan)
    if order.dry_run:
        print_plan(plan, asked_so_far(sides), as_json=order.as_json)
    elif order.summary or sys.stderr.isatty():
        _say_so(order, plan_in_words(plan, asked_so_far(sides)))
    report = MirrorReport(order.as_json)
    report.left(plan, found.stale)
    refused = _refused(order, plan)
    return 1 if refused or found.stale else 0


def _run_alone(
    order: MirrorOrder, sides: Sides, saved: MirrorPlan | None, home: Home, access: Access
) -> int:
    notes = home.queue / "mirrors"
    make_private(notes)
    left, right = sides.left.place, sides.right.place
    with pair_lock(notes, left, right):
        batch = notes / f"{key_of(left, right)}.batch"
        earlier.finish_earlier(
            home, access, earlier.Pair(sides.left, sides.right, earlier.remembered(batch))
        )
        times = own_times.read(_times_of(home, sides))
        found = _found(order, sides, saved, access, times)
        if _refused(order, found.plan):
            return 1
        report = MirrorReport(order.as_json)
        report.left(found.plan, found.stale)
        _carry_out(order, found.plan, home, access, report, batch)
        report.ended()
        if saved is None and not sides.left.provider.caps.keeps_modified:
            _keep_times(times, found.pairs, report.jobs, _times_of(home, sides))
        if order.receipts:
            pairs = found.pairs if saved is None else _all_pairs(sides, found.plan, access)
            mirror_receipts.write(order.receipts, found.plan, pairs, report.jobs)
        _tell(order, found.plan, sides, report)
        return 0 if report.all_fine else 1


def _times_of(home: Home, sides: Sides) -> Path:
    return home.queue / "mirrors" / f"{key_of(sides.left.place, sides.right.place)}.times"


def _keep_times(times: OwnTimes, pairs: Sequence[Pair], jobs: Sequence[Job], path: Path) -> None:
    """For the next mirror of this pair. Raises JournalError."""
    times.learn_copies(pairs, jobs)
    times.forget_others(pairs)
    try:
        times.write(path)
    except OSError as error:
        why = error.strerror or "no reason given"
        raise JournalError(f"The mirror's notes {path} cannot be written ({why}).") from error


def _all_pairs(sides: Sides, plan: MirrorPlan, access: Access) -> Sequence[Pair]:
    """A saved plan knows nothing of what was the same when it was made: that is found again."""
    _, pairs = asking(
        access, lambda: mirror_plans.compared(sides, plan.wish, time.time(), OwnTimes())
    )
    return pairs


def _carry_out(
    order: MirrorOrder,
    plan: MirrorPlan,
    home: Home,
    access: Access,
    report: MirrorReport,
    batch: Path,
) -> None:
    """Nothing to do starts nothing: what cannot be done is told all the same."""
    jobs = tuple(job for job in jobs_of(plan) if job.op is not Op.NOTE or job.failed)
    if all(job.op is Op.NOTE for job in jobs):
        report.left(plan, [step for step in plan.steps if is_failure(step)])
        return
    limits = order.workers is not None or order.rate is not None
    with reach(home, access, serve=True, workers=order.workers, rate=order.rate) as reached:
        carry_out(
            Enqueue(jobs, Policy.ASK, order.verify),
            reached,
            access,
            report,
            limits=limits,
            sent=lambda ids: earlier.remember(batch, _batch_of(ids)),
        )
        earlier.delete_no_more(reached.queue, earlier.remembered(batch))


def _batch_of(ids: Sequence[int]) -> int:
    """Jobs that were queued together have the number of the first for their batch."""
    return ids[0] if ids else 0


def _refused(order: MirrorOrder, plan: MirrorPlan) -> bool:
    """Whether so much would be deleted that a person has to say yes; that is told."""
    if (never := guard.never(plan)) is not None:
        _say(f"nothing was done. {never}")
        return True
    why = None if order.agreed else guard.refusal(plan)
    if why is None:
        return False
    _say(f"nothing was done. {why} With --yes it is done; --dry-run shows what.")
    return True


def _tell(order: MirrorOrder, plan: MirrorPlan, sides: Sides, report: MirrorReport) -> None:
    asked = asked_so_far(sides)
    if order.as_json:
        report.summary_of(plan, asked)
        return
    if order.summary or sys.stderr.isatty():
        _say_so(order, done_in_words(report, plan, asked))


def _say_so(order: MirrorOrder, words: str) -> None:
    print(words, file=sys.stdout if order.summary else sys.stderr)


def _say(text: str) -> int:
    print(f"wharfie: {text}", file=sys.stderr)
    return 1
