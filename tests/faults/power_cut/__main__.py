"""`python -m tests.faults.power_cut --points 2000 [--seed S]`: A3, the power cut at any call.

Each scenario is recorded once; `--only` those whose name has this in it. What was not synced by
then is dropped, all of it or some; a queue is started on what is left.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.crash.steps import edges
from tests.faults.oracle import Harm
from tests.faults.power_cut.cuts import SCENARIO_NAMES, Recorded
from tests.faults.strace import why_not

_MEMORY = Path("/dev/shm")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.power_cut", description=__doc__)
    parser.add_argument("--points", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--only", default="", help="scenarios whose name has this in it")
    options = parser.parse_args()
    if why_not():
        _say(why_not())
        return 2
    names = [name for name in SCENARIO_NAMES if options.only in name]
    began, harmed, manners = time.monotonic(), Counter[Harm](), Counter[str]()
    edges()
    memory = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="wharfie-power-", dir=memory) as directory:
        for number, name in enumerate(names):
            recorded = Recorded(name, Path(directory) / str(number))
            count = options.points // len(names) + (number < options.points % len(names))
            for cut, findings in recorded.carry_out(recorded.draw(count, options.seed)):
                manners[cut.manner] += 1
                harmed.update({finding.harm for finding in findings})
                for finding in findings:
                    _say(f"{name} {cut} after {recorded.calls[cut.at].name}: {finding}")
    for manner, count in manners.items():
        _say(f"{count:6}  {manner}")
    _say(f"seed {options.seed}, {time.monotonic() - began:.0f} seconds")
    figures = ", ".join(f"{harmed[harm]} {harm}" for harm in Harm)
    _say(f"{manners.total()} power cuts, {figures}")
    return 1 if harmed else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
