"""A2: a queue is killed at its n-th system call of a kind, by strace; started again; looked at.

`python -m tests.faults.system_calls` does so for each call, job type and n, until n is more than
there are; `--sample K --seed S` takes K numbers of each. Prints what was found and a sum.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tests.faults.crash.child import first_run, next_run
from tests.faults.crash.places import World
from tests.faults.crash.scenarios import SCENARIOS, Scenario
from tests.faults.crash.steps import Shared, Steps
from tests.faults.oracle import Finding, Harm, after_crash, at_end
from tests.faults.strace import CALLS, killing, why_not
from transfers.engine import JOURNAL_NAME
from transfers.journal import Journal
from transfers.model import Job

JOB_TYPES = (
    *("copy", "move across disks", "overwrite", "move over a file"),
    *("copy where names are given by links", "move by renaming", "large in parts"),
)
_HANGS_SECONDS = 60
_SHOWN = 2000  # characters of what a process wrote before it ended
_NONE_LEFT = 2  # runs that were not killed: there are no calls of that number any more
_LARGEST_SAMPLED = 24


@dataclass(frozen=True, slots=True)
class Point:
    scenario: str
    call: str
    when: int

    def __str__(self) -> str:
        return f"{self.scenario}, {self.call} {self.when}"


def carry_out(point: Point, directory: Path) -> tuple[bool, list[Finding]]:
    """Whether `point` was reached, and what is not as it must be.

    `directory` is made, and kept only when something was found.
    """
    scenario = SCENARIOS[point.scenario]
    directory.mkdir()
    files = scenario.set_up(directory)
    folders = [directory / "from", directory / "to"]
    first = _Life(scenario, lambda world: first_run(world, scenario, directory, 0), directory)
    with killing(first.process, point.call, point.when):
        killed, found = first.lived()
    accepted = first.shared.get("accepted")
    if killed and not found:
        found = after_crash(files, folders, _journaled(directory), accepted)
    if killed and not found:
        following = _Life(scenario, lambda world: next_run(world, scenario, directory), directory)
        _, found = following.lived()
    if not found:
        found = at_end(files, folders, _journaled(directory), accepted)
    if not found:
        shutil.rmtree(directory)
    return killed, found


def _journaled(directory: Path) -> list[Job]:
    """The jobs as a restart will find them. Reads a copy: reading may already mend."""
    queue, copy = directory / "queue", directory / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(queue, copy) if queue.exists() else copy.mkdir()
    journal = Journal(copy / JOURNAL_NAME)
    try:
        return journal.load()
    finally:
        journal.close()


class _Life:
    """A process that waits to be told to run `body`, and ends with it."""

    def __init__(self, scenario: Scenario, body: Callable[[World], None], directory: Path) -> None:
        self.shared = Shared()
        self._scenario = scenario
        self._log = directory / "errors"
        waiting, self._start = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            self._run(body, waiting)
        os.close(waiting)

    def _run(self, body: Callable[[World], None], waiting: int) -> NoReturn:
        status = 1
        try:
            signal.alarm(_HANGS_SECONDS)
            os.dup2(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
            os.close(self._start)
            os.read(waiting, 1)
            body(self._world())
            status = 0
        except BaseException:  # noqa: BLE001 - it must never return into its parent's work
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(status)

    def _world(self) -> World:
        steps, scenario = Steps(self.shared), self._scenario
        return World(
            steps,
            self.shared,
            -1,
            part=scenario.part,
            renames=scenario.renames,
            names_by_linking=scenario.names_by_linking,
        )

    def lived(self) -> tuple[bool, list[Finding]]:
        """Let it run to its end: whether it was killed, and what was wrong about its end."""
        os.write(self._start, b"!")
        os.close(self._start)
        _, status = os.waitpid(self.process, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return True, []
        if status == 0:
            return False, []
        how = "it hung" if os.WIFSIGNALED(status) else "it failed"
        return False, [Finding(Harm.LOST, f"{how}: {self._log.read_text()[-_SHOWN:]}")]


def sampled(count: int, seed: int) -> Iterator[Point]:
    """`count` numbers of each call in each job type; low ones more often, as there are more."""
    numbers = random.Random(seed)
    for scenario in JOB_TYPES:
        for call in CALLS:
            for _ in range(count):
                yield Point(scenario, call, 1 + int(_LARGEST_SAMPLED * numbers.random() ** 3))


def sweep(scenario: str, call: str, attempt: Callable[[Point], bool]) -> None:
    """Each number in turn, until there are no more calls of that number in any thread."""
    missed, when = 0, 0
    while missed < _NONE_LEFT:
        when += 1
        missed = 0 if attempt(Point(scenario, call, when)) else missed + 1


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=0, help="points of each kind; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if why_not():
        _say(why_not())
        return 2
    points, harmed = 0, 0
    with tempfile.TemporaryDirectory() as folder:

        def attempt(point: Point) -> bool:
            nonlocal points, harmed
            killed, found = carry_out(point, Path(folder) / f"{points}-{point.when}")
            points += killed
            harmed += bool(found)
            for finding in found:
                _say(f"{point}: {finding}")
            return killed

        if options.sample:
            for point in sampled(options.sample, options.seed):
                attempt(point)
        else:
            for scenario in JOB_TYPES:
                for call in CALLS:
                    sweep(scenario, call, attempt)
    _say(f"seed {options.seed}: {points} points, {harmed} lost or altered")
    return 1 if harmed else 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - it is a command


if __name__ == "__main__":
    sys.exit(main())
