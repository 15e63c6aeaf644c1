"""`wharfie` where no file can become large, and what it took of memory.

    python -m tests.faults.straight MOST WORD...

No file that this process writes may have more than MOST bytes (EFBIG), wherever it is; what WORD...
prints comes first, then a line "peak KiB".
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.faults.lister import most_memory

_SECONDS = 300


@dataclass(frozen=True)
class Ran:
    """`peak`: bytes that it held in memory at the most."""

    code: int
    out: str
    err: str
    peak: int


def run_straight(most: int, *words: str, env: Mapping[str, str], prefix: Sequence[str] = ()) -> Ran:
    """Run it in a process of its own. `prefix`: what stands before its command (strace)."""
    command = [*prefix, sys.executable, "-m", "tests.faults.straight", str(most), *words]
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    out, _, peak = done.stdout.rstrip("\n").rpartition("\npeak ")
    return Ran(done.returncode, out, done.stderr, int(peak or "0") << 10)


def _main(most: int, words: list[str]) -> int:
    import resource

    from tui.cli import main

    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    code = main(words)
    sys.stdout.write(f"\npeak {most_memory()}\n")
    return code


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1]), sys.argv[2:]))
