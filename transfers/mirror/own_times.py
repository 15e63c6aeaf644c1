"""Files' own times, where a list tells only when they were stored, and each has to be asked about.

Of one stored content that time never changes: what was told once, or came with a copy, is kept, so
that the next comparison of an unchanged bucket reads the pages of its list and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from providers.base import Entry, Kind
from providers.private_file import write_private
from providers.records import dataclass, field, replace
from transfers.mirror.model import Pair
from transfers.model import Job, JobState, Op

_Listed: TypeAlias = tuple[str, float]
"""What a listing tells of one stored content: its version, and when it was stored."""


@dataclass(slots=True)
class OwnTimes:
    """By address: what the listing told, and the own time of just that. Thread-safe: threads ask
    about one address each."""

    _known: dict[str, tuple[_Listed, float]] = field(default_factory=dict)

    def told(self, listed: Entry) -> Entry | None:
        """The file of a listing with its own time; None: that is not known."""
        known = self._known.get(listed.path)
        if known is None or known[0] != _key(listed):
            return None
        return replace(listed, modified=known[1])

    def learn(self, listed: Entry, version: str | None, modified: float | None) -> None:
        """The file that a listing told of is of `version` and has this time of its own."""
        key = _key(listed)
        if key is not None and modified is not None and version == listed.version:
            self._known[listed.path] = (key, modified)

    def learn_copies(self, pairs: Iterable[Pair], jobs: Iterable[Job]) -> None:
        """What was copied has told its time on the way."""
        copies = {
            job.source.path: job for job in jobs if job.op is Op.COPY and job.state is JobState.DONE
        }
        for pair in pairs:
            job = None if pair.left is None else copies.get(pair.left.path)
            if pair.left is not None and job is not None:
                self.learn(pair.left, job.source_version, job.modified)

    def forget_others(self, pairs: Sequence[Pair]) -> None:
        """Keep nothing of what is not there any more."""
        there = {pair.left.path for pair in pairs if pair.left is not None}
        self._known = {path: known for path, known in self._known.items() if path in there}

    def write(self, path: Path) -> None:
        """Raises OSError."""
        rows = [[name, *listed, own] for name, (listed, own) in self._known.items()]
        write_private(path, json.dumps(rows).encode())


def _key(listed: Entry) -> _Listed | None:
    if listed.kind is not Kind.FILE or listed.version is None or listed.modified is None:
        return None
    return listed.version, listed.modified


def read(path: Path) -> OwnTimes:
    """Nothing is known where there is no such file, or none that can be read: it is asked again."""
    try:
        rows = json.loads(path.read_bytes())
        return OwnTimes({str(n): ((str(v), float(at)), float(own)) for n, v, at, own in rows})
    except (OSError, ValueError, TypeError):
        return OwnTimes()
