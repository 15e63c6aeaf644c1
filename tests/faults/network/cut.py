"""One copy over a connection in trouble, and what became of it: faults.md B1 and its kin."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.network.rig import Course, Queue, Rig
from tests.faults.oracle import Finding, Harm, Watched, after_crash, at_end
from tests.faults.proxy import Fate, Plan, Tally, Toxics, Way, every
from transfers.model import JobState

SIZE = (1 << 20) + 5  # bytes of the file: quick, and a server sends it in several pieces
PART = 128 << 10  # bytes: several parts, so that there is something to resume
_MODIFIED = 1_600_000_000


@dataclass(frozen=True, slots=True)
class Cut:
    """Which copy, and after how many bytes of which direction its connection is cut.

    `streams`: connections that it goes over at once; `offset` counts the bytes of all of them.
    `replacing`: an older file stands at the destination.
    """

    course: Course
    way: Way
    offset: int
    replacing: bool = False
    fate: Fate = Fate.RESET
    streams: int = 1

    def __str__(self) -> str:
        old = "old" if self.replacing else "new"
        return f"{self.course}:{self.way}:{self.offset}:{old}:{self.fate}:{self.streams}"

    def plan(self) -> Plan:
        toxics = Toxics(after=self.offset, then=self.fate, tally=Tally())
        return every(up=toxics) if self.way is Way.UP else every(down=toxics)


def from_text(text: str) -> Cut:
    """The cut that `str` wrote. Raises ValueError."""
    course, way, offset, old, fate, streams = text.split(":")
    return Cut(Course(course), Way(way), int(offset), old == "old", Fate(fate), int(streams))


@dataclass(frozen=True, slots=True)
class Outcome:
    """`struck`: the fate came before the end. `accepted` connections passed `passed` bytes.

    `attempts`: how often it was started; `story`: the states on the way, for a person.
    """

    harm: tuple[tuple[Harm, str], ...]
    struck: bool
    attempts: int
    accepted: int
    passed: dict[Way, int]
    story: tuple[str, ...]

    def __str__(self) -> str:
        what = "; ".join(f"{harm}: {what}" for harm, what in self.harm) or "whole"
        return f"{what} ({', '.join(self.story)}; {self.accepted} connections)"


class Copier:
    """Copies one file again and again on one rig. Its bytes come from `seed`."""

    def __init__(self, rig: Rig, seed: int, size: int = SIZE) -> None:
        self.rig = rig
        self.size = size
        self._numbers = iter(range(1 << 30))
        made = random.Random(seed)
        self._new, self._old = made.randbytes(size), made.randbytes(PART + 1)
        self._source = rig.directory / "source"
        self._source.write_bytes(self._new)
        os.utime(self._source, (_MODIFIED, _MODIFIED))

    def bytes_of(self, course: Course, streams: int = 1) -> dict[Way, int]:
        """How many bytes an untouched copy sends each way: the fewer of two."""
        self.rig.streams = streams
        runs = [self.copy(course, every(), replacing=replacing) for replacing in (False, True)]
        self.rig.streams = 1
        harmed = [str(run) for run in runs if run.harm or run.attempts != 1]
        assert not harmed, harmed
        return {way: min(run.passed[way] for run in runs) for way in Way}

    def cut(self, cut: Cut) -> Outcome:
        self.rig.streams = cut.streams
        try:
            return self.copy(cut.course, cut.plan(), replacing=cut.replacing)
        finally:
            self.rig.streams = 1

    def copy(
        self, course: Course, plan: Plan, *, replacing: bool = False, faults: int = 1
    ) -> Outcome:
        """Carry out one copy and look at it, on the way and at the end.

        `plan` counts the connections of this copy alone. `faults`: how many attempts may fail.
        """
        folder = self.rig.directory / f"run-{next(self._numbers)}"
        inside = folder / "to"
        inside.mkdir(parents=True)
        old = self._old if replacing else None
        file = Watched(self._source, inside / "file", self._new, old, modified=_MODIFIED)
        if old is not None:
            file.target.write_bytes(old)
        before = self.rig.proxy.accepted
        self.rig.proxy.plan = lambda number: plan(number - before)
        outcome = self._watched(course, file, folder / "queue", faults)
        shutil.rmtree(folder)
        return outcome

    def _watched(self, course: Course, file: Watched, folder: Path, faults: int) -> Outcome:
        proxy, folders = self.rig.proxy, [file.target.parent]
        proxy.struck.clear()
        passed, accepted = dict(proxy.passed), proxy.accepted
        found: list[Finding] = []
        with self.rig.queue(folder) as queue:
            numbers = queue.send(self.rig.new(course, file.source, file.target))

            def look() -> None:
                jobs = [queue.job(number) for number in numbers]
                found.extend(after_crash([file], folders, jobs, 1))

            jobs = queue.finish(numbers, look=look)
            story = tuple(_story(queue, numbers[0]))
            attempts = queue.states(numbers[0]).count(JobState.PREPARING)
        found += [*at_end([file], folders, jobs, 1), *_trouble(attempts, faults)]
        return Outcome(
            tuple((finding.harm, finding.what) for finding in found),
            proxy.struck.is_set(),
            attempts,
            proxy.accepted - accepted,
            {way: proxy.passed[way] - passed[way] for way in Way},
            story,
        )


def _trouble(attempts: int, faults: int) -> Iterator[Finding]:
    """A fault costs an attempt, nothing else."""
    if attempts > 1 + faults:
        yield Finding(Harm.LOST, f"{faults} fault(s) took {attempts} attempts")


def _story(queue: Queue, number: int) -> Iterator[str]:
    for job in [change.job for change in queue.heard if change.job.id == number]:
        says_why = job.state in (JobState.WAITING, JobState.PARKED, JobState.FAILED)
        yield f"{job.state} ({job.reason})" if says_why else str(job.state)
