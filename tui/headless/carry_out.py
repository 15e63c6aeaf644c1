"""Jobs given to the queue and seen to their end, whoever works it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from providers.access import Access
from transfers.model import Enqueue, NewJob, Pause
from transfers.queue_api import Queue
from tui.headless.attach import grant_for
from tui.headless.follow import follow, send
from tui.headless.reach import Reached
from tui.headless.report import Report

_SHOWN = 12  # numbers of jobs in a sentence


def carry_out(
    command: Enqueue,
    reached: Reached,
    access: Access,
    report: Report,
    *,
    limits: bool,
    sent: Callable[[tuple[int, ...]], None] = lambda _: None,
) -> None:
    """Have the queue do the jobs of `command`, and see them to their end.

    `limits`: a person gave some that hold only where this process works the queue. `sent` is told
    the jobs' numbers once they are journaled. Raises JournalError, KeyboardInterrupt.
    """
    queue = reached.queue
    ids: tuple[int, ...] = ()
    if reached.shared:
        _hand_over(command.jobs, queue, access, limits=limits)
    try:
        ids = send(reached, command, report)
        sent(ids)
        follow(reached, dict(zip(ids, command.jobs, strict=True)), report)
        reached.finish_for_others()
    except KeyboardInterrupt:
        if reached.shared and ids:
            pause(queue, ids)
        raise


def let_in(queue: Queue, access: Access, endpoints: Sequence[str]) -> None:
    """Let the process that works the queue in, wherever this one was let in."""
    for endpoint in sorted(set(endpoints)):
        queue.grant(grant_for(access, endpoint))


def _hand_over(jobs: Sequence[NewJob], queue: Queue, access: Access, *, limits: bool) -> None:
    let_in(queue, access, [p.endpoint for job in jobs for p in (job.source, job.target)])
    if limits:
        told = "the queue runs already, with limits of its own: wharfie queue limit changes them"
        print(f"wharfie: {told}", file=sys.stderr)


def pause(queue: Queue, ids: Sequence[int]) -> None:
    """What another process works would go on without us."""
    paused = queue.send(Pause(tuple(ids)))
    if paused:
        span = str(paused[0]) if len(paused) == 1 else " ".join(map(str, paused[:_SHOWN]))
        if len(paused) > _SHOWN:
            span = "all"
        noun = "transfer is" if len(paused) == 1 else "transfers are"
        told = f"{len(paused):,} {noun} paused: wharfie queue resume {span} goes on"
        print(f"wharfie: {told}", file=sys.stderr)
