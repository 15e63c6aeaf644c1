"""The digests of a file's bytes, taken as they pass: SHA-256, and one that a place states."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from providers.base import Buffer, Hasher, Stating
from transfers.model import Verify

if TYPE_CHECKING:
    from transfers.run import Run

ALGORITHM = "sha256"


class Digests:
    """Taken together; `second` is of `algorithm`, where there is one. Not thread-safe."""

    __slots__ = ("_algorithm", "_second", "_sha256")

    def __init__(self, algorithm: str = "", second: Hasher | None = None) -> None:
        self._sha256: Hasher = hashlib.sha256()
        self._algorithm, self._second = algorithm, second

    def update(self, data: Buffer, /) -> None:
        self._sha256.update(data)
        if self._second is not None:
            self._second.update(data)

    def copy(self) -> Digests:
        made = Digests(self._algorithm, None if self._second is None else self._second.copy())
        made._sha256 = self._sha256.copy()
        return made

    def hexdigest(self) -> str:
        """The SHA-256."""
        return self._sha256.hexdigest()

    def by_algorithm(self) -> dict[str, str]:
        """Lower-case hex, SHA-256 first."""
        found = {ALGORITHM: self.hexdigest()}
        if self._second is not None:
            found[self._algorithm] = self._second.hexdigest()
        return found


def digests_for(run: Run) -> Digests:
    """For the job's bytes: beside SHA-256 the digest that its destination says of what it stores,
    else the one that its source does. With SIZE nobody wants to know."""
    if run.job.verify is not Verify.SIZE:
        for place in (run.target(), run.source()):
            if place.caps.states and isinstance(place, Stating):
                algorithm = place.caps.states[0]
                return Digests(algorithm, place.hasher(algorithm))
    return Digests()


def taken(run: Run) -> Mapping[str, str]:
    """What was taken in this run of the bytes that are across; empty where they were not seen."""
    kept = run.control.checkpoint
    return {} if kept is None or kept.hasher is None else kept.hasher.by_algorithm()


def digests_of(run: Run) -> Mapping[str, str]:
    """Those of the file that `Job.digest` is of, SHA-256 first."""
    found, digest = taken(run), run.job.digest
    return found if found.get(ALGORITHM) == digest else {ALGORITHM: digest}
