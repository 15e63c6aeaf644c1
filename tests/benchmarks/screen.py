"""What a person waits for at the screen, and what it sends over a slow line (faults.md H1, H2).

    python -m tests.benchmarks.screen [--rows 1000000] [--jobs 100000] [--times 100]

The program itself runs on a pseudo-terminal, 100 by 30, beside a queue in a process of its own of
which 8 jobs move bytes. Printed: from a key to what it changes on the screen; from the start to the
first rows, with a queue at work and with none; bytes drawn for a key, and in a second while nothing
is pressed, both as over SSH.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from providers.access import Access
from tests.benchmarks.busy_queue import ACTIVE, busy_queue
from tests.benchmarks.side_by_side import COMPILED
from tests.tui.hosts import until_queue_is_free
from tests.tui.screen_on_pty import ScreenOnPty
from transfers.reaching import NoHost
from tui.headless.attach import attach
from tui.settings import home_in

_ROOT = Path(__file__).parents[2]
_ACCESS = Access(Path("known_hosts"))
_DOWN, _PAGE_DOWN, _HOME, _TAB, _ESCAPE = b"\x1b[B", b"\x1b[6~", b"\x1b[H", b"\t", b"\x1b"
_QUIET = 1.0  # seconds after which all that a start or a dialog changes is drawn
_DRAWN = 0.25  # seconds after which all that a key changes is drawn
_BETWEEN_KEYS = 0.03  # seconds: as a key that is held repeats
_ALONE = "alone.txt"  # the only file in the other pane
_SOME = "picture-"
_NAME = re.compile(rb"picture-(\d{7})")
_LETTERS = "ICTUR"  # capitals: what is typed is told from the names that have it in them
_PLACEHOLDER = "part of a name"

Figures = dict[str, list[float]]
"""Seconds, or bytes, by what they are of."""


@dataclass(frozen=True)
class Stage:
    """A home, a folder of `rows` files and one with a single file, under `top`."""

    top: Path
    rows: int

    @property
    def home(self) -> Path:
        return self.top / "home"

    def screen(self, left: str = "many", *, ssh: bool = False) -> ScreenOnPty:
        env = {"WHARFIE_HOME": str(self.home), "PYTHONPATH": str(_ROOT), **COMPILED}
        if ssh:
            env["SSH_CONNECTION"] = "192.0.2.1 50000 192.0.2.2 22"
        return ScreenOnPty(self.top / left, self.top / "few", env=env)

    def start(self) -> float:
        """Seconds from the start of the program to the first row."""
        began = time.monotonic()
        with self.screen("few") as screen:
            screen.until(_ALONE)
            return time.monotonic() - began

    def start_alone(self) -> float:
        """The same where no process works the queue yet."""
        self.stop_queue()
        return self.start()

    def stop_queue(self) -> None:
        with suppress(NoHost), closing(attach(home_in(self.home), _ACCESS, start=False)) as queue:
            queue.stop(pause=False)
        until_queue_is_free(self.home)

    @property
    def whole(self) -> str:
        """What stands below the rows once all are read."""
        return f"{self.rows:,} entries"


@contextmanager
def staged(rows: int) -> Iterator[Stage]:
    """In memory where the system has a place for that."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="wh", dir=memory if memory.is_dir() else None) as top:
        stage = Stage(Path(top), rows)
        for folder in ("home", "many", "few"):
            (stage.top / folder).mkdir(mode=0o700)
        (stage.top / "few" / _ALONE).touch()
        for number in range(rows):
            (stage.top / "many" / name(number)).touch()
        yield stage


def name(number: int) -> str:
    return f"picture-{number:07}.jpeg"


def keys(stage: Stage, times: int) -> Figures:
    """Seconds from a key to what it changes, and until the many files are there."""
    figures: Figures = {}
    began = time.monotonic()
    with stage.screen() as screen:
        screen.until(_SOME)
        figures["start to first rows of many"] = [time.monotonic() - began]
        screen.until(stage.whole)
        figures["start to all rows"] = [time.monotonic() - began]
        screen.drawn_in(_QUIET)
        figures |= _moves(screen, times)
        figures |= _typed(screen, times, stage.rows)
    return figures


def _moves(screen: ScreenOnPty, times: int) -> Figures:
    page = _page(screen)
    pages = [
        _pressed(screen, _PAGE_DOWN, name(number * page - 1)) for number in range(2, times + 2)
    ]
    screen.type(_HOME)
    screen.until(name(0))
    downs = [_pressed(screen, _DOWN, name(number)) for number in range(times)]
    sides = [_ALONE, name(times - 1)]
    tabs = [_pressed(screen, _TAB, sides[number % 2]) for number in range(times // 2 * 2)]
    return {"Down": downs, "PgDn": pages, "Tab": tabs}


def _page(screen: ScreenOnPty) -> int:
    """How many rows PgDn moves by: pressed on the first row, which is that of the parent."""
    before = len(screen.all_drawn)
    screen.type(_PAGE_DOWN)
    screen.drawn_in(_QUIET)
    (number,) = set(_NAME.findall(screen.all_drawn[before:]))
    return int(number) + 1


def _typed(screen: ScreenOnPty, times: int, rows: int) -> Figures:
    """Letters that all names have in them: all rows are put in order after each."""
    letters: list[float] = []
    whole: list[float] = []
    for _ in range(max(1, times // (len(_LETTERS) - 1))):
        screen.type(b"/")
        screen.until(_PLACEHOLDER)
        for count in range(1, len(_LETTERS)):
            key = _LETTERS[count - 1].encode()
            letters.append(_pressed(screen, key, _LETTERS[:count]))
        key = _LETTERS[-1].encode()
        whole.append(_pressed(screen, key, f"{_LETTERS}”: {rows:,} of"))
        screen.type(_ESCAPE)
        screen.drawn_in(_QUIET)
    return {"letter of a filter": letters, "rows of that filter": whole}


def _pressed(screen: ScreenOnPty, key: bytes, shown: str) -> float:
    screen.drawn_in(_BETWEEN_KEYS)
    began = time.monotonic()
    screen.type(key)
    screen.until(shown)
    return time.monotonic() - began


def bytes_of_keys(stage: Stage, times: int) -> Figures:
    """Bytes drawn for a key over SSH while nothing else happens; and of memory for the rows."""
    with stage.screen("few") as screen:
        screen.until(_ALONE)
        screen.drawn_in(_QUIET)
        usual = _peak(screen)
    with stage.screen(ssh=True) as screen:
        screen.until(stage.whole)
        screen.drawn_in(_QUIET)
        page = _page(screen)
        screen.type(_HOME)
        screen.drawn_in(_QUIET)
        downs = [_drawn_for(screen, _DOWN) for _ in range(page)]
        scrolled = [_drawn_for(screen, _DOWN) for _ in range(times)]
        rows = _peak(screen) - usual
    return {
        "Down": [float(n) for n in downs],
        "Down, scrolling": [float(n) for n in scrolled],
        "memory of the rows": [float(rows)],
    }


def _peak(screen: ScreenOnPty) -> int:
    """The most memory that the program had, where the system tells it."""
    status = Path("/proc") / str(screen.process.pid) / "status"
    if not status.exists():
        return 0
    found = re.search(r"^VmHWM:\s+(\d+)", status.read_text(), re.M)
    return int(found[1]) << 10 if found else 0


def _drawn_for(screen: ScreenOnPty, key: bytes) -> int:
    screen.type(key)
    return screen.drawn_in(_DRAWN)


def bytes_at_rest(stage: Stage, seconds: int) -> Figures:
    """Bytes in each second over SSH while transfers run and nothing is pressed."""
    with stage.screen("few", ssh=True) as screen:
        screen.until(_ALONE)
        screen.drawn_in(2 * _QUIET)
        return {"at rest": [float(screen.drawn_in(1.0)) for _ in range(seconds)]}


def measure(rows: int, jobs: int, times: int) -> tuple[Figures, Figures]:
    """Seconds, and bytes."""
    with staged(rows) as stage:
        stage.start()  # what is imported is compiled, and in the disk's cache
        seconds = {"start, no queue yet": [stage.start_alone() for _ in range(max(1, times // 20))]}
        counts = bytes_of_keys(stage, max(1, times // 4))
        stage.stop_queue()
        with busy_queue(stage.home, jobs):
            seconds["start beside the queue"] = [stage.start() for _ in range(max(1, times // 20))]
            seconds |= keys(stage, times)
            counts |= bytes_at_rest(stage, max(3, times // 10))
    return seconds, counts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=200)
    options = parser.parse_args()
    seconds, counts = measure(options.rows, options.jobs, options.times)
    sys.stdout.write(f"{options.rows:,} rows, {options.jobs:,} jobs, {ACTIVE} of them active\n")
    for figures, unit, scale in ((seconds, "ms", 1000), (counts, "bytes", 1)):
        for what, values in figures.items():
            shown = f"{statistics.median(values) * scale:10.0f} {percentile(values) * scale:10.0f}"
            sys.stdout.write(f"{what:28} {len(values):4} times, median and p99 {shown} {unit}\n")


def percentile(values: list[float], share: float = 0.99) -> float:
    """The value that `share` of all do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


if __name__ == "__main__":
    main()
