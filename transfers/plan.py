"""What jobs would meet at their targets: looked at before anything is moved, never changed."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from providers.base import Entry, Kind, Provider
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyProblem,
    NotFound,
    ProviderError,
    Throttled,
    WrongKind,
)
from providers.records import dataclass, field
from transfers.conflict import is_different
from transfers.model import OF_LINKS, NewJob, Op
from transfers.scan import ScanCancelled

_FEW = 4  # names in a folder up to which each is looked at alone: a listing may have a million
_REPORT_EVERY = 100  # jobs
_CLOSER = 64  # files of which only the time differs that are looked at themselves
_IN_VAIN = 4  # of these, one after the other, where that told nothing more
T = TypeVar("T")
_NO_DIGESTS: Mapping[str, Mapping[str, str]] = {}


class Meets(StrEnum):
    """What stands where a job's file is to go."""

    NEW = "new"  # nothing
    SAME = "same"  # a file of the same size and time or of the same digest, or the same link
    DIFFERENT = "different"  # another file, or a link
    CLASH = "name clash"  # a name that its place takes for the same, or another job's
    BLOCKED = "in the way"  # a directory, a device, or no folder to put it into
    UNKNOWN = "not known"  # it could not be looked at
    FOLDER = "folder"  # one to be made, or there already
    LEFT_OUT = "left out"  # Op.NOTE says why


THERE = frozenset({Meets.SAME, Meets.DIFFERENT, Meets.CLASH, Meets.UNKNOWN})
"""Where the policy decides."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A job, and what it would meet. `there` is what stands at its target, where that is known."""

    job: NewJob
    meets: Meets
    there: Entry | None = None


@dataclass(slots=True)
class Tally:
    """How many, and their bytes; of `unsized` files nobody knows the size."""

    count: int = 0
    size: int = 0
    unsized: int = 0

    def add(self, job: NewJob) -> None:
        self.count += 1
        self.size += job.size or 0
        self.unsized += job.size is None and job.op in (Op.COPY, Op.MOVE)


def tallies(rows: Iterable[Planned]) -> dict[Meets, Tally]:
    """How much of each kind there is; kinds of which there is none are left out."""
    found: dict[Meets, Tally] = {}
    for row in rows:
        found.setdefault(row.meets, Tally()).add(row.job)
    return {meets: found[meets] for meets in Meets if meets in found}


def look_ahead(
    jobs: Sequence[NewJob],
    target: Provider,
    *,
    digests: Mapping[str, Mapping[str, str]] = _NO_DIGESTS,
    on_progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Planned]:
    """What each of `jobs`, all of one target place, would meet there.

    One listing for a folder, or a look at each name where they are few. `digests`: what the
    source's place says of files, by path. What cannot be looked at (denied, not reachable) is
    UNKNOWN. Raises AuthRequired, HostKeyProblem, ScanCancelled.
    """
    stopped = cancelled or (lambda: False)
    looking = _Looking(target, digests, _wanted(jobs, target), stopped)
    found = []
    for count, job in enumerate(jobs, 1):
        found.append(looking.at(job))
        if on_progress is not None and count % _REPORT_EVERY == 0:
            on_progress(count)
    return found


def _wanted(jobs: Sequence[NewJob], target: Provider) -> Counter[str]:
    """How many names of each folder will be asked for."""
    wanted: Counter[str] = Counter()
    tops = {job.within for job in jobs}
    for job in jobs:
        if job.op is not Op.NOTE:
            wanted[target.parent(job.target.path)] += 1
    pending = list(wanted)
    while pending:
        folder = pending.pop()
        above = target.parent(folder)
        if folder in tops or above == folder:
            continue
        if above not in wanted:
            pending.append(above)
        wanted[above] += 1
    return wanted


@dataclass(slots=True)
class _Folder:
    """A directory of the target. `alone`: its names are looked at one by one.

    Not `open`: nothing is in it (it is missing), or `blocked`, or nobody can tell (`unknown`).
    """

    open: bool = False
    alone: bool = False
    blocked: bool = False
    unknown: bool = False
    entries: dict[str, Entry] = field(default_factory=dict)  # by name, as `_Looking.folded` has it


_MISSING, _BLOCKED = _Folder(), _Folder(blocked=True)
_UNKNOWN = _Folder(unknown=True)


class _Looking:
    """Each directory of the target is listed once, and none below one that is missing."""

    def __init__(
        self,
        place: Provider,
        digests: Mapping[str, Mapping[str, str]],
        wanted: Counter[str],
        stopped: Callable[[], bool],
    ) -> None:
        self._place = place
        self._stopped = stopped
        self._digests = digests
        self._wanted = wanted
        self._folds = place.caps.folds_names
        self._folders: dict[str, _Folder] = {}
        self._taken: set[str] = set()  # what earlier jobs are going to
        self._closer_left, self._in_vain = _CLOSER, 0
        self._lost = False  # the place does not answer: it is not asked again

    def at(self, job: NewJob) -> Planned:
        if self._stopped():
            raise ScanCancelled
        if job.op is Op.NOTE:
            return Planned(job, Meets.LEFT_OUT)
        path = job.target.path
        folder = self._folder(self._place.parent(path), job.within)
        name = self._place.name(path)
        try:
            there = self._find(folder, path, name)
            if there is not None and not folder.alone:
                there = self._closer(job, there)
        except _NotTold:
            return Planned(job, Meets.UNKNOWN)
        if folder.blocked or folder.unknown:
            return Planned(job, Meets.BLOCKED if folder.blocked else Meets.UNKNOWN)
        return self._planned(job, there, self._clashes(path, name, there))

    def folded(self, name: str) -> str:
        """Equal for names that the place takes for the same."""
        return _composed(name).casefold() if self._folds else name

    def _clashes(self, path: str, name: str, there: Entry | None) -> bool:
        """Whether another job has this name, or what stands there only looks like it."""
        mine = self.folded(path)
        if mine in self._taken:
            return True
        self._taken.add(mine)
        return there is not None and _composed(there.name) != _composed(name)

    def _planned(self, job: NewJob, there: Entry | None, clashes: bool) -> Planned:
        if job.op is Op.MAKE_DIR:
            good = there is None or there.kind is Kind.DIR
            return Planned(job, Meets.FOLDER if good else Meets.BLOCKED, there)
        if there is not None and there.kind in (Kind.DIR, Kind.OTHER):
            return Planned(job, Meets.BLOCKED, there)
        if clashes:
            return Planned(job, Meets.CLASH, there)
        if there is None:
            return Planned(job, Meets.NEW)
        return Planned(job, Meets.SAME if self._same(job, there) else Meets.DIFFERENT, there)

    def _same(self, job: NewJob, there: Entry) -> bool:
        for algorithm, digest in self._digests.get(job.source.path, {}).items():
            if algorithm in there.digests:
                return there.digests[algorithm] == digest
        if job.op in OF_LINKS:
            return there.kind is Kind.LINK and job.leads != "" and there.target == job.leads
        return there.kind is Kind.FILE and not is_different(as_entry(job), there)

    def _closer(self, job: NewJob, listed: Entry) -> Entry:
        """What stands there, looked at itself where only its time differs: a listing may tell when
        a file was stored instead. Raises _NotTold."""
        only_time = listed.size == job.size and not self._same(job, listed)
        if not only_time or self._place.caps.near or not self._closer_left:
            return listed
        try:
            (found,) = self._asking(lambda: (self._place.stat(listed.path),))
        except (NotFound, WrongKind):
            return listed
        self._in_vain = 0 if found.modified != listed.modified else self._in_vain + 1
        self._closer_left = 0 if self._in_vain == _IN_VAIN else self._closer_left - 1
        return found

    # The target's folders

    def _folder(self, path: str, top: str) -> _Folder:
        """The folder at `path`, found from `top` downwards. A loop: trees may be very deep."""
        chain = []
        while path not in self._folders and path != top and self._place.parent(path) != path:
            chain.append(path)
            path = self._place.parent(path)
        found = self._folders.get(path) or self._look(path)
        self._folders[path] = found
        for each in reversed(chain):
            found = self._folders[each] = self._below(found, each)
        return found

    def _below(self, above: _Folder, path: str) -> _Folder:
        if not above.open:
            return above
        try:
            there = self._find(above, path, self._place.name(path))
        except _NotTold:
            return _UNKNOWN
        if there is None:
            return _MISSING
        return self._look(path) if there.kind is Kind.DIR else _BLOCKED

    def _look(self, path: str) -> _Folder:
        if self._wanted[path] <= _FEW:
            return _Folder(open=True, alone=True)
        found = _Folder(open=True)
        try:
            for page in self._asking(lambda: self._place.list_dir(path)):
                found.entries |= {self.folded(entry.name): entry for entry in page}
        except NotFound:
            return _MISSING
        except WrongKind:
            return _BLOCKED
        except _NotTold:
            return _UNKNOWN
        return found

    def _find(self, folder: _Folder, path: str, name: str) -> Entry | None:
        """What has that name in `folder`. Raises _NotTold."""
        folded = self.folded(name)
        if not folder.alone or folded in folder.entries:
            return folder.entries.get(folded)
        try:
            (there,) = self._asking(lambda: (self._place.stat(path),))
        except (NotFound, WrongKind):
            return None
        folder.entries[folded] = there
        return there

    def _asking(self, call: Callable[[], Iterable[T]]) -> list[T]:
        """The place's answer. Raises _NotTold where it gives none, NotFound, WrongKind."""
        if self._lost:
            raise _NotTold
        answer = []
        try:
            for each in call():
                if self._stopped():
                    raise ScanCancelled
                answer.append(each)
        except (NotFound, WrongKind, AuthRequired, HostKeyProblem):
            raise
        except ProviderError as error:
            self._lost = isinstance(error, ConnectionLost | Throttled)
            raise _NotTold from error
        return answer


def _composed(name: str) -> str:
    """Equal for the Unicode forms of one name."""
    return unicodedata.normalize("NFC", name)


class _NotTold(Exception):
    """The place did not say what stands there."""


def as_entry(job: NewJob) -> Entry:
    """A job's source, as far as the job tells."""
    return Entry(job.source.path, "", Kind.FILE, size=job.size, modified=job.modified)
