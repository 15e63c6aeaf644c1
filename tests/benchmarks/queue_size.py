"""What a long queue costs (faults.md H1).

    python -m tests.benchmarks.queue_size [--jobs 100000]

prints, in seconds: adding the jobs, a start with all of them (the journal is checked), pausing
all, resuming all, and the memory in MiB; nothing is moved. The processor's time is what it takes on
a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from providers.base import Place, Provider
from providers.errors import ConnectionLost
from providers.memory import MemoryProvider, Store
from transfers.engine import Engine
from transfers.model import Command, Enqueue, NewJob, Op, Pause, Resume

_ROOT = Path(__file__).parents[2]


class _Idle:
    """An engine whose workers wait for their places without end."""

    def __init__(self, directory: Path) -> None:
        self._released = threading.Event()
        self.engine = Engine(directory, self._open)

    def _open(self, endpoint: str) -> Provider:
        store = Store()
        store.fail = self._hold
        return MemoryProvider(store)

    def _hold(self, operation: str, path: str) -> None:
        self._released.wait()
        raise ConnectionLost(path)

    def close(self) -> None:
        self._released.set()
        self.engine.close()


def _new_jobs(count: int) -> tuple[NewJob, ...]:
    there = "sftp://ann@server.example.org:22"
    return tuple(
        NewJob(
            Op.COPY,
            Place("file:", f"/home/ann/pictures/2026/{number // 100:04}/picture-{number:06}.jpeg"),
            Place(there, f"/srv/backup/pictures/2026/{number // 100:04}/picture-{number:06}.jpeg"),
            size=1_000_000 + number,
            source_version=f"{number}-1790000000000000000",
            modified=1.79e9 + number,
            mode=0o644,
            within="/srv/backup",
        )
        for number in range(count)
    )


def _timed(name: str, action: Callable[[], object]) -> dict[str, float]:
    began, used = time.perf_counter(), time.process_time()
    action()
    return {
        name: time.perf_counter() - began,
        f"{name}, processor": time.process_time() - used,
    }


def _add(directory: Path, count: int) -> dict[str, float]:
    idle = _Idle(directory)
    command = Enqueue(_new_jobs(count))
    figures = _timed("add", lambda: idle.engine.send(command))
    idle.close()
    return figures


def _use(directory: Path, count: int) -> dict[str, float]:
    made: list[_Idle] = []
    figures = _timed("start", lambda: made.append(_Idle(directory)))
    (idle,) = made
    commands: dict[str, Command] = {"pause all": Pause(), "resume all": Resume()}
    for name, command in commands.items():
        figures |= _timed(name, partial(idle.engine.send, command))
    assert idle.engine.snapshot(0, 0).count == count
    figures["memory"] = _peak()
    idle.close()
    return figures


def _peak() -> float:
    """The most memory that this process had, in MiB.

    Linux's `ru_maxrss` starts with what the process had that started this one: a large test run.
    """
    import resource

    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024

    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def measure(count: int) -> dict[str, float]:
    """Seconds by what was done, and "memory" in MiB."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for step in ("add", "use"):
            command = [sys.executable, "-m", __spec__.name, "--jobs", str(count)]
            command += ["--step", step, "--directory", folder]
            done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, check=True)
            figures |= json.loads(done.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--step", choices=["add", "use"], help=argparse.SUPPRESS)
    parser.add_argument("--directory", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step = {"add": _add, "use": _use}[options.step]
        sys.stdout.write(json.dumps(step(options.directory, options.jobs)))
        return
    sys.stdout.write(f"{options.jobs} jobs\n")
    for name, value in measure(options.jobs).items():
        sys.stdout.write(f"{name:22} {value:8.2f} {'MiB' if name == 'memory' else 's'}\n")


if __name__ == "__main__":
    main()
