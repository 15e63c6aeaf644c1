"""Work on hostile bytes in a process of its own, which may die of it. Blocking: for threads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tui.viewing.rows import Run

SECONDS = 10.0
"""After which it is ended, whatever it does."""
COLOURED = 128 << 10
"""Characters of a text that are looked at for their colours."""

_HERE = Path(__file__).parent
_NAME = 200  # characters


def colours(name: str, lines: Sequence[str]) -> list[list[Run]]:
    """The looks of `lines` of a file of that name; [] where they have none."""
    text = "".join(lines).replace("\r\n", " \n")  # as long as before: lexers know "\n" only
    asked = json.dumps({"name": name[-_NAME:], "text": text}).encode()
    answer = _answer("colour_child.py", [], asked)
    try:
        runs = [Run(int(length), str(look)) for length, look in json.loads(answer or "[]")]
    except (ValueError, TypeError):
        return []
    if sum(run.length for run in runs) != len(text):
        return []
    return list(_by_line(runs, lines))


def draw(data: bytes, width: int, height: int) -> bytes | None:
    """The picture `data` in so many pixels, three bytes each; None when it cannot be drawn."""
    answer = _answer("picture_child.py", [str(width), str(height)], data)
    head, _, pixels = answer.partition(b"\n")
    drawn = head == f"{width} {height}".encode() and len(pixels) == width * height * 3
    return pixels if drawn else None


def _answer(script: str, words: list[str], asked: bytes) -> bytes:
    """What the script says; b"" when it failed or took too long."""
    command = [sys.executable, "-P", str(_HERE / script), *words]
    try:
        done = subprocess.run(
            command, input=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=SECONDS, check=False,
        )  # fmt: skip
    except (subprocess.TimeoutExpired, OSError):
        return b""
    return done.stdout if done.returncode == 0 else b""


def _by_line(runs: list[Run], lines: Sequence[str]) -> list[list[Run]]:
    found: list[list[Run]] = []
    pending = list(reversed(runs))
    for line in lines:
        here, left = [], len(line)
        while left and pending:
            run = pending.pop()
            if run.length > left:
                pending.append(Run(run.length - left, run.look))
                run = Run(left, run.look)
            here.append(run)
            left -= run.length
        found.append(here)
    return found
