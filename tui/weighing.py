"""How many files and bytes are below some entries: counted while a person thinks about them."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from providers.base import Entry, Kind, Provider
from providers.errors import Denied, NotFound, Unsupported, WrongKind
from providers.records import dataclass, replace
from tui import format as show
from tui.enquiry import ask

if TYPE_CHECKING:
    from tui.sign_in import SignIn

_REPORT_SECONDS = 0.2  # between two reports


@dataclass(slots=True)
class Weight:
    """What was found so far; a link weighs nothing and is not followed. `unread` folders could not
    be looked into."""

    files: int = 0
    folders: int = 0
    size: int = 0
    unread: int = 0

    def __str__(self) -> str:
        parts = [_counted(self.files, "file"), show.size(self.size)]
        if self.folders:
            parts.insert(1, _counted(self.folders, "folder"))
        if self.unread:
            parts.append(f"{_counted(self.unread, 'folder')} could not be read")
        return ", ".join(parts)


Weigh: TypeAlias = Callable[[Callable[[Weight], None]], Awaitable[Weight]]
"""Tells what it found so far, and returns all of it. Raises ProviderError."""


class GivenUp(Exception):
    """Nobody waits for the answer any more."""


async def weighed(
    sign_in: SignIn,
    provider: Provider,
    entries: Sequence[Entry],
    report: Callable[[Weight], None],
) -> Weight:
    """What `weigh` finds, in a thread that ends when nobody waits any longer. Raises
    ProviderError."""
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()
    stop = threading.Event()

    def tell(weight: Weight) -> None:
        loop.call_soon_threadsafe(report, weight, context=context)

    try:
        return await ask(sign_in, provider, lambda: weigh(provider, entries, tell, stop.is_set))
    finally:
        stop.set()


def weigh(
    provider: Provider,
    entries: Sequence[Entry],
    report: Callable[[Weight], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Weight:
    """Count `entries` and all below them; blocking. Raises ProviderError, GivenUp."""
    weight, told = Weight(), time.monotonic()
    pending = list(reversed(entries))
    while pending:
        if stopped():
            raise GivenUp
        entry = pending.pop()
        if entry.kind is Kind.DIR:
            pending += _below(provider, entry, weight)
        else:
            weight.files += 1
            weight.size += (entry.size or 0) if entry.kind is Kind.FILE else 0
        if time.monotonic() - told >= _REPORT_SECONDS:
            told = time.monotonic()
            report(replace(weight))
    return weight


def _below(provider: Provider, folder: Entry, weight: Weight) -> list[Entry]:
    weight.folders += 1
    try:
        return [entry for page in provider.list_dir(folder.path) for entry in page]
    except NotFound:
        return []
    except (Denied, WrongKind, Unsupported):
        weight.unread += 1
        return []


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
