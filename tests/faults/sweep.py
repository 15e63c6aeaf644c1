"""Resets swept over every byte of a transfer (faults.md B1).

    python -m tests.faults.sweep --offsets 1000 [--seed 7] [--workers 2]
    python -m tests.faults.sweep --replay upload:down:4711:new:reset

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
from multiprocessing.queues import Queue
from pathlib import Path

from tests.faults.network.cut import PART, SIZE, Copier, Cut, Outcome, from_text
from tests.faults.network.rig import Course, Rig
from tests.faults.oracle import Harm
from tests.faults.proxy import Way

_TELL_SECONDS = 10.0
_SILENCE_SECONDS = 300.0  # without an outcome from any worker: then something is broken


def cuts(totals: Mapping[Course, Mapping[Way, int]], offsets: int, seed: int) -> list[Cut]:
    """`offsets` cuts for each course and direction, one at random in each equal stretch.

    Every other one replaces an older file.
    """
    chosen = random.Random(seed)
    found = []
    for course, way in itertools.product(Course, Way):
        stretch = totals[course][way] / offsets
        for number in range(offsets):
            offset = int((number + chosen.random()) * stretch)
            found.append(Cut(course, way, offset, replacing=number % 2 == 1))
    return found


def measured(copier: Copier) -> dict[Course, dict[Way, int]]:
    return {course: copier.bytes_of(course) for course in Course}


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


def _sweep(offsets: int, seed: int, workers: int) -> int:
    with tempfile.TemporaryDirectory() as folder, Rig(Path(folder), part=PART) as rig:
        totals = measured(Copier(rig, seed))
    for course, way in itertools.product(Course, Way):
        _say(f"an untouched {course} of {SIZE} bytes sends {totals[course][way]} bytes {way}")
    todo = cuts(totals, offsets, seed)
    random.Random(seed).shuffle(todo)
    harms: Counter[Harm] = Counter()
    struck, attempts, more = 0, Counter[int](), 0
    began = told = time.monotonic()
    for number, (cut, outcome) in enumerate(_outcomes(todo, seed, workers), 1):
        harms.update({harm for harm, _ in outcome.harm})
        struck += outcome.struck
        attempts[outcome.attempts] += 1
        data = Way.UP if cut.course is Course.UPLOAD else Way.DOWN
        more = max(more, outcome.passed[data] - totals[cut.course][data])
        if outcome.harm:
            _say(
                f"FAILED {cut}: {outcome}\n  again: python -m tests.faults.sweep --seed {seed}"
                f" --replay {cut}"
            )
        if time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            _say(f"{number} of {len(todo)}, {sum(harms.values())} failed")
    seconds = time.monotonic() - began
    _say(
        f"{offsets} offsets x {len(Way)} directions x {len(Course)} ways: {harms[Harm.LOST]} lost,"
        f" {harms[Harm.ALTERED]} altered, {harms[Harm.LEFT]} left behind\n"
        f"seed {seed}; {struck} of {len(todo)} were reset before they were done;"
        f" attempts {dict(sorted(attempts.items()))}; at most {more} bytes sent again;"
        f" {seconds:.0f} s"
    )
    return 1 if harms else 0


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
