"""Whether two files have the same contents: by what both places know, or by reading them."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import TypeAlias

from providers.base import Buffer, Digester, Entry, Kind, Provider
from providers.errors import Unsupported
from providers.records import dataclass
from transfers.model import Conflict
from tui import format as show
from tui.background import in_thread
from tui.enquiry import UnderWay

LIMIT = 64 << 20  # bytes that are read of each file
_REPORT_EVERY = 4 << 20  # bytes
_SHA256 = "sha256"

Report: TypeAlias = Callable[[int], None]
"""Told how many bytes were compared so far."""
Stopped: TypeAlias = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Finding:
    """`equal`: whether the contents are; None: as far as they were read. `read` bytes of each are
    equal, or a `digest` of that name told it. `ended`: which file has no more, "new" or "old"."""

    equal: bool | None
    read: int = 0
    digest: str = ""
    ended: str = ""


Compare: TypeAlias = Callable[[Report], Awaitable[Finding]]
"""Raises ProviderError."""


class GivenUp(Exception):
    """Nobody waits for the answer any more."""


def told(finding: Finding) -> str:
    """A finding as a sentence for a person."""
    if finding.digest:
        word = "Same contents" if finding.equal else "Different contents"
        return f"{word}: {finding.digest} of both."
    if finding.equal:
        return f"Same contents: all {finding.read:,} bytes were compared."
    if finding.equal is None:
        return f"Equal so far: the first {show.size(finding.read)} were compared."
    if finding.ended:
        return f"Different: equal up to byte {finding.read:,}, where the {finding.ended} one ends."
    return f"Different from byte {finding.read + 1:,} on."


async def compared(
    open_places: Callable[[], tuple[Provider, Provider]], conflict: Conflict, report: Report
) -> Finding:
    """What `compare` finds, in a thread; it ends when nobody waits any longer.

    `open_places` is called there: the source's and the destination's. Raises ProviderError.
    """
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()
    under_way, stop = UnderWay(), threading.Event()

    def tell(count: int) -> None:
        loop.call_soon_threadsafe(report, count, context=context)

    def call() -> Finding:
        places = open_places()
        under_way.providers = places
        return under_way.run(lambda: compare(*places, conflict, tell, stop.is_set))

    try:
        return await in_thread(call)
    finally:
        stop.set()
        under_way.stop()


def compare(
    source: Provider,
    target: Provider,
    conflict: Conflict,
    report: Report = lambda _: None,
    stopped: Stopped = lambda: False,
    limit: int = LIMIT,
) -> Finding:
    """Compare both sides of `conflict`; blocking. At most `limit` bytes of each are read.

    Raises ProviderError (SourceChanged, where one is not what it was), GivenUp.
    """
    new, old = conflict.source, conflict.target
    if new.kind is not Kind.FILE or old.kind is not Kind.FILE:
        raise Unsupported(old.path, "only files have contents to compare")
    for name, digest in new.digests.items():
        if name in old.digests:
            return Finding(old.digests[name] == digest, digest=name)
    if _cheap(source, target, new, old, limit):
        with suppress(Unsupported):  # a server without a shell, say: then they are read
            sides = sorted([(source, new), (target, old)], key=lambda side: side[0].caps.near)
            far, near = (_digest(place, entry) for place, entry in sides)
            return Finding(far == near, digest=_SHA256)
    return _by_reading(source, target, conflict, report, stopped, limit)


def _cheap(source: Provider, target: Provider, new: Entry, old: Entry, limit: int) -> bool:
    """Whether a place that is far can digest its file, so that its bytes need not be sent."""
    if new.size is None or new.size != old.size or new.size > limit:
        return False
    places = (source, target)
    far = [place for place in places if not place.caps.near]
    return bool(far) and all(_digests(place) for place in far)


def _digests(place: Provider) -> bool:
    return isinstance(place, Digester) and _SHA256 in place.caps.digests


def _digest(place: Provider, entry: Entry) -> str:
    if not place.caps.near and isinstance(place, Digester):
        return place.digest(entry.path, _SHA256)
    hasher = hashlib.sha256()
    with place.read(entry.path, version=entry.version) as reader:
        for chunk in reader.chunks():
            hasher.update(chunk)
    return hasher.hexdigest()


def _by_reading(
    source: Provider,
    target: Provider,
    conflict: Conflict,
    report: Report,
    stopped: Stopped,
    limit: int,
) -> Finding:
    with ExitStack() as stack:
        sides = []
        for place, entry in ((source, conflict.source), (target, conflict.target)):
            ranged = place.caps.ranged_reads and entry.size is not None
            length = min(entry.size or 0, limit) if ranged else None
            reader = place.read(entry.path, length=length, version=entry.version)
            sides.append(_up_to(limit, stack.enter_context(reader).chunks()))
        equal, ended = first_difference(sides[0], sides[1], _taking(report, stopped))
    if not ended:
        return Finding(False, equal)
    sizes = conflict.source.size, conflict.target.size
    if equal >= limit and not (sizes[0] == sizes[1] == limit):
        return Finding(None, equal)
    if ended == "both":
        return Finding(True, equal)
    return Finding(False, equal, ended=ended)


def _taking(report: Report, stopped: Stopped) -> Report:
    """Told of every piece, it tells of every fourth MiB. Raises GivenUp."""
    next_report = _REPORT_EVERY

    def took(count: int) -> None:
        nonlocal next_report
        if stopped():
            raise GivenUp
        if count >= next_report:
            next_report = count + _REPORT_EVERY
            report(count)

    return took


def _up_to(limit: int, chunks: Iterable[Buffer]) -> Iterator[Buffer]:
    """The first `limit` bytes; no more is asked for than these."""
    left = limit
    for chunk in chunks:
        yield memoryview(chunk)[:left]
        left -= len(chunk)
        if left <= 0:
            return


def first_difference(
    new: Iterable[Buffer], old: Iterable[Buffer], took: Report = lambda _: None
) -> tuple[int, str]:
    """How many bytes are equal from the start on, and who ended there: "new", "old", "both", or ""
    for a byte that differs. `took` is told how many are equal so far."""
    mine, theirs = iter(new), iter(old)
    left = right = b""
    equal = 0
    while True:
        left, right = left or _next(mine), right or _next(theirs)
        count = min(len(left), len(right))
        if not count:
            ends = {(True, True): "both", (True, False): "new", (False, True): "old"}
            return equal, ends[not left, not right]
        if left[:count] != right[:count]:
            return equal + _where(left, right, count), ""
        equal += count
        took(equal)
        left, right = left[count:], right[count:]


def _next(chunks: Iterator[Buffer]) -> bytes:
    """The next piece that is not empty; nothing at the end."""
    return next((bytes(chunk) for chunk in chunks if len(chunk)), b"")


def _where(left: bytes, right: bytes, count: int) -> int:
    """The first of `count` bytes that differs; one of them does."""
    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle
    return low
