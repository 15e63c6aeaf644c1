"""Random commands and random faults: every job ends, every file is whole, nothing is left over."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import ConnectionLost, NoSpace
from tests.transfers.queue_case import LEFT, PART, RIGHT, QueueCase
from transfers.journal import Journal
from transfers.model import (
    Cancel,
    Command,
    JobState,
    Move,
    NewJob,
    Op,
    Pause,
    Policy,
    ProofWord,
    Resolve,
    Resume,
    Retry,
    SetLimits,
)

S = JobState
_JOBS = 24
_COMMANDS = 150


def _command(dice: random.Random, numbers: tuple[int, ...]) -> Command:
    some = tuple(dice.sample(numbers, dice.randint(1, 3)))
    commands: list[Command] = [
        Pause(some),
        Resume(some),
        Resume(None),
        Cancel(some[:1]),
        Retry(some),
        Move(some, by=dice.choice([-2, -1, 1, 3])),
        Move(some, to=dice.choice(["top", "bottom"])),
        Resolve(some[0], dice.choice([Policy.OVERWRITE, Policy.RENAME])),
        SetLimits(workers=dice.randint(1, 6)),
    ]
    return dice.choice(commands)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.usefixtures("soon")
def test_whatever_is_asked_and_whatever_breaks_nothing_is_lost_or_half_done(
    case: QueueCase, seed: int
) -> None:
    dice, faults = random.Random(seed), random.Random(seed)
    files = {f"/{n}": dice.randbytes(dice.randint(0, 4 * PART)) for n in range(_JOBS)}
    old = {path: b"old" for path in files if dice.random() < 0.3}
    for path, data in files.items():
        case.left.put(path, data)
    for path, data in old.items():
        case.right.put(path, data)

    def lose(operation: str, path: str) -> None:
        # What could not be removed for a cancel is told and left: another test's matter.
        if operation != "abort" and faults.random() < 0.02:
            raise ConnectionLost(path)

    def lose_or_fill(operation: str, path: str) -> None:
        lose(operation, path)
        if operation == "put_part" and faults.random() < 0.02:
            raise NoSpace(path)

    case.left.store.fail, case.right.store.fail = lose, lose_or_fill
    ops = {path: dice.choice([Op.COPY, Op.COPY, Op.MOVE]) for path in files}
    new = [NewJob(ops[path], Place(LEFT, path), Place(RIGHT, path)) for path in files]
    numbers = case.send_new(*new)
    for _ in range(_COMMANDS):
        case.engine.send(_command(dice, numbers))
    case.left.store.fail = case.right.store.fail = None
    _settle(case, numbers)
    for number, path in zip(numbers, files, strict=True):
        _check(case, number, path, files[path], old.get(path))
    assert case.right.leftovers() == []
    _journal_agrees(case)


def _settle(case: QueueCase, numbers: tuple[int, ...]) -> None:
    """Answer everything until every job is done or cancelled."""
    for number in numbers:
        while case.job(number).state is not S.DONE:
            job = case.reach(number, S.DONE, S.CANCELLED, S.FAILED, S.PARKED, S.PAUSED, S.WAITING)
            if job.state in (S.DONE, S.CANCELLED):
                break
            case.engine.send(Resolve(number, Policy.OVERWRITE))
            case.engine.send(Retry((number,)))
            case.engine.send(Resume((number,)))


def _check(case: QueueCase, number: int, path: str, data: bytes, old: bytes | None) -> None:
    job = case.job(number)
    there = case.right.get(job.target.path)
    if job.state is S.DONE:
        assert there == data
        assert job.proof is not None and job.proof.word is ProofWord.SHA256
    else:
        assert there in (None, old, data)
        assert case.left.get(path) == data
    assert case.right.get(path) in (None, old, data)
    if "the source was kept: it was cancelled" in job.reason:  # after the copy had its name
        assert (job.op, job.state, case.left.get(path)) == (Op.MOVE, S.DONE, data)
        return
    assert job.reason == ""
    if job.op is Op.MOVE and job.state is S.DONE:
        assert case.left.get(path) is None


def _journal_agrees(case: QueueCase) -> None:
    shown = [row.job for row in case.engine.snapshot().rows]
    case.engine.close()
    journal = Journal(Path(case.directory) / "queue.db")
    try:
        assert journal.load() == shown
    finally:
        journal.close()
