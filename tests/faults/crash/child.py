"""What runs in the processes that are killed and started again: a queue, worked to its end."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from providers.base import Provider
from tests.faults.crash.places import World, open_places
from tests.faults.crash.scenarios import Scenario
from tests.faults.crash.steps import watch
from transfers.engine import Engine
from transfers.model import (
    FINISHED,
    Cancel,
    Command,
    Enqueue,
    JobState,
    Pause,
    Resume,
)

_WORKERS = 3
_MIDWAY: dict[str, Callable[[], Command]] = {"cancel": Cancel, "pause": Pause}
_REST = FINISHED | {JobState.PAUSED}
_LOOK_SECONDS = 1.0
_RESTED, _TAKEN = "rested.json", "taken.json"


class _Follower:
    """Waits for what the queue pushes, never for time to pass."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        engine.listen(lambda changes: self.wake())

    def wake(self) -> None:
        self._news.put(None)

    def until(self, ready: Callable[[], bool]) -> None:
        while not ready() and not self._parked():
            if not self._engine.running:
                raise RuntimeError(f"the queue stopped: {self._engine.snapshot(0, 0).notice}")
            try:
                self._news.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue  # the parent ends what hangs

    def _parked(self) -> bool:
        """Nobody is here to answer: what waits for an answer will not be waited for."""
        return self._engine.snapshot(0, 0).totals.counts.get(JobState.PARKED, 0) > 0

    def all_in(self, states: Iterable[JobState]) -> bool:
        counts = self._engine.snapshot(0, 0).totals.counts
        return not sum(number for state, number in counts.items() if state not in set(states))


def first_run(world: World, scenario: Scenario, directory: Path, midway_at: int) -> None:
    """Plan, enqueue and work. The steps begin when the queue is opened."""
    places = open_places(world, scenario.endpoints)
    lots = scenario.plan(places, directory)
    watch(world.steps, names_by_linking=world.names_by_linking)
    engine = _open(directory, places)
    follower = _Follower(engine)
    reached: list[None] = []

    def reach() -> None:
        reached.append(None)
        follower.wake()

    if scenario.midway:
        world.steps.at(midway_at, reach)
    for lot in lots:
        engine.send(Enqueue(lot, scenario.policy, scenario.verify))
        world.shared.add("accepted", len(lot))
    if scenario.midway:
        follower.until(lambda: bool(reached) or follower.all_in(FINISHED))
        engine.send(_MIDWAY[scenario.midway]())
        world.shared.add("told")
    follower.until(lambda: follower.all_in(_REST))
    engine.close()
    (directory / _TAKEN).write_text(json.dumps(world.steps.taken))


def next_run(world: World, scenario: Scenario, directory: Path) -> None:
    """Open the queue that the run before left and work what is left in it."""
    places = open_places(world, scenario.endpoints)
    watch(world.steps, names_by_linking=world.names_by_linking)
    engine = _open(directory, places)
    follower = _Follower(engine)
    follower.until(lambda: follower.all_in(_REST))
    if scenario.midway == "pause":
        rows = engine.snapshot(0, 1000).rows
        states = {row.job.id: row.job.state for row in rows}
        if not (directory / _RESTED).exists():  # what a run resumed that was killed, rests no more
            unsure = directory / f"{_RESTED}.part"
            unsure.write_text(json.dumps(states))
            unsure.replace(directory / _RESTED)
        engine.send(Resume())
        follower.until(lambda: follower.all_in(FINISHED))
    engine.close()


def steps_taken(directory: Path) -> dict[str, int]:
    """How often the first run took each step; nothing when it did not come to its end."""
    try:
        found: dict[str, int] = json.loads((directory / _TAKEN).read_text())
    except (FileNotFoundError, json.JSONDecodeError):  # killed before, or while it wrote that
        return {}
    return found


def rested(directory: Path) -> dict[int, JobState]:
    """The jobs' states when nothing more happened, before they were resumed."""
    found = json.loads((directory / _RESTED).read_text())
    return {int(job): JobState(state) for job, state in found.items()}


def _open(directory: Path, places: Mapping[str, Provider]) -> Engine:
    return Engine(directory / "queue", places.__getitem__, workers=_WORKERS, random=lambda: 0.0)
