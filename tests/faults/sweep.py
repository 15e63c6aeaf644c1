"""Resets swept over every byte of a transfer (faults.md B1).

    python -m tests.faults.sweep --offsets 1000 [--seed 7] [--workers 2]
    python -m tests.faults.sweep --replay upload:down:4711:new:reset:1

Uploads and downloads over a real sshd; each is reset once, after byte n upstream or downstream, n
spread evenly over what an untouched copy sends: greeting, key exchange, sign-in, SFTP and data.
Each must end done by itself, the same bytes at both ends, with nothing left behind.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from pathlib import Path
from typing import TypeAlias

from tests.faults.network.cut import PART, SIZE, Copier, Cut, Outcome, from_text
from tests.faults.network.rig import Course, Rig
from tests.faults.oracle import Harm
from tests.faults.proxy import Way

_STREAMS = (1, 3)  # one after the other, and several parts at once
_TELL_SECONDS = 10.0
_SILENCE_SECONDS = 300.0  # without an outcome from any worker: then something is broken


Totals: TypeAlias = Mapping[tuple[Course, int], Mapping[Way, int]]
"""By course and number of streams: the bytes that an untouched copy sends each way."""


def cuts(totals: Totals, offsets: int, seed: int) -> list[Cut]:
    """`offsets` cuts for each course and direction, one at random in each equal stretch.

    Every other one replaces an older file; of four, two go over several connections at once.
    """
    chosen = random.Random(seed)
    found = []
    for course, way in itertools.product(Course, Way):
        for number in range(offsets):
            streams = _STREAMS[number // 2 % 2]
            offset = int((number + chosen.random()) / offsets * totals[course, streams][way])
            old = number % 2 == 1
            found.append(Cut(course, way, offset, replacing=old, streams=streams))
    return found


def measured(copier: Copier) -> Totals:
    kinds = itertools.product(Course, _STREAMS)
    return {(course, streams): copier.bytes_of(course, streams) for course, streams in kinds}


def _work(todo: Sequence[Cut], seed: int, outcomes: Queue[tuple[Cut, Outcome] | str]) -> None:
    """A worker process: its own sshd, proxy and queues."""
    try:
        with tempfile.TemporaryDirectory() as folder, Rig(Path(folder), part=PART) as rig:
            copier = Copier(rig, seed)
            for cut in todo:
                outcomes.put((cut, copier.cut(cut)))
    except BaseException:
        outcomes.put(traceback.format_exc())
        raise


def _outcomes(todo: Sequence[Cut], seed: int, workers: int) -> Iterator[tuple[Cut, Outcome]]:
    context = multiprocessing.get_context("spawn")
    outcomes: Queue[tuple[Cut, Outcome] | str] = context.Queue()
    shares = [todo[index::workers] for index in range(workers)]
    processes = [
        context.Process(target=_work, args=(share, seed, outcomes), daemon=True) for share in shares
    ]
    for process in processes:
        process.start()
    try:
        for _ in todo:
            outcome = outcomes.get(timeout=_SILENCE_SECONDS)
            if isinstance(outcome, str):
                raise RuntimeError(f"a worker process failed:\n{outcome}")
            yield outcome
    finally:
        for process in processes:
            process.join(30)
            process.terminate()


@dataclass(slots=True)
class Summary:
    """What came of all cuts so far."""

    totals: Totals
    done: int = 0
    struck: int = 0
    failed: int = 0
    again: int = 0  # bytes sent again after a cut, at most
    harms: Counter[Harm] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)

    def add(self, cut: Cut, outcome: Outcome) -> None:
        self.done += 1
        self.struck += outcome.struck
        self.failed += bool(outcome.harm)
        self.harms.update({harm for harm, _ in outcome.harm})
        self.attempts[outcome.attempts] += 1
        data = Way.UP if cut.course is Course.UPLOAD else Way.DOWN
        again = outcome.passed[data] - self.totals[cut.course, cut.streams][data]
        self.again = max(self.again, again)

    def __str__(self) -> str:
        return (
            f"{self.harms[Harm.LOST]} lost, {self.harms[Harm.ALTERED]} altered,"
            f" {self.harms[Harm.LEFT]} left behind; {self.struck} of {self.done} were struck;"
            f" attempts {dict(sorted(self.attempts.items()))};"
            f" at most {self.again} bytes sent again"
        )


def _sweep(offsets: int, seed: int, workers: int) -> int:
    with tempfile.TemporaryDirectory() as folder, Rig(Path(folder), part=PART) as rig:
        summary = Summary(measured(Copier(rig, seed)))
    for (course, streams), total in summary.totals.items():
        sent = " and ".join(f"{count} bytes {way}" for way, count in total.items())
        _say(f"an untouched {course} of {SIZE} bytes in {streams} stream(s) sends {sent}")
    todo = cuts(summary.totals, offsets, seed)
    random.Random(seed).shuffle(todo)
    began = told = time.monotonic()
    for cut, outcome in _outcomes(todo, seed, workers):
        summary.add(cut, outcome)
        if outcome.harm:
            again = f"python -m tests.faults.sweep --seed {seed} --replay {cut}"
            _say(f"FAILED {cut}: {outcome}\n  again: {again}")
        if time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            _say(f"{summary.done} of {len(todo)}, {summary.failed} failed")
    _say(f"{offsets} offsets x {len(Way)} directions x {len(Course)} ways: {summary}")
    _say(f"seed {seed}; {time.monotonic() - began:.0f} s")
    return 1 if summary.failed else 0


def _replay(text: str, seed: int) -> int:
    with tempfile.TemporaryDirectory() as folder, Rig(Path(folder), part=PART) as rig:
        outcome = Copier(rig, seed).cut(from_text(text))
        _say(str(outcome))
        return 1 if outcome.harm else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--offsets", type=int, default=1000, help="for each direction and way")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--workers", type=int, default=2, help="processes at once")
    parser.add_argument("--replay", metavar="CUT", help="one that failed")
    given = parser.parse_args()
    if given.replay:
        return _replay(given.replay, given.seed)
    return _sweep(given.offsets, given.seed, given.workers)


if __name__ == "__main__":
    sys.exit(main())
