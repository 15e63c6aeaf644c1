"""What stands where files of a batch are to go: which of them may go together all the same.

What that means is decided as for one file (`transfers.prepare.decided`); only looking is done for
all of them at once. Where the answer is not to write, or anything is in doubt, a file is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from providers.base import Entry, Kind
from providers.errors import NotFound, ProviderError
from providers.many import Batcher, Stored
from providers.records import dataclass
from transfers.conflict import Act
from transfers.prepare import beside_source, decided, named_alike

if TYPE_CHECKING:
    from transfers.run import Run


@dataclass(frozen=True, slots=True)
class Settled:
    """A file that may be written. `replacing`: the version of what it takes the place of; None:
    nothing is there. `source`: what it was when that was decided; None: nothing hung on it."""

    run: Run
    replacing: str | None = None
    source: Entry | None = None

    def still_holds(self, entry: Entry) -> bool:
        """Whether it is settled for what was read as well, which is `entry`."""
        return self.source is None or self.source.version == entry.version


def settled(source: Batcher, target: Batcher, runs: Sequence[Run]) -> list[Settled]:
    """Those of `runs` for which nothing is in the way, or only a file that is to be replaced."""
    there = target.stat_all([run.job.target.path for run in runs]) if runs else ()
    free: list[Settled] = []
    taken: list[tuple[Run, Entry]] = []
    for run, found in zip(runs, there, strict=True):
        if isinstance(found, NotFound):
            free.append(Settled(run))
        elif isinstance(found, Entry) and _is_known(found):
            taken.append((run, found))
    return free + _replacing(source, taken)


def _is_known(entry: Entry) -> bool:
    """Whether it is a file that can be told from another one of its name."""
    return entry.kind is Kind.FILE and bool(entry.version)


def _replacing(source: Batcher, taken: Sequence[tuple[Run, Entry]]) -> list[Settled]:
    entries = source.stat_all([run.job.source.path for run, _ in taken]) if taken else ()
    found: list[Settled] = []
    for (run, existing), entry in zip(taken, entries, strict=True):
        if isinstance(entry, Entry) and _is_known(entry):
            name = run.target().name(run.job.target.path)
            decision = decided(run.job, entry, existing, name)
            if decision.act is Act.WRITE:
                found.append(Settled(run, decision.replacing, entry))
    return found


def apart(source: Batcher, stored: Sequence[tuple[Settled, Stored]]) -> list[bool]:
    """Whether each does not replace its own source, reached by another address; False also where
    that could not be seen."""
    asked: dict[int, str] = {}
    found = [True] * len(stored)
    for number, (one, there) in enumerate(stored):
        if one.replacing is None or not named_alike(one.run, one.run.job):
            continue
        found[number] = False
        try:
            asked[number] = beside_source(one.run, one.run.job, there.entry.path)
        except ProviderError:
            continue
    told = source.stat_all(list(asked.values())) if asked else ()
    for number, entry in zip(asked, told, strict=True):
        found[number] = isinstance(entry, NotFound)
    return found
