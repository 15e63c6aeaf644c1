"""One crash point: a run that is killed, perhaps a restart that is too, one that ends; a look."""

from __future__ import annotations

import os
import shutil
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.faults.crash.child import first_run, next_run, rested, steps_taken
from tests.faults.crash.places import World
from tests.faults.crash.scenarios import SCENARIOS, Scenario
from tests.faults.crash.steps import Shared, Steps, edges
from tests.faults.oracle import Finding, Harm, Watched, after_crash, at_end, obeyed
from transfers.engine import JOURNAL_NAME
from transfers.journal import Journal
from transfers.model import Job, JobState

_HANGS_SECONDS = 60
_SHOWN = 2000  # characters of what a process wrote before it ended
_KILLED = {signal.SIGKILL, signal.SIGALRM}


@dataclass(frozen=True, slots=True)
class Point:
    """Where the crashes come, as numbers of steps; 0: not at all. `midway`: the command's step.

    `delay`: seconds into a call that is cut within.
    """

    scenario: str
    first: int = 0
    second: int = 0  # in the restart
    midway: int = 0
    delay: float = 0.0

    def __str__(self) -> str:
        return f"{self.scenario}:{self.first}:{self.second}:{self.midway}:{self.delay:.6f}"

    @classmethod
    def of(cls, text: str) -> Point:
        """What `str` made."""
        scenario, *numbers, delay = text.split(":")
        return cls(scenario, *map(int, numbers), delay=float(delay))


@dataclass(slots=True)
class Outcome:
    """`point` as it happened: `labels` are the steps it was killed at, `steps` those of its first
    run."""

    point: Point
    directory: Path
    steps: int = 0
    taken: dict[str, int] = field(default_factory=dict)  # how often each, if it came to its end
    labels: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def killed(self) -> bool:
        return bool(self.labels)


@dataclass(slots=True)
class _Life:
    """A process that ended: how, and what it had told."""

    killed: bool
    shared: Shared
    trouble: str


class _Attempt:
    """One point carried out in `directory`."""

    def __init__(self, point: Point, directory: Path) -> None:
        self.outcome = Outcome(point, directory)
        self._point = point
        self._scenario: Scenario = SCENARIOS[point.scenario]
        self._directory = directory
        self._files: Sequence[Watched] = self._scenario.set_up(directory)
        self._accepted = 0
        self._put = 0

    def run(self) -> Outcome:
        point, scenario, directory = self._point, self._scenario, self._directory

        def first(world: World) -> None:
            first_run(world, scenario, directory, point.midway)

        def following(world: World) -> None:
            next_run(world, scenario, directory)

        life = self._live(first, point.first)
        self._accepted = life.shared.get("accepted")
        self.outcome.steps = life.shared.get("steps")
        self.outcome.taken = steps_taken(directory)
        told = bool(life.shared.get("told"))
        crashed = self._ended(life)
        before = self._journaled()
        if crashed and point.second:
            self._ended(self._live(following, point.second))
        if not self.outcome.findings:
            self._ended(self._live(following, 0))
        if not self.outcome.findings:
            self._look_at_end(before if told else [])
        return self.outcome

    def _live(self, body: Callable[[World], None], end_at: int) -> _Life:
        """A process from its start to its end, and that of every server it started."""
        shared = Shared()
        reading, writing = os.pipe()
        steps = Steps(shared, end_at, self._point.delay)
        scenario = self._scenario
        world = World(
            steps=steps,
            shared=shared,
            alive=writing,
            part=scenario.part,
            streams=scenario.streams,
            renames=scenario.renames,
            names_by_linking=scenario.names_by_linking,
            sftp_options=scenario.sftp_options,
        )
        log = self._directory / "errors"
        process = forked(lambda: body(world), log)
        os.close(writing)
        _, status = os.waitpid(process, 0)
        with os.fdopen(reading, "rb") as alive:
            alive.read()  # ends when the last server did, too
        code = os.waitstatus_to_exitcode(status)
        hung = code == -signal.SIGALRM and not shared.get("timed")
        killed = not hung and -code in _KILLED
        trouble = "it hung" if hung else f"it ended with status {code}"
        if code == 0 or killed:
            trouble = ""
        return _Life(killed, shared, trouble and f"{trouble}: {log.read_text()[-_SHOWN:]}")

    def _ended(self, life: _Life) -> bool:
        """Take down how a process ended, and look at what it left if it was killed."""
        if life.trouble:
            self._found(Finding(Harm.LOST, life.trouble))
        elif life.killed:
            self.outcome.labels.append(life.shared.label)
            jobs = self._journaled()
            self._found(*after_crash(self._files, self._folders(), jobs, self._accepted))
        self._put += life.shared.get("put")
        life.shared.close()
        return life.killed and not self.outcome.findings

    def _look_at_end(self, told: Sequence[Job]) -> None:
        """`told`: the jobs as they were after a command midway that was accepted."""
        jobs, midway = self._journaled(), self._scenario.midway
        cancelled = midway == "cancel"
        self._found(
            *at_end(self._files, self._folders(), jobs, self._accepted, cancelled=cancelled)
        )
        if cancelled:
            states = {job.id: job.state for job in jobs}
            self._found(*obeyed(told, states, JobState.CANCELLED))
        elif midway == "pause":
            self._found(*obeyed(told, rested(self._directory), JobState.PAUSED))
        self._look_at_bytes()

    def _look_at_bytes(self) -> None:
        """How much was sent again: for each crash no more than the parts that were under way."""
        scenario = self._scenario
        if scenario.part is None or scenario.midway:
            return
        again = self._put - sum(len(file.new) for file in self._files)
        most = len(self.outcome.labels) * scenario.part * scenario.streams
        if again > most:
            self._found(Finding(Harm.LOST, f"{again} bytes were sent again, {most} are allowed"))

    def _found(self, *findings: Finding) -> None:
        self.outcome.findings += findings

    def _folders(self) -> list[Path]:
        return [self._directory / "from", self._directory / "to"]

    def _journaled(self) -> list[Job]:
        """The jobs as a restart will find them. Reads a copy: reading may already mend."""
        queue, copy = self._directory / "queue", self._directory / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(queue, copy) if queue.exists() else copy.mkdir()
        journal = Journal(copy / JOURNAL_NAME)
        try:
            return journal.load()
        finally:
            journal.close()


def carry_out(point: Point, directory: Path) -> Outcome:
    """Carry out `point` in a new `directory`, which is kept only when something was found."""
    edges()
    directory.mkdir(parents=True)
    outcome = _Attempt(point, directory).run()
    if not outcome.findings:
        shutil.rmtree(directory)
    return outcome


def until_killed(point: Point, directory: Path) -> Outcome:
    """As `carry_out`; a run that ended before its step was reached is cut earlier."""
    while True:
        outcome = carry_out(point, directory)
        if outcome.killed or outcome.findings:
            return outcome
        point = replace(point, first=max(1, min(point.first, outcome.steps) * 9 // 10))


def forked(body: Callable[[], None], log: Path) -> int:
    """Run `body` in a process of its own, which ends with it; returns that process's number."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        signal.alarm(_HANGS_SECONDS)
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
        body()
        status = 0
    except BaseException:  # noqa: BLE001 - it must never return into its parent's work
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)
