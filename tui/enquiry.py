"""What a dialog asks a place: in a thread, through the sign-in; given up when nobody waits."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from providers.base import Interruptible, Provider

if TYPE_CHECKING:
    from tui.sign_in import SignIn

T = TypeVar("T")
Take: TypeAlias = Callable[[Sequence[T], bool], None]
"""Takes a page on the screen's own thread; True: it begins anew, forget what came before."""
Read: TypeAlias = Callable[[Take[T]], Awaitable[None]]
"""Hands over pages as they arrive. Raises ProviderError."""


class UnderWay:
    """The call that is under way. `stop` ends it where its places can be interrupted."""

    def __init__(self, *providers: Provider) -> None:
        self.providers: Sequence[Provider] = providers
        self._lock = threading.Lock()
        self._thread: int | None = None
        self.stopped = False

    def run(self, call: Callable[[], T]) -> T:
        with self._lock:
            self._thread = threading.get_ident()
        try:
            return call()
        finally:
            with self._lock:
                self._thread = None

    def stop(self) -> None:
        with self._lock:
            self.stopped = True
            if self._thread is None:
                return
            for provider in self.providers:
                if isinstance(provider, Interruptible):
                    provider.interrupt(self._thread)


async def ask(sign_in: SignIn, provider: Provider, call: Callable[[], T]) -> T:
    """The answer to `call`, which only looks: it is ended when nobody waits any longer.

    Only in a Textual worker. Raises ProviderError.
    """
    under_way = UnderWay(provider)
    try:
        return await sign_in.call(lambda: under_way.run(call))
    finally:
        under_way.stop()


async def read_pages(
    sign_in: SignIn,
    provider: Provider,
    pages: Callable[[], Iterable[Sequence[T]]],
    take: Take[T],
) -> None:
    """Give each page to `take` as it arrives, and none once nobody waits any longer. As `ask`."""
    under_way = UnderWay(provider)
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()

    def hand_over(page: Sequence[T], anew: bool) -> None:
        if not under_way.stopped:
            take(page, anew)

    def read() -> None:
        anew = True
        for page in pages():
            if under_way.stopped:
                return
            loop.call_soon_threadsafe(hand_over, page, anew, context=context)
            anew = False

    try:
        await sign_in.call(lambda: under_way.run(read))
    finally:
        under_way.stop()
