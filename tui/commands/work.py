"""What commands share: work in a thread that Esc stops, and jobs for the queue."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from transfers.model import Enqueue, NewJob, Policy, Verify
from tui.background import in_thread

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

T = TypeVar("T")


async def with_progress(
    screen: MainScreen,
    doing: str,
    work: Callable[[Callable[[int | str], None], Callable[[], bool]], T],
) -> T:
    """Run `work(report, cancelled)` through the sign-in flow; Esc cancels it. `report` takes a
    count, or words, of how far it is."""
    stop = threading.Event()
    title = f"{doing}…"

    def report(far: int | str) -> None:
        words = far if isinstance(far, str) else f"{far:,}"
        screen.app.call_later(screen.progress, f"{title} {words}")

    screen.progress(title)
    screen.stoppable.append(stop)
    try:
        return await screen.services.sign_in.call(lambda: work(report, stop.is_set))
    finally:
        stop.set()
        screen.stoppable.remove(stop)
        screen.progress("")


def counting_on(report: Callable[[int], None], before: int) -> Callable[[int], None]:
    """Reports what is done beside what was done `before`."""
    return lambda count: report(before + count)


async def change(screen: MainScreen, call: Callable[[], T], doing: str) -> T:
    """The result of `call`, which changes a place: whoever stops waiting for it is told so."""
    try:
        return await screen.services.sign_in.call(call)
    except asyncio.CancelledError:
        screen.say(f"{doing} was under way when its dialog was closed. Look whether it was done.")
        raise


async def hand_over(
    screen: MainScreen,
    jobs: tuple[NewJob, ...],
    *ends: str,
    policy: Policy = Policy.ASK,
    verify: Verify | None = None,
) -> tuple[int, ...]:
    """Give `jobs` to the queue, and what lets it into `ends` (endpoints); the jobs' ids.

    `verify`: another proof than is asked for of every copy. Raises ProviderError.
    """
    services = screen.services

    def enqueue() -> tuple[int, ...]:
        services.grant(*sorted(set(ends)))
        proof = services.verify if verify is None else verify
        return services.tell_queue(Enqueue(jobs, policy=policy, verify=proof))

    return await in_thread(enqueue)
