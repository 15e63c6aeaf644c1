"""What commands share: work in a thread that Esc stops, and jobs for the queue."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from transfers.model import Enqueue, NewJob, Policy
from tui.background import in_thread

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

T = TypeVar("T")


async def with_progress(
    screen: MainScreen, doing: str, work: Callable[[Callable[[int], None], Callable[[], bool]], T]
) -> T:
    """Run `work(report, cancelled)` through the sign-in flow; Esc cancels it."""
    stop = threading.Event()
    title = f"{doing}…"

    def report(count: int) -> None:
        screen.app.call_later(screen.progress, f"{title} {count:,}")

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
    screen: MainScreen, jobs: tuple[NewJob, ...], *ends: str, policy: Policy = Policy.ASK
) -> None:
    """Give `jobs` to the queue, and what lets it into `ends` (endpoints). Raises ProviderError."""
    services = screen.services

    def enqueue() -> None:
        services.grant(*sorted(set(ends)))
        services.tell_queue(Enqueue(jobs, policy=policy, verify=services.verify))

    await in_thread(enqueue)
