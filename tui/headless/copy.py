"""`wharfie copy SOURCE... TARGET`: planned here, done by the queue, followed to the end."""

from __future__ import annotations

from collections.abc import Sequence

from providers.access import Access
from providers.base import Entry, Kind, Place, Provider
from providers.errors import Denied, InvalidName, NotFound, Unsupported, WrongKind
from providers.location import parse
from providers.records import dataclass, replace
from providers.registry import open_provider
from providers.sites import Sites
from transfers.model import Carry, Enqueue, Links, NewJob, Op, Policy, Verify
from transfers.pool import ProviderPool
from transfers.scan import plan_directory, plan_link, plan_one, plan_tree
from tui.headless.carry_out import carry_out
from tui.headless.interrupts import terminated_as_interrupt
from tui.headless.reach import reach
from tui.headless.report import Report
from tui.headless.sign_in import asking
from tui.settings import Home


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """What the command line asked for. `rate` in bytes a second; None: as the queue is set."""

    sources: tuple[str, ...]
    target: str
    move: bool = False
    policy: Policy = Policy.ASK
    verify: Verify = Verify.AUTO
    links: Links = Links.LINK
    carry: Carry = Carry.ALL
    expected: str = ""  # the digest of the one file that is copied
    workers: int | None = None
    rate: int | None = None
    as_json: bool = False


def run_copy(order: CopyOrder, home: Home, access: Access) -> int:
    """Plan, queue and follow. Raises ProviderError, QueueInUse, JournalError, KeyboardInterrupt."""
    report = Report(order.as_json)
    with terminated_as_interrupt():
        pool = ProviderPool(lambda endpoint: open_provider(endpoint, access))
        try:
            jobs = asking(access, lambda: plan(order, pool, access.sites))
            with reach(
                home,
                access,
                serve=True,
                workers=order.workers,
                rate=order.rate,
                opened=pool.hand_over,
            ) as reached:
                if reached.shared:
                    pool.close()
                command = Enqueue(jobs, order.policy, order.verify)
                limits = order.workers is not None or order.rate is not None
                carry_out(command, reached, access, report, limits=limits)
        finally:
            pool.close()
    report.summary()
    return 0 if report.all_fine else 1


@dataclass(frozen=True, slots=True)
class _Source:
    """What one SOURCE stands for. `contents`: what is in it, not it."""

    place: Place
    entry: Entry
    contents: bool


def plan(order: CopyOrder, pool: ProviderPool, sites: Sites | None = None) -> tuple[NewJob, ...]:
    """The jobs of `order`, in the order given.

    Both ends are looked at before a tree is walked: what a place asks is asked at once.
    """
    place = parse(order.target, sites)
    target = pool.get(place.endpoint)
    place = Place(place.endpoint, target.resolve(place.path))
    several = order.target.endswith("/") or len(order.sources) > 1
    into = _is_directory(target, place.path, surely=several)
    sources = [_found(text, pool, sites) for text in order.sources]
    jobs: list[NewJob] = []
    for source in sources:
        jobs.extend(_plan_source(source, pool, target, place, into=into, order=order))
    if order.carry is not Carry.ALL:
        jobs = [replace(job, carry=order.carry) for job in jobs]
    if order.expected:
        return (_expecting(jobs, order.expected),)
    return tuple(jobs)


def _expecting(jobs: Sequence[NewJob], digest: str) -> NewJob:
    files = [job for job in jobs if job.op in (Op.COPY, Op.MOVE)]
    if len(jobs) != 1 or len(files) != 1:
        raise InvalidName(
            "", f"--expect is for one file, and these are {len(jobs)}", advice="Name one file."
        )
    return replace(files[0], expected=digest)


def _is_directory(provider: Provider, path: str, *, surely: bool) -> bool:
    """Whether `path` receives names; `surely`: it does, even where it cannot be looked at."""
    try:
        return _kind(provider, path) is Kind.DIR or surely
    except (Denied, Unsupported, WrongKind):
        if surely:
            return True
        raise


def _found(text: str, pool: ProviderPool, sites: Sites | None) -> _Source:
    there = parse(text, sites)
    source = pool.get(there.endpoint)
    there = Place(there.endpoint, source.resolve(there.path))
    contents = text.endswith("/")
    return _Source(there, source.stat(there.path, follow=contents), contents)


def _plan_source(
    found: _Source,
    pool: ProviderPool,
    target: Provider,
    place: Place,
    *,
    into: bool,
    order: CopyOrder,
) -> Sequence[NewJob]:
    there, entry, contents = found.place, found.entry, found.contents
    source, move, links = pool.get(there.endpoint), order.move, order.links
    if entry.kind is Kind.DIR and (contents or not into):
        _require_directory_or_nothing(target, place.path)
        return plan_directory(
            source,
            entry,
            there.endpoint,
            target,
            place,
            move=move,
            keep_source=contents,
            links=links,
        )
    if contents:
        raise WrongKind(there.path, "is not a directory", advice="Leave out the / at its end.")
    if into:
        return plan_tree(source, [entry], there.endpoint, target, place, move=move, links=links)
    if entry.kind is Kind.LINK:
        return plan_link(source, entry, there.endpoint, target, place, move=move, links=links)
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
