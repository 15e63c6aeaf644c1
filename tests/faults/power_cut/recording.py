"""The system calls of a process that change files, as strace records them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = "/wharfie.mark/"
"""Looking whether something below it exists does nothing, and stands in the record."""

_CALLS = (
    *("?open", "openat", "close", "?dup", "?dup2", "dup3", "fcntl", "lseek"),
    *("write", "pwrite64", "writev", "pwritev", "?truncate", "ftruncate", "fallocate"),
    *("copy_file_range", "sendfile", "fsync", "fdatasync", "?utimensat", "?utimes", "?utime"),
    *("?rename", "?renameat", "?renameat2", "?link", "linkat", "?unlink", "unlinkat", "?rmdir"),
    *("?mkdir", "mkdirat", "?symlink", "symlinkat", "?access", "faccessat", "?faccessat2"),
)
_LONGEST = 1 << 20  # bytes of a call that are recorded: more than any is given here
_SECONDS = 100
_LINE = re.compile(r"^(?P<thread>\d+) +(?P<rest>.*)$")
_BEGINNING = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)$")
_RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(?P<rest>.*)$")
_RESULT = re.compile(r"^(?P<arguments>.*)\) += (?P<result>-?\d+)")
_UNFINISHED = " <unfinished ...>"
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_TIME = re.compile(r"\{tv_sec=(\d+), tv_nsec=(\d+)\}")


@dataclass(frozen=True, slots=True)
class Call:
    """One that succeeded. `began` and `ended` are lines of the record.

    `arguments` but for strings, which stand in `strings`: there each is "$".
    """

    name: str
    arguments: tuple[str, ...]
    strings: tuple[bytes, ...]
    result: int
    began: int
    ended: int

    @property
    def times(self) -> list[int]:
        """In nanoseconds."""
        found = _TIME.findall(", ".join(self.arguments))
        return [int(seconds) * 1_000_000_000 + int(rest) for seconds, rest in found]

    @property
    def mark(self) -> str:
        """What the process said at this moment; "" when it is no mark."""
        text = self.strings[0].decode("utf-8", "replace") if self.strings else ""
        return text.removeprefix(MARK) if text.startswith(MARK) else ""

    @property
    def said(self) -> list[str]:
        """The words of its mark; one, that is empty, when it is none."""
        return self.mark.split("/")


def record(module: str, *arguments: str, log: Path) -> list[Call]:
    """Run a module of ours to its end; its calls in the order in which they took effect."""
    command = [
        *("strace", "-f", "-xx", "-s", str(_LONGEST), "-e", "signal=none", "-o", str(log)),
        *("-e", f"trace={','.join(_CALLS)}", "--", sys.executable, "-m", module, *arguments),
    ]
    done = subprocess.run(
        command,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the run to be recorded failed: {done.stdout}{done.stderr}")
    with log.open() as lines:
        return sorted(_calls(lines), key=_takes_effect)


def _takes_effect(call: Call) -> int:
    """A descriptor is free for another thread as soon as its close began."""
    return call.began if call.name == "close" else call.ended


def _calls(lines: Iterator[str]) -> Iterator[Call]:
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        match = _LINE.match(line)
        if match is None:
            continue
        thread, rest = match["thread"], match["rest"]
        began = number
        if (resumed := _RESUMED.match(rest)) is not None:
            began, before = begun.pop(thread)
            rest = before + resumed["rest"]
        elif rest.endswith(_UNFINISHED):
            begun[thread] = (number, rest.removesuffix(_UNFINISHED))
            continue
        if (call := _call(rest, began, number)) is not None:
            yield call


def _call(text: str, began: int, ended: int) -> Call | None:
    """None for what failed, and is no mark."""
    beginning = _BEGINNING.match(text)
    if beginning is None or (result := _RESULT.match(beginning["arguments"])) is None:
        return None
    strings = tuple(
        bytes.fromhex(found.replace("\\x", "")) for found in _STRING.findall(result["arguments"])
    )
    arguments = tuple(_STRING.sub("$", result["arguments"]).split(", "))
    call = Call(beginning["name"], arguments, strings, int(result["result"]), began, ended)
    return call if call.result >= 0 or call.mark else None
