"""Whole commands timed in turn, A B C A B C …: a machine whose speed drifts treats all alike."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_MEMORY = Path("/dev/shm")
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""As what is installed: the first run, which does not count, leaves its modules compiled. Where it
must not, each run compiles 250 of them, which takes longer than all else that a start does."""


@dataclass(frozen=True, slots=True)
class Runner:
    """A command by name. `makes` is what it leaves in the folder it runs in, removed each time; "":
    nothing. `more`: environment variables. `forgets`: a folder that is removed before each run, as
    what a queue did before is no part of what is measured."""

    name: str
    command: Sequence[str]
    makes: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    forgets: Path | None = None


@dataclass(frozen=True, slots=True)
class Workplace:
    """`folder` is in memory where the system has such; `home`, Wharfie's own, on the disk, where a
    journal belongs."""

    folder: Path
    home: Path


@contextmanager
def workplace() -> Iterator[Workplace]:
    where = _MEMORY if _MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=where, prefix="wharfie-bench-") as folder,
        tempfile.TemporaryDirectory(prefix="wharfie-bench-home-") as home,
    ):
        yield Workplace(Path(folder), Path(home))


def wharfie(home: Path, *arguments: str) -> list[str]:
    """Wharfie's command line."""
    more = {"WHARFIE_HOME": str(home), "PYTHONPATH": str(_ROOT), **COMPILED}
    said = [f"{name}={value}" for name, value in more.items()]
    return ["env", *said, sys.executable, "-m", "tui", *arguments]


def seconds_of(folder: Path, runners: Sequence[Runner], runs: int) -> dict[str, list[float]]:
    """Wall seconds of each run, by name; one of each first that does not count.

    Raises CalledProcessError, with what was printed, when a command fails.
    """
    took: dict[str, list[float]] = {runner.name: [] for runner in runners}
    for counted in range(-1, runs):
        for runner in runners:
            seconds = _once(folder, runner)
            if counted >= 0:
                took[runner.name].append(seconds)
    return took


def _once(folder: Path, runner: Runner) -> float:
    if runner.forgets is not None:
        shutil.rmtree(runner.forgets, ignore_errors=True)
    began = time.perf_counter()
    given = {**os.environ, **runner.more}
    done = subprocess.run(
        runner.command, cwd=folder, env=given, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])
        done.check_returncode()
    made = folder / runner.makes if runner.makes else None
    if made is not None and made.is_dir():
        shutil.rmtree(made)
    elif made is not None:
        made.unlink()
    return seconds


def table(title: str, took: dict[str, list[float]], reference: str) -> str:
    """Medians, and the median of each round's ratio to `reference`."""
    lines = [title]
    for name, seconds in took.items():
        ratios = [own / other for own, other in zip(seconds, took[reference], strict=True)]
        median, ratio = statistics.median(seconds), statistics.median(ratios)
        spread = f"{min(ratios):.2f}–{max(ratios):.2f}"
        lines.append(f"  {name:34} {median:8.2f} s   × {ratio:.2f}   ({spread})")
    return "\n".join(lines) + "\n"
