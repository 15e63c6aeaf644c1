"""Faults put into the system calls of a process by strace (Linux): errors, and its death.

Calls are counted anew in each thread: the second `write` is the second of whichever thread first
comes to two.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

# What one Python call may be underneath; "?": this processor may lack it.
CALLS = {
    "open": "?open,?openat",
    "write": "?write,?pwrite64",
    "sync": "?fsync",
    "data sync": "?fdatasync",
    "close": "?close",
    "rename": "?rename,?renameat,?renameat2",
    "link": "?link,?linkat",
    "unlink": "?unlink,?unlinkat",
}


@cache
def why_not() -> str:
    """Why strace cannot be used here; "" when it can."""
    program = shutil.which("strace")
    if program is None:
        return "no strace here: install it (Linux only)"
    tried = subprocess.run(
        [program, "-o", "/dev/null", "true"], capture_output=True, text=True, check=False
    )
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()}"


def require_strace() -> None:
    if why_not():
        pytest.skip(why_not())


def failing(call: str, error: str, *, path: Path | None = None, when: str = "1+") -> list[str]:
    """What to put before a command so that `call` (of CALLS) fails with `error`.

    `path`: only calls about this file by its descriptor or whole path, or by a name in this open
    folder. `when`: which of them, as strace writes it.
    """
    names = CALLS[call]
    only = ["-P", str(path)] if path is not None else []
    inject = f"inject={names}:error={error}:when={when}"
    return [*_command(names), *only, "-e", inject, "--"]


def locking_fails(error: str) -> list[str]:
    """What to put before a command so that no file can be locked in it."""
    return [*_command("flock"), "-e", f"inject=flock:error={error}", "--"]


@contextmanager
def killing(process: int, call: str, when: int) -> Iterator[None]:
    """While the block runs, `process` dies at the `when`-th `call` of one of its threads."""
    names = CALLS[call]
    inject = f"inject={names}:signal=SIGKILL:when={when}"
    command = [*_command(names), "-e", inject, "-p", str(process)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            assert tracer.stderr is not None
            line = tracer.stderr.readline()
            assert "attached" in line, line + tracer.stderr.read()
            yield
        finally:
            tracer.terminate()
            tracer.communicate()


def _command(names: str) -> list[str]:
    return ["strace", "-f", "-o", "/dev/null", "-e", f"trace={names}"]


def run_python(prefix: Sequence[str], module: str, *arguments: str) -> str:
    """Run a module of ours behind `prefix`; returns what it printed."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*prefix, sys.executable, "-m", module, *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
