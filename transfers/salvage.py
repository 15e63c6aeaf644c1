"""What can still be read of a damaged journal, and what of it may be believed (faults.md A9)."""

from __future__ import annotations

from collections.abc import Iterable

from providers.records import dataclass, field
from transfers.altered import altered
from transfers.carve import rows
from transfers.changes import Changes, Event, Part
from transfers.journal_rows import REALS, WIDTH, Values, checksum, doubtful, to_job, whole
from transfers.migrate import REALS_2, VERSION_1, WIDTH_2, from_version_1, from_version_2
from transfers.model import RUNNING, Job, JobState, Op, ParkReason

_UNDER_WAY = (
    "The saved queue was damaged while this was under way. Compare source and target, then resume "
    "or cancel it."
)
_NOT_PRUNED = (
    "not deleted: the saved queue was damaged, and nobody knows whether the rest of its mirror "
    "succeeded"
)
_SETTING, _SEAL, _PART, _EVENT = 3, 5, 6, 7  # columns


@dataclass(slots=True)
class Found:
    """`changes` fill a new journal. `lost`: jobs of which nothing is left; None: nobody knows."""

    changes: Changes = field(default_factory=Changes)
    doubtful: int = 0
    lost: int | None = None
    torn: bool = False  # rows may be of different moments

    def sentence(self, kept_as: str) -> str:
        """For a person. `kept_as`: the damaged file."""
        doubts = f", {self.doubtful} of them parked because they are doubtful" * bool(self.doubtful)
        if self.lost is None:
            lost = "How many could not be read, and are lost from the list, cannot be told"
        else:
            lost = f"{self.lost} could not be read and are lost from the list"
        torn = " Some may be shown as they were a moment before." * self.torn
        return (
            f"The saved queue was damaged. {len(self.changes.saved)} transfers were read "
            f"back{doubts}. {lost}.{torn} No file was touched. The damaged queue is kept in "
            f"{kept_as}."
        )


@dataclass(slots=True)
class _Rows:
    whole: dict[int, Job] = field(default_factory=dict)
    clashing: set[int] = field(default_factory=set)  # of `whole`: there twice, and not the same
    damaged: list[Values] = field(default_factory=list)
    old: list[Values] = field(default_factory=list)  # of version 1, which had no checksums
    others: dict[int, list[Values]] = field(default_factory=dict)  # by number of columns


def salvage(raw: bytes, sound: bool) -> Found:
    """Read the jobs out of a journal's bytes.

    `sound`: its structure and the number and moment of its rows are right; only some values are
    not. Otherwise rows may be missing, or of different moments: what was under way is parked.
    """
    read = _sorted_out(rows(raw))
    seals = read.others.get(_SEAL)
    found = Found(torn=not sound)
    for job in read.whole.values():
        if job.id in read.clashing or (not sound and _under_way(job)):
            job = _parked(job)
            found.doubtful += 1
        found.changes.saved[job.id] = job
    damaged = read.damaged
    if not seals and not read.whole and not damaged:
        damaged = [(*from_version_1(row), 0, 0) for row in read.old]
    _take_doubtful(damaged, found)
    _prune_nothing(found.changes.saved)
    if seals:
        found.lost = max(0, seals[-1][2] - len(found.changes.saved))
    _take_others(read, found.changes, sound)
    return found


def _sorted_out(found: Iterable[Values]) -> _Rows:
    read = _Rows()
    for row in found:
        if len(row) == WIDTH_2:
            row = from_version_2(tuple(_real(v) if i in REALS_2 else v for i, v in enumerate(row)))
        if len(row) == WIDTH:
            row = tuple(_real(v) if i in REALS else v for i, v in enumerate(row))
            if not whole(row):
                read.damaged.append(row)
                continue
            job = to_job(row[:-2])
            if read.whole.setdefault(job.id, job) != job:
                read.clashing.add(job.id)
        elif len(row) == len(VERSION_1):
            read.old.append(row)
        elif len(row) in (_SETTING, _SEAL, _PART, _EVENT):
            row = (*row[:2], _real(row[2]), *row[3:]) if len(row) == _EVENT else row
            values = row[1:-1] if len(row) == _SEAL else row[:-1]  # it is not told its own number
            if checksum(values) == row[-1]:
                read.others.setdefault(len(row), []).append(row)
    return read


def _real(value: object) -> object:
    """SQLite stores whole floats as integers."""
    return float(value) if isinstance(value, int) else value


def _under_way(job: Job) -> bool:
    begun = job.begun or job.upload is not None or job.state in RUNNING
    return begun and not job.finished and not job.cancelling


def _parked(job: Job) -> Job:
    return altered(
        job,
        state=JobState.PARKED,
        park=ParkReason.OTHER,
        asks="",
        reason=_UNDER_WAY,
        sent=0,
        prefix="",
    )


def _take_doubtful(damaged: Iterable[Values], found: Found) -> None:
    """At the end of the queue; under a number of its own when another job has that one."""
    saved = found.changes.saved
    next_id = max(saved, default=0) + 1
    next_seq = max((job.seq for job in saved.values()), default=0) + 1
    for job in filter(None, map(doubtful, damaged)):
        number = next_id if job.id in saved else job.id
        next_id = max(next_id, number + 1)
        saved[number] = altered(job, id=number, seq=next_seq)
        next_seq += 1
        found.doubtful += 1


def _prune_nothing(saved: dict[int, Job]) -> None:
    """What a mirror deletes depends on all of its other jobs, and some may be lost."""
    for job in saved.values():
        if job.op is Op.PRUNE and job.state not in (JobState.DONE, JobState.SKIPPED):
            over = {"state": JobState.SKIPPED, "reason": _NOT_PRUNED, "park": None, "asks": ""}
            saved[job.id] = altered(job, **over, cancelling=False, pausing=False)


def _take_others(read: _Rows, changes: Changes, sound: bool) -> None:
    changes.settings = {name: value for name, value, _ in read.others.get(_SETTING, [])}
    for first, last, at, before, after, why, _ in read.others.get(_EVENT, []):
        if first in changes.saved or last in changes.saved:
            was = JobState(before) if before else None
            changes.events.append(Event(first, at, was, JobState(after), why, last))
    if sound:
        for job_id, number, start, length, receipt, _ in read.others.get(_PART, []):
            job = changes.saved.get(job_id)
            if job is not None and job.upload is not None:
                changes.parts.append(Part(job_id, number, start, length, receipt))
