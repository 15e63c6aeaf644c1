"""One job's run without an engine: what it reports is kept, its parts too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from providers.base import Provider
from tests.transfers.samples import LEFT, RIGHT, make_job
from transfers.control import Control
from transfers.journal import Part
from transfers.limit import Limiter
from transfers.model import Job, JobState
from transfers.run import Run, WritableProvider


@dataclass
class Kept:
    """What a run reported: its job as last told, and its parts in the order they came."""

    job: Job
    parts: list[Part] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def __call__(self, job: Job, part: Part | None, wait: bool) -> Job:
        self.job = job
        if part is not None:
            assert wait, "a part counts only once it is journaled"
            self.parts.append(part)
            self.sent.append(job.sent)
        return job


def transferring(
    source: Provider,
    target: WritableProvider,
    *,
    path: str = "/a",
    streams: int = 1,
    rate: int = 0,
    clock: Callable[[], float] = lambda: 0.0,
) -> tuple[Run, Kept]:
    """A run of a copy from `path` to "/a", its upload begun and nothing sent."""
    entry = source.stat(path)
    job = make_job(1, JobState.TRANSFERRING)
    job = replace(
        job,
        source=replace(job.source, path=path),
        target=replace(job.target, path="/a"),
        size=entry.size,
        source_version=entry.version,
        upload=target.begin("/a", entry.size, key=job.key, part_size=1 << 26),
    )
    kept = Kept(job)
    places = {LEFT: source, RIGHT: target}
    run = Run(
        job=job,
        control=Control(),
        limiter=Limiter(clock, rate),
        provider=places.__getitem__,
        reporter=kept,
        known_directories=set(),
        widener=lambda job, useful: streams,
        clean=False,
        clock=clock,
    )
    return run, kept
