"""Many crash points, drawn by a seed and carried out by a few processes side by side."""

from __future__ import annotations

import gc
import multiprocessing
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

from providers.local import naming
from tests.faults.crash.places import SFTP, find_sftp_server
from tests.faults.crash.point import Outcome, Point, carry_out, until_killed
from tests.faults.crash.scenarios import SCENARIOS, Scenario
from tests.faults.oracle import Harm

_EDGES = (
    *("open", "write", "fsync", "link", "unlink", "replace", "mkdir", "rmdir", "chmod", "utime"),
    *("commit", "send", "answer"),
    *("exclusive rename",) * (naming.exclusive_rename is not None),
)
_TWICE = 0.3  # of the points have a second crash, in the restart
_LONGEST_DELAY = 0.0005  # seconds: about what a commit takes


class CampaignFailed(Exception):
    """The campaign itself could not be carried out."""


@dataclass(slots=True)
class Tally:
    """What became of the points so far."""

    points: int = 0
    harmed: Counter[Harm] = field(default_factory=Counter)  # points with at least one such finding
    scenarios: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)  # where they were killed
    failures: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.points += 1
        self.scenarios[outcome.point.scenario] += 1
        self.labels.update(outcome.labels)
        self.harmed.update({finding.harm for finding in outcome.findings})
        if outcome.findings:
            self.failures.append(outcome)

    def __str__(self) -> str:
        harm = self.harmed
        line = f"{self.points} points, {harm[Harm.LOST]} lost, {harm[Harm.ALTERED]} altered"
        left = harm[Harm.LEFT]
        return f"{line}, {left} left something behind" if left else line


def usable_scenarios() -> list[Scenario]:
    """Those that can be carried out here: not every machine has an SFTP server."""
    server = find_sftp_server() is not None
    return [scenario for scenario in SCENARIOS.values() if server or SFTP not in scenario.endpoints]


def calibrate(scenarios: Sequence[Scenario], directory: Path) -> dict[str, int]:
    """How many steps each takes when nobody ends it.

    Raises CampaignFailed when one fails so, and when an edge of the system is never met: the
    queue may have found another way there, which nobody watches.
    """
    steps, met = {}, set[str]()
    for scenario in scenarios:
        outcome = carry_out(Point(scenario.name), directory / "calibrate")
        if outcome.findings:
            found = "; ".join(map(str, outcome.findings))
            raise CampaignFailed(f"“{scenario.name}” fails without any crash: {found}")
        steps[scenario.name] = outcome.steps
        met |= outcome.taken.keys()
    missed = {f"{when} {edge}" for when in ("before", "after") for edge in _EDGES} - met
    if missed and len(scenarios) == len(SCENARIOS):
        raise CampaignFailed(f"never met: {', '.join(sorted(missed))}")
    return steps


def draw(count: int, steps: Mapping[str, int], seed: int) -> list[Point]:
    """`count` points, spread evenly over the scenarios in `steps`; the same for the same seed."""
    source = random.Random(seed)
    names = list(steps)
    points = []
    for number in range(count):
        name = names[number % len(names)]
        first = source.randint(1, steps[name])
        second = source.randint(1, steps[name]) if source.random() < _TWICE else 0
        midway = source.randint(1, first) if SCENARIOS[name].midway else 0
        points.append(Point(name, first, second, midway, source.uniform(0, _LONGEST_DELAY)))
    return points


def run(
    points: Sequence[Point], directory: Path, workers: int, told: Callable[[Tally], None]
) -> Tally:
    """Carry out all of `points`. What failed is kept below `directory`."""
    tally = Tally()
    for outcome in _outcomes(points, directory, workers):
        tally.add(outcome)
        told(tally)
    if tally.points != len(points):
        raise CampaignFailed(f"{len(points)} points were to be carried out, {tally} were")
    return tally


def _outcomes(points: Sequence[Point], directory: Path, workers: int) -> Iterator[Outcome]:
    """As they come. The processes are forked while this one has one thread only."""
    context = multiprocessing.get_context("fork")
    gc.freeze()
    processes = []
    receivers: list[Connection] = []
    try:
        for number in range(workers):
            receiver, sender = context.Pipe(duplex=False)
            share = points[number::workers]
            arguments = (share, directory / str(number), sender)
            process = context.Process(target=_work, args=arguments, daemon=True)
            process.start()
            sender.close()
            processes.append(process)
            receivers.append(receiver)
        while receivers:
            for ready in wait(receivers):
                assert isinstance(ready, Connection)
                try:
                    yield ready.recv()
                except EOFError:
                    receivers.remove(ready)
                    ready.close()
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _work(points: Sequence[Point], directory: Path, sender: Connection) -> None:
    for number, point in enumerate(points):
        sender.send(until_killed(point, directory / str(number)))
    sender.close()
