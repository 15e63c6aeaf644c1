"""One job's run: what its worker may use, and the only way it speaks to the coordinator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from providers.base import Kind, Place, Provider, Writer
from providers.errors import NotFound, ProviderError, Unsupported, WrongKind
from transfers.control import Control
from transfers.journal import Part
from transfers.limit import Limiter
from transfers.model import Conflict, Job


class WritableProvider(Provider, Writer, Protocol):
    """A place that can be read and written."""


@dataclass(slots=True)
class Run:
    """`job` is as last reported; `report` journals and returns it with what a person changed."""

    job: Job
    control: Control
    limiter: Limiter
    provider: Callable[[str], Provider]
    reporter: Callable[[Job, Part | None, bool], Job]  # the flag: wait until it is journaled
    known_directories: set[Place]
    streams: int = 1  # parts of this file that may be under way at once
    clean: bool = True  # nothing of this job lies unfinished at the destination
    full: Callable[[str, str], bool] = lambda endpoint, folder: False  # whether its disk is full
    conflict: Conflict | None = field(default=None)

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

        Waiting for the disk at each state would make small files wait more than they move.
        """
        self.job = self.reporter(job, None, False)

    def source(self) -> Provider:
        return self.provider(self.job.source.endpoint)

    def target(self) -> WritableProvider:
        """The destination. Raises Unsupported when it cannot be written."""
        return writable(self.provider(self.job.target.endpoint), self.job.target)


def writable(provider: Provider, place: Place) -> WritableProvider:
    """`provider` as one that can be written. Raises Unsupported."""
    if provider.caps.parts is None or not isinstance(provider, Writer):
        raise Unsupported(
            place.path, "this place can only be read", advice="Choose another target."
        )
    return provider


def ensure_directory(provider: WritableProvider, place: Place, known: set[Place]) -> None:
    """Make the directory `place` and those above it, where they are missing.

    `known` are those seen before. Raises WrongKind when a file is in the way.
    """
    missing = []
    here = place
    while here not in known:
        try:
            if provider.stat(here.path, follow=True).kind is not Kind.DIR:
                raise WrongKind(here.path, "a file is where a directory is needed")
            break
        except NotFound:
            missing.append(here)
        above = Place(place.endpoint, provider.parent(here.path))
        if above == here:
            break
        here = above
    for directory in reversed(missing):
        _make(provider, directory)
    known.add(place)


def _make(provider: WritableProvider, place: Place) -> None:
    try:
        provider.make_dir(place.path)
    except ProviderError as error:
        # Another worker was first, or its answer was lost: what stands there decides.
        try:
            made = provider.stat(place.path, follow=True).kind is Kind.DIR
        except NotFound:
            raise error from None
        if not made:
            raise
