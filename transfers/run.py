"""One job's run: what its worker may use, and the only way it speaks to the coordinator."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from providers.base import Entry, Kind, Place, Provider, Writer
from providers.errors import NotFound, ProviderError, Unsupported, WrongKind
from providers.many import Gathering, Stored
from providers.offering import may_be
from providers.records import dataclass, field
from transfers.control import Control
from transfers.journal import Part
from transfers.limit import Limiter
from transfers.model import Conflict, Job

if TYPE_CHECKING:
    from transfers.opening import Opened

Known: TypeAlias = set[tuple[Place, str]]
"""Directories that were seen, each with the directory below which no link led to it."""

MISSED = "\0missed"
"""As `MADE`, from before it is made on: it was not there when this queue came, whichever worker's
answer comes first."""

MADE = "\0made"
"""Stands for the directory in an entry of `Known` that says: made by this queue, and empty then."""


class WritableProvider(Provider, Writer, Protocol):
    """A place that can be read and written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody says that the file has this digest. `value` in lower-case hex; `whose` for a
    person to read."""

    algorithm: str
    value: str
    whose: str


@dataclass(slots=True)
class Run:
    """`job` is as last reported; `report` journals and returns it with what a person changed."""

    job: Job
    control: Control
    limiter: Limiter
    provider: Callable[[str], Provider]
    reporter: Callable[[Job, Part | None, bool], Job]  # the flag: wait until it is journaled
    known_directories: Known
    widener: Callable[[int, int], int] = lambda job, streams: 1  # parts that may be at once
    one_stream: bool = False  # the source gives the whole where a part is asked for
    alone: bool = True  # False: one of a batch, whose thread has others to work as well
    claims: Sequence[Claim] | None = None  # what the source says of its file; None: not asked yet
    stored_alike: bool = False  # every byte was compared as stored, right behind the sending
    doubtful: bool = False  # the destination says that it stored something else
    clean: bool = True  # nothing of this job lies unfinished at the destination
    full: Callable[[str, str], bool] = lambda endpoint, folder: False  # whether its disk is full
    conflict: Conflict | None = field(default=None)
    clock: Callable[[], float] = time.monotonic  # seconds
    random: Callable[[], float] = random.random  # 0 to 1: spreads the delays of retries
    sealed: Entry | None = None  # what was read, where it is known to be of one content
    opened: Opened | None = None  # the source, where it was opened to be looked at
    gathering: Gathering | None = None  # takes uploads of a batch together
    gathered: bool = False  # this one is among them
    seen: Stored | None = None  # its unfinished bytes, as they were seen when they were stored
    _target: WritableProvider | None = None  # looked at once: Python takes long to tell what it is

    def report(self, job: Job) -> Job:
        """Have `job` journaled and shown. Returns once it is durable."""
        self.job = self.reporter(job, None, True)
        return self.job

    def stored(self, job: Job, part: Part) -> Job:
        """Have a part that the destination holds durably journaled; `job` says how far it is."""
        self.job = self.reporter(job, part, True)
        return self.job

    def tell(self, job: Job) -> None:
        """Have `job` journaled and shown soon: for what nothing irrevocable hangs on.

        Waiting for the disk at each state would make small files wait more than they move, and of
        one in a batch nobody would see it.
        """
        self.job = self.reporter(job, None, False) if self.alone else job

    def source(self) -> Provider:
        return self.provider(self.job.source.endpoint)

    def target(self) -> WritableProvider:
        """The destination. Raises Unsupported when it cannot be written."""
        if self._target is None:
            self._target = writable(self.provider(self.job.target.endpoint), self.job.target)
        return self._target


def writable(provider: Provider, place: Place) -> WritableProvider:
    """`provider` as one that can be written. Raises Unsupported."""
    writes = may_be(type(provider), Writer) or isinstance(provider, Writer)
    if provider.caps.parts is None or not writes:
        raise Unsupported(
            place.path, "this place can only be read", advice="Choose another target."
        )
    return cast(WritableProvider, provider)


def _nothing() -> None:
    return


def ensure_directory(
    provider: WritableProvider,
    place: Place,
    known: Known,
    within: str = "",
    touches: Callable[[], None] = _nothing,
) -> None:
    """Make the directory `place` and those above it, where they are missing.

    `touches` is called before the first is made, and may raise. A link between `within`, the
    directory a person chose, and `place` is not followed (faults.md D3); "": links are. Raises
    WrongKind for one, or when a file is in the way; NotFound where only a person makes what is
    missing.
    """
    missing, seen = [], []
    here, trusted = place, not within
    while (here, within) not in known:
        trusted = trusted or here.path == within
        try:
            _need_directory(provider, here, follow=trusted)
            if trusted:
                break
        except NotFound as error:
            if is_top(provider, here.path):
                raise _no_top(provider, here.path) from error
            missing.append(here)
        seen.append((here, within))
        above = Place(place.endpoint, provider.parent(here.path))
        if above == here:
            break
        here = above
    if missing:
        touches()
    for directory in reversed(missing):
        known.add((directory, MISSED))
        if _make(provider, directory, follow=not within):
            known.add((directory, MADE))
    known.update(seen, {(place, within)})


def make_folder(run: Run, folder: Place, within: str) -> None:
    """`ensure_directory` at the destination of `run`."""
    for last in (False, True):
        try:
            ensure_directory(
                run.target(), folder, run.known_directories, within, run.control.touches
            )
            return
        except NotFound:  # one above it was removed since it was seen
            if last:
                raise
            run.known_directories.clear()


def is_top(provider: Provider, path: str) -> bool:
    """Whether `path` is what only a person makes and removes (`Capabilities.tops`)."""
    above = provider.parent(path)
    return provider.caps.tops != "" and above != path and provider.parent(above) == above


def _no_top(provider: Provider, path: str) -> NotFound:
    what = f"there is no such {provider.caps.tops}"
    return NotFound(path, what, advice="Make it first (F7), or check its name.")


def _need_directory(provider: Provider, place: Place, *, follow: bool) -> None:
    kind = provider.stat(place.path, follow=follow).kind
    if kind is Kind.LINK:
        raise WrongKind(
            place.path,
            "a link stands where a directory is needed, and nothing is written through it",
            advice="Remove the link, or choose the directory that it leads to as the target.",
        )
    if kind is not Kind.DIR:
        raise WrongKind(place.path, "a file is where a directory is needed")


def _make(provider: WritableProvider, place: Place, *, follow: bool) -> bool:
    """Whether it was made here."""
    try:
        provider.make_dir(place.path)
        return True
    except ProviderError as error:
        # Another worker was first, or its answer was lost: what stands there decides.
        try:
            _need_directory(provider, place, follow=follow)
        except NotFound:
            raise error from None
    return False
