"""`python -m tests.faults.crash --points 10000 [--seed S]`: kill the queue, see what it lost.

`--replay POINT`, as a failure prints it, carries out that point `--times` times. Threads take
steps in an order of their own, so that one time need not show what was found.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.crash.campaign import (
    CampaignFailed,
    Tally,
    calibrate,
    draw,
    run,
    usable_scenarios,
)
from tests.faults.crash.places import find_sftp_server
from tests.faults.crash.point import Outcome, Point

_MEMORY = Path("/dev/shm")  # a disk in memory: many times faster, and a crash loses no more there
_TELL_SECONDS = 10.0


def main() -> int:
    options = _options()
    directory = Path(tempfile.mkdtemp(prefix="wharfie-crash-", dir=options.directory))
    try:
        return _campaign(options, directory)
    except CampaignFailed as error:
        _say(str(error))
        return 1
    finally:
        if not any(path.is_file() for path in directory.rglob("*")):
            shutil.rmtree(directory)


def _campaign(options: argparse.Namespace, directory: Path) -> int:
    began = time.monotonic()
    if options.replay:
        points = [Point.of(options.replay)] * options.times
    else:
        scenarios = [s for s in usable_scenarios() if options.only in s.name]
        points = draw(options.points, calibrate(scenarios, directory), options.seed)
    tally = run(points, directory, options.workers, _Progress(len(points)))
    for failure in tally.failures:
        _explain(failure)
    for name, count in sorted(tally.scenarios.items()):
        _say(f"{count:6}  {name}")
    for label, count in sorted(tally.labels.items()):
        _say(f"{count:6}  killed {label}")
    if find_sftp_server() is None:
        _say("no sftp-server here (install openssh-server): its scenarios were left out")
    _say(f"seed {options.seed}, {time.monotonic() - began:.0f} seconds")
    _say(str(tally))
    return 1 if tally.failures else 0


class _Progress:
    def __init__(self, count: int) -> None:
        self._count = count
        self._told = time.monotonic()

    def __call__(self, tally: Tally) -> None:
        if time.monotonic() - self._told >= _TELL_SECONDS:
            self._told = time.monotonic()
            _say(f"… {tally.points} of {self._count}: {tally}")


def _explain(failure: Outcome) -> None:
    _say(f"FAILED --replay '{failure.point}'")
    _say(f"  killed {', then '.join(failure.labels) or 'never'}; kept in {failure.directory}")
    for finding in failure.findings:
        _say(f"  {finding}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.crash", description=__doc__)
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--workers", type=int, default=2, help="processes side by side")
    parser.add_argument("--only", default="", help="scenarios whose name has this in it")
    parser.add_argument("--replay", default="", help="one point, as a failure prints it")
    parser.add_argument("--times", type=int, default=100, help="how often to replay it")
    memory = _MEMORY if _MEMORY.is_dir() else None
    parser.add_argument("--directory", type=Path, default=memory, help="where to work")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
