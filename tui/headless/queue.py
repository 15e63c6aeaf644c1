"""`wharfie queue …`: the queue looked at and steered from any shell, whoever works it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from providers.access import Access
from providers.environment import add_password
from providers.errors import InvalidName
from providers.records import dataclass
from transfers.model import (
    Cancel,
    Clear,
    Command,
    Hold,
    Move,
    Pause,
    Resume,
    Retry,
    SetLimits,
    SetPriority,
)
from transfers.queue_api import Queue
from tui import format as fmt
from tui.headless.attach import grant_for
from tui.headless.follow import send
from tui.headless.interrupts import terminated_as_interrupt
from tui.headless.queue_list import print_list
from tui.headless.queue_run import run_what_is_left
from tui.headless.reach import Reached, reach, seen
from tui.headless.receipt import print_receipt
from tui.headless.report import Report
from tui.overview import all_rows
from tui.settings import Home

_LOOK_SECONDS = 0.25
_CLEAN_UP_SECONDS = 30.0
_NOBODY = "Nothing works the queue now: wharfie queue run does, or wharfie."
_NUMBERS_SHOWN = 12
_PAST = {
    "pause": "paused",
    "resume": "resumed",
    "retry": "queued again",
    "cancel": "cancelled",
    "clear": "taken off the list",
    "move": "moved",
    "priority": "given the priority",
}


@dataclass(frozen=True, slots=True)
class QueueOrder:
    """What the command line asked for. `jobs`: None is all of them."""

    action: str
    jobs: tuple[int, ...] | None = None
    to: str = ""
    by: int = 0
    priority: int = 0
    limits: SetLimits | None = None
    as_json: bool = False


def run_queue(order: QueueOrder, home: Home, access: Access, settings: Mapping[str, str]) -> int:
    """Carry out `order`; returns the exit status.

    Raises ProviderError, QueueInUse, JournalError, KeyboardInterrupt.
    """
    with terminated_as_interrupt():
        if order.action == "run":
            return run_what_is_left(home, access, settings, as_json=order.as_json)
        if order.action == "list":
            return _list(order, home, access)
        with reach(home, access) as reached:
            if order.action in ("resume", "retry") and reached.shared:
                _bring_passwords(reached.queue, access, settings)
            return _ACTIONS.get(order.action, _steer)(order, reached)


def _bring_passwords(queue: Queue, access: Access, settings: Mapping[str, str]) -> None:
    """Let the process that works the queue in where this shell's settings have the password."""
    for endpoint in sorted({row.job.asks for row in all_rows(queue) if row.job.asks}):
        add_password(settings, access, endpoint)
        if (grant := grant_for(access, endpoint)).secrets:
            queue.grant(grant)


# Looking -------------------------------------------------------------------------------------


def _list(order: QueueOrder, home: Home, access: Access) -> int:
    snapshot, rows, worked = seen(home, access)
    print_list(rows, snapshot, worked=worked, as_json=order.as_json)
    return 0


def _receipt(order: QueueOrder, reached: Reached) -> int:
    jobs = [row.job for row in all_rows(reached.queue)]
    if order.jobs is not None:
        _require(order.jobs, {job.id for job in jobs})
        jobs = [job for job in jobs if job.id in set(order.jobs)]
    print_receipt(jobs, as_json=order.as_json)
    return 0


# Steering ------------------------------------------------------------------------------------


def _steer(order: QueueOrder, reached: Reached) -> int:
    queue = reached.queue
    if order.jobs is not None:
        _require(order.jobs, {job for job in order.jobs if queue.row(job) is not None})
    cleans_up = order.action in ("cancel", "clear")
    concerned = send(reached, _command(order, queue), Report(order.as_json))
    if order.action == "clear" or (cleans_up and not reached.shared):
        left = wait_for_clean_up(queue, concerned)
        if order.action == "clear":
            queue.send(Clear(concerned))
    else:
        left = []
    _tell(order, _sentence(order, concerned, left), jobs=list(concerned), cleaning=left)
    if order.action in ("resume", "retry") and not reached.shared:
        _add(order, _NOBODY)
    return 0


def _command(order: QueueOrder, queue: Queue) -> Command:
    jobs = order.jobs
    simple: dict[str, Callable[[tuple[int, ...] | None], Command]] = {
        "pause": Pause,
        "resume": Resume,
        "retry": Retry,
        "cancel": Cancel,
        "clear": Clear,
    }
    if order.action in simple:
        return simple[order.action](jobs)
    if order.action == "priority":
        return SetPriority(jobs, order.priority)
    if jobs is None:
        jobs = tuple(row.job.id for row in all_rows(queue) if not row.job.finished)
    return Move(jobs, by=order.by, to=order.to)


def wait_for_clean_up(queue: Queue, jobs: Collection[int]) -> list[int]:
    """Until what those cancelled left at their destinations is removed; those where it is not."""
    concerned = set(jobs)
    left = [row.job.id for row in all_rows(queue) if row.job.id in concerned]
    deadline = time.monotonic() + _CLEAN_UP_SECONDS
    while (left := [job for job in left if _cleaning(queue, job)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(_LOOK_SECONDS)
    return left


def _cleaning(queue: Queue, job: int) -> bool:
    row = queue.row(job)
    return row is not None and row.job.cancelling and not row.job.finished


def _hold(order: QueueOrder, reached: Reached) -> int:
    held = order.action == "hold"
    reached.queue.send(Hold(held))
    running = reached.queue.snapshot(0, 0).totals.running
    what = "The queue goes on."
    if held:
        left = f"; {running:,} still to finish" if reached.shared else ""
        what = f"Nothing more is started{left}. wharfie queue go goes on."
    _tell(order, what, held=held)
    if not reached.shared:
        _add(order, _NOBODY)
    return 0


def _limit(order: QueueOrder, reached: Reached) -> int:
    queue = reached.queue
    if order.limits is not None:
        send(reached, order.limits, Report(order.as_json))
    now = queue.snapshot(0, 0)
    rate = fmt.rate(now.rate_limit) if now.rate_limit else "no limit"
    said = f"{rate}, {now.workers} at once"
    if order.limits is not None and order.limits.endpoint:
        most = order.limits.connections
        said += f"; {order.limits.endpoint}: {most or 'as many as it likes'} at once"
    _tell(order, said, rate=now.rate_limit, workers=now.workers)
    return 0


_ACTIONS: dict[str, Callable[[QueueOrder, Reached], int]] = {
    "receipt": _receipt,
    "hold": _hold,
    "go": _hold,
    "limit": _limit,
}

# Words ---------------------------------------------------------------------------------------


def _require(jobs: Sequence[int], known: Collection[int]) -> None:
    missing = [job for job in jobs if job not in known]
    if missing:
        raise InvalidName(
            "",
            f"there is no transfer {', '.join(map(str, missing))}",
            advice="See the numbers with: wharfie queue list",
        )


def _sentence(order: QueueOrder, concerned: Sequence[int], left: Sequence[int]) -> str:
    if not concerned:
        return f"nothing to {order.action}"
    shown = " ".join(map(str, concerned[:_NUMBERS_SHOWN]))
    more = (
        f" and {len(concerned) - _NUMBERS_SHOWN:,} more" if len(concerned) > _NUMBERS_SHOWN else ""
    )
    kept = (
        f"; of {len(left):,} the unfinished bytes are removed when the queue runs" if left else ""
    )
    return f"{len(concerned):,} {_PAST[order.action]}: {shown}{more}{kept}"


def _tell(order: QueueOrder, text: str, **facts: object) -> None:
    if order.as_json:
        print(json.dumps({"summary": True, "action": order.action, **facts}))
    else:
        print(text)


def _add(order: QueueOrder, text: str) -> None:
    if not order.as_json:
        print(text)
