"""A link that goes down and up again while a queue runs (faults.md B7).

    unshare -n python -m tests.faults.network.link --times 100

Run it in a network namespace of its own: it switches the namespace's loopback off and on.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.faults.network.rig import Course, Queue, Rig
from tests.faults.oracle import Harm, Watched, at_end
from transfers.model import Job, SetLimits

_FILE = 2 << 20  # bytes
_PART = 256 << 10
_RATE = 4 << 20  # bytes a second: the queue must last as long as the outages
_DOWN, _UP = 0.3, 0.3  # seconds


def may_cut_links() -> bool:
    """Whether a namespace of its own can be made here, and its link be switched."""
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("ip") is None or os.getuid() != 0:
        return False
    switch = [unshare, "-n", "ip", "link", "set", "lo", "up"]
    return subprocess.run(switch, capture_output=True, check=False).returncode == 0


def _switch(to: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", to], check=True)


def _outages(times: int, over: threading.Event) -> int:
    """Switch the link off and on, `times` or until `over`; returns how often."""
    for number in range(times):
        if over.wait(_UP):
            return number
        _switch("down")
        over.wait(_DOWN)
        _switch("up")
    return times


def _run(folder: Path, times: int) -> int:
    count = max(4, int(times * (_DOWN + _UP) * _RATE / _FILE))
    to, made = folder / "to", random.Random(times)
    to.mkdir()
    files = []
    for number in range(count):
        source = folder / f"source-{number}"
        source.write_bytes(made.randbytes(_FILE))
        files.append(Watched(source, to / source.name, source.read_bytes()))
    with Rig(folder, part=_PART) as rig, rig.queue(folder / "queue") as queue:
        queue.engine.send(SetLimits(rate=_RATE))
        courses = [made.choice(list(Course)) for _ in files]
        new = [rig.new(c, f.source, f.target) for c, f in zip(courses, files, strict=True)]
        began = time.monotonic()
        outages, jobs = _while_it_runs(queue, queue.send(*new), times)
        seconds = time.monotonic() - began
    found = at_end(files, [to], jobs, count)
    harms = [finding.harm for finding in found]
    for finding in found:
        sys.stdout.write(f"{finding}\n")
    retried = sum(job.attempt - 1 for job in jobs)
    sys.stdout.write(
        f"{outages} outages of the link during {count} files of {_FILE} bytes:"
        f" {harms.count(Harm.LOST)} lost, {harms.count(Harm.ALTERED)} altered;"
        f" {retried} attempts were repeated; {seconds:.0f} s\n"
    )
    return 1 if found else 0


def _while_it_runs(queue: Queue, numbers: tuple[int, ...], times: int) -> tuple[int, list[Job]]:
    over = threading.Event()
    counted: list[int] = []
    switching = threading.Thread(target=lambda: counted.append(_outages(times, over)))
    switching.start()
    try:
        jobs = queue.finish(numbers, seconds=240)
    finally:
        over.set()
        switching.join()
    return counted[0], jobs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=100, help="how often the link goes away")
    times = parser.parse_args().times
    _switch("up")
    with tempfile.TemporaryDirectory() as folder:
        return _run(Path(folder), times)


if __name__ == "__main__":
    sys.exit(main())
