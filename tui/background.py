"""Blocking calls made from the screen, each in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from textual.dom import DOMNode
from textual.worker import Worker

T = TypeVar("T")


async def in_thread(function: Callable[[], T]) -> T:
    """The result of `function`, run in a daemon thread; its exception is raised here.

    A daemon thread and not the event loop's executor: that one has few threads, and waits for
    them at exit, so a server that no longer answers would keep the program from ending.
    Cancelling stops the waiting, not the thread.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def succeed(result: T) -> None:
        if not future.done():
            future.set_result(result)

    def fail(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    def run() -> None:
        # The loop is closed when the program ended meanwhile: then nobody waits for the answer.
        with contextlib.suppress(RuntimeError):
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
                loop.call_soon_threadsafe(fail, error)
            else:
                loop.call_soon_threadsafe(succeed, result)

    threading.Thread(target=run, name="wharfie-call", daemon=True).start()
    return await future


def instead(
    node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str
) -> Worker[None]:
    """Have a worker of `node` do `work`, instead of what its `group` does until now.

    Not a coroutine: one that is replaced before it began would be one that nobody awaited.
    """
    return node.run_worker(work, group=group, exclusive=True)
