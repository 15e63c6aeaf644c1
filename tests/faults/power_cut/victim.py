"""A queue that works one scenario to its end, and says in its system calls what it showed.

Usage: python -m tests.faults.power_cut.victim SCENARIO DIRECTORY
"""

from __future__ import annotations

import os
import queue
import sys
from collections.abc import Sequence
from pathlib import Path

from providers.local import naming
from tests.faults.crash.places import World, open_places
from tests.faults.crash.scenarios import SCENARIOS, Scenario
from tests.faults.crash.steps import Shared, Steps
from tests.faults.power_cut.recording import MARK
from transfers.changes import Changes
from transfers.engine import Engine
from transfers.journal import Journal
from transfers.model import FINISHED, Enqueue, JobState, StateChanged

ACCEPTED, DONE = "accepted", "done"  # what a person was told: how many jobs, which one
SENT = "sent"  # about to be journaled: a job's key, how many bytes of it are stored
BEGUN, COMMITTED = "begun", "committed"  # journaled: the job's key, its source's name
_WORKERS = 3


def world_of(scenario: Scenario) -> World:
    """Nobody counts its steps."""
    shared = Shared()
    return World(
        Steps(shared),
        shared,
        -1,
        part=scenario.part,
        renames=scenario.renames,
        names_by_linking=scenario.names_by_linking,
    )


def main(name: str, directory: str) -> None:
    scenario, folder = SCENARIOS[name], Path(directory)
    if scenario.names_by_linking:
        naming.exclusive_rename = None
    _tell_of_journal()
    places = open_places(world_of(scenario), scenario.endpoints)
    lots = scenario.plan(places, folder)
    engine = Engine(folder / "queue", places.__getitem__, workers=_WORKERS, random=lambda: 0.0)
    news: queue.SimpleQueue[None] = queue.SimpleQueue()

    def heard(changes: Sequence[StateChanged]) -> None:
        for change in changes:
            if change.job.state is JobState.DONE:
                _say(DONE, change.job.id)
        news.put(None)

    engine.listen(heard)
    for lot in lots:
        engine.send(Enqueue(lot, scenario.policy, scenario.verify))
        _say(ACCEPTED, len(lot))
    while engine.snapshot(0, 0).totals.unfinished:
        news.get()
    states = {row.job.state for row in engine.snapshot(0, 1000).rows}
    engine.close()
    assert states <= FINISHED


def _tell_of_journal() -> None:
    write = Journal.write

    def told(journal: Journal, changes: Changes) -> None:
        for job in changes.saved.values():
            if job.sent:
                _say(SENT, job.key, job.sent)
        write(journal, changes)
        for job in changes.saved.values():
            if job.begun:
                _say(BEGUN, job.key)
            if job.committed:
                _say(COMMITTED, os.path.basename(job.source.path))

    Journal.write = told  # type: ignore[method-assign]


def _say(*words: object) -> None:
    os.access(MARK + "/".join(map(str, words)), os.F_OK)


if __name__ == "__main__":
    main(*sys.argv[1:])
